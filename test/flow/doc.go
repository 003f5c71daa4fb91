// Package flow drives the whole store: one story of a purchase, and every rule of
// a purchase as a test of its own.
//
// A client of a service is the service's own interface, so that every way to
// reach the store is three of them: a Driver. A person is a context with an access
// token (auth.WithToken). What a test asks of the store therefore runs unchanged in
// process, over HTTP straight at the services, and through the gateway.
//
// A World is a store with all its parts, on the store, search and bus that its
// Options name. Its times are short, its Clock can be moved, and its Wire, the bus
// between the services, can lose, refuse and repeat what they publish. Audit holds
// what is left of a World against what must be true of it.
package flow
