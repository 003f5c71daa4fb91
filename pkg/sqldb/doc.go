// Package sqldb opens the SQL databases of the services.
//
// A SQLite file has one writer: a goroutine that owns the one write connection, takes
// the changes of all callers that wait, runs each in a savepoint, and commits them
// together. A caller gets its answer after that one commit, so that sixty-four
// clients share one sync of the disk. Reads go through a pool of their own and
// see what is committed.
package sqldb
