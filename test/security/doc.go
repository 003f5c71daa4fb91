// Package security holds the store to what docs/security.md promises. Each promise has a
// number, and a test named after it that attacks a whole store as an outsider would:
// at its gateway, straight at a service, and over the broker.
package security
