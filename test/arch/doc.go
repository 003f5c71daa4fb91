// Package arch enforces the law of the house: who may import whom, no state at
// package level, short mains, and no clock in the services' root packages.
//
// The law is data, in law.go. Check and CheckFile are pure functions over
// import graphs and sources, so that fixtures prove that each line of the law
// can be broken and is then reported.
package arch
