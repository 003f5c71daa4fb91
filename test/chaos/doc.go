// Package chaos kills the one-process store at each of its fault points while it
// sells, starts it again on the same data, and audits what is left: nothing that was
// accepted may be lost, and nobody may be charged twice or for nothing.
//
// The store is the real program, built with the tag "faults" (see pkg/fault), and its
// clients come through HTTP. A run has one data folder and many kills. After each
// kill the store starts again, armed for the next one; its clients repeat what they got
// no answer to; when nothing moves any more, Audit compares the store's files, the
// provider's books, the search index and what the clients were told. Then the load
// begins again.
//
// CHAOS_N sets how many kills TestKill makes, CHAOS_SEED where and when they come,
// CHAOS_DIR a folder that keeps data and log.
package chaos
