// Package userstest has the contract suites of the ports of the users service, which
// every adapter runs, and cheap stand-ins for tests of what lies above the ports.
package userstest
