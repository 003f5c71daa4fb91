// Package bleve is the full-text index on disk: games.Search on bleve's storage.
//
// Bleve (its package scorch) keeps the words, the stored games and their durability:
// segments that never change, snapshots that say which of them count, merges in the
// background. The queries are this package's own, for two reasons.
//
//   - Points for a match depend on the query and the game alone. With bleve's scores,
//     which depend on all games, each new game would shift the order of pages already
//     read, and a cursor would skip games.
//   - A search over 100,000 games takes about a millisecond instead of a hundred. For each
//     segment a table in memory holds what filters, counts and ranks (table.go, about
//     80 bytes for each game); bleve only tells which documents have a word (match.go);
//     one pass over the table picks the page and counts the facets (rank.go).
//
// # Matching
//
// A word of a text matches a word of the game exactly, as a prefix, or with typos
// (words.Typos tells how many). All words must match, of which the first 16 count. A
// match earns points by how it matches and where; for each word the best counts.
// Among equals the game that sold more comes first, by magnitude, then ids decide. A
// text without a letter or digit finds nothing; an empty one finds everything.
//
// # Files
//
//	lock.bolt            locked while the index is open
//	current.json         the generation that counts, and whether a Rebuild filled it
//	generation-000001/   the index itself; a Rebuild fills another and swaps
//	broken/              the last index that had to be set aside
//
// At the start each file of the newest snapshot is compared with its checksum. An
// index that is damaged, or has another format, is set aside; an empty one takes its place, and
// NeedsRebuild asks for a Rebuild, which reads the games from the repository.
package bleve
