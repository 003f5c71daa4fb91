// Package paymentstest has the contract suites of the ports of the payments service,
// which every adapter runs, and stand-ins for tests of what lies above the ports.
package paymentstest
