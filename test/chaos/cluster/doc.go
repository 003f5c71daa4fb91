// Package cluster breaks the store as it is deployed: users, games, payments and the
// gateway as processes around RabbitMQ, which they reach through a proxy that can cut,
// delay and swallow. Each fault comes while a crowd shops. Then everything has to heal
// by itself, and the oracle audits the files of all services, the provider's books, the
// broker's queues, the search index and what the clients were told.
//
// A run has one store that lives through all of its faults. Its plan follows from a seed.
package cluster
