// Package errs gives every failure of the platform a class and a stable code.
//
// The class says what kind of failure it is, and the one table in class.go maps
// it to an HTTP status and to what a message consumer does with the delivery. The code
// is the stable, machine-readable name that clients may switch on, such as
// "already-owned". An error without a class is Internal: its text never leaves
// the process.
package errs
