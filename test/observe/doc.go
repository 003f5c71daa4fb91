// Package observe tests what the store tells of itself as a whole: that one purchase is
// one trace, through every process and every bus, and that no secret is in it.
package observe
