// Package games is the heart of the games service: the catalogue, purchases,
// what a person owns, and what to recommend.
//
// It is pure: time, ids, storage, search and measuring come through the ports
// of ports.go and search.go, and nothing here knows about HTTP, SQL or a bus.
//
//   - Shop implements Service, what clients ask for, and Reactions, what the
//     service does about what happened elsewhere (payments, deleted accounts,
//     changed games).
//   - Repository keeps games and purchases. A change of a purchase, the counter
//     of its game, the memory of the message or of the Idempotency-Key that
//     caused it, and the events it causes are one transaction.
//   - Search is the full-text index. It follows the events and is never part of
//     that transaction.
//   - Meter hears what became of purchases.
//
// # States of a purchase
//
//	            Complete              RequestRefund            Refunded
//	pending ───────────────▶ completed ──────────▶ refunding ───────────▶ refunded
//	   │                         ▲                     │
//	   │ Fail                    └─────────────────────┘
//	   ├──────────▶ failed            RefundFailed
//	   │ Cancel
//	   └──────────▶ cancelled
//
// A purchase starts pending. A free game's starts completed, and its refund
// needs no payment, so it goes from completed to refunded at once.
//
// A pending, completed or refunding purchase is active, and a person has at most
// one active purchase of a game. Repeating a terminal event changes nothing; a
// contradicting one changes nothing and is counted and logged. Nothing fails
// because time passes: the sweeper asks the payments service again.
//
// A payment that completes after a cancel leaves the purchase cancelled and
// announces the cancellation again, so that the money goes back.
package games
