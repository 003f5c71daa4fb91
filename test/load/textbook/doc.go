// Package textbook is the purchase flow as most people write it first, from the chapters
// that everybody has read: a handler with a transaction for each request, a transactional
// outbox that is polled, publisher confirms, consumers that store before they
// acknowledge. It is correct: it loses nothing, charges once, and is as durable as
// the store that it is compared with (SQLite with WAL and synchronous=FULL, persistent
// messages in quorum queues, confirms, manual acknowledgements).
//
// What makes it textbook is that it does one thing at a time:
//
//   - each request and each message has a transaction, and a sync of the disk, of its own;
//   - the relay looks into the outbox every 100 ms, takes at most 100 events, and for each
//     publishes, waits for the confirm, and marks it sent;
//   - each queue has one consumer, which handles one message after the other and
//     acknowledges each.
//
// It has what helps it and costs nothing in code: one connection per database, so that
// writers wait in line and never collide, a relay that goes on without waiting after
// a full batch, and waiting clients who are woken instead of polling. It leaves out what the store has besides: tokens, a gateway,
// validation, middleware, metrics, logs, the search index and the buyer's history.
package textbook
