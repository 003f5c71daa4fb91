// Package sqlite is the journal of the bus in memory, in a SQLite file: what makes
// the bus of the one-process store survive kill -9.
//
// Everything is written through the group commit of package sqldb, so that many
// publishers and queues share one sync of the disk.
package sqlite
