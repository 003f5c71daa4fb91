// Package payments is the heart of the payments service: it takes the money of a
// purchase exactly once, finds out what happened when the provider does not say,
// and gives the money back.
//
// It is pure: time, ids, storage, the payment provider and measuring come
// through the ports of ports.go, and nothing here knows about HTTP, SQL or a bus.
//
//   - Service is what clients and other services ask for.
//   - Worker takes payments that are due, with a lease, and takes each one step:
//     charge, look up, refund.
//   - Repository keeps payments. A change, the memory of the message that caused it
//     and the events it causes are one transaction.
//   - Provider is a payment provider; Observer hears what became of payments.
//
// # States of a payment
//
//	              charge             Captured              RequestRefund,        Refunded
//	                                                       paid after cancel
//	┌─▶ pending ─────────▶ charging ────────────▶ completed ─────────▶ refunding ─────────▶ refunded
//	│      │               │  │  │                ▲   ▲  ▲               │
//	│      │ Cancel        │  │  │ Declined       │   │  └───────────────┘
//	│      ▼               │  │  ▼                │   │    RefundRefused
//	│    failed            │  │ failed            │   │
//	│                      │  │                   │   │
//	└──────────────────────┘  │ no answer, crash  │   │
//	   NotCharged             ▼                   │   │
//	                       unknown ───────────────┘   │
//	                       │  │  Captured             │
//	              Declined │  │ Review                │ Captured
//	                       ▼  ▼                       │
//	                  failed  manual_review ──────────┘
//	                          └─▶ failed, by Declined
//
// # What makes a charge happen once
//
// The key of every charge is the payment's id, and a purchase has one payment. A
// charge is stored as begun before the provider is called. When its end is not
// known (no answer, an answer that is none, a crash, a lost lease) the payment is
// unknown: the provider is asked about the key first, and only if it has never
// seen it, and still honours keys of that age (KeyWindow), is the same key charged
// again. Nobody's payment fails because time passes; what cannot be settled is
// put before a person (manual_review) and still looked up, less and less often.
//
// A payment that was cancelled while its charge was under way is never charged
// again. It is looked up; money that was taken goes back by itself.
//
// Only evidence from the provider decides: the answer to a call, a look-up or a
// signed webhook. Evidence may come late, twice and in any order. What repeats
// the known end changes nothing, and what contradicts it changes nothing, is
// counted, and is logged for a person to look at.
package payments
