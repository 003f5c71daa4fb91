// Package cluster breaks the store as it is deployed: users, games, payments and the
// gateway as processes around RabbitMQ, which they reach through a proxy that can cut,
// delay and swallow. Each fault comes while a crowd shops. Then everything has to heal
// by itself, and the oracle audits the files of all services, the provider's books, the
// broker's queues, the search index and what the clients were told.
//
// A run has one store in each of its lanes, which lives through all of its faults. The
// plan follows from a seed. CHAOS_N sets how many faults TestFaults makes, CHAOS_SEED which
// and when, CHAOS_LANES how many stores there are, CHAOS_ONLY which kinds; CHAOS_MINUTES
// how long TestEndure lasts, CHAOS_BACKLOG how many purchases wait in TestBacklog; CHAOS_DIR
// is a folder that keeps data and logs.
package cluster
