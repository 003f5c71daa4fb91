// Package oracle says what must not be in a store: Audit compares its files, the
// provider's books, what can be found and what clients were told. It is pure, and knows
// nothing of how the store was run or what happened to it.
package oracle

import "fmt"

// Finding is one thing that must not be.
type Finding struct {
	// Check is the broken promise.
	Check string
	// What says who breaks it, and how.
	What string
}

// String returns the finding in one line.
func (f Finding) String() string { return f.Check + ": " + f.What }

// The promises that hold at any moment.
const (
	CheckChargedOnce  = "a purchase is charged at most once"
	CheckChargedKnown = "a charge belongs to a purchase"
	CheckMoney        = "the provider holds the price of what is completed, and nothing else"
	CheckMethod       = "the payment method decides the end"
	CheckPayment      = "payments and purchases agree"
	CheckCounter      = "a game's counter is its completed purchases"
	CheckActive       = "one active purchase per person and game"
	CheckDead         = "there are no dead letters but the planted ones, each once"
	CheckAccepted     = "an accepted purchase exists"
	CheckBack         = "a purchase never goes back"
	CheckReplay       = "an Idempotency-Key has one answer"
	CheckAccount      = "an accepted account exists"
	CheckCatalogue    = "an accepted edit of the catalogue exists"
)

// The promises of a store at rest.
const (
	CheckPending   = "nothing is pending"
	CheckUnsent    = "every event is sent"
	CheckJournal   = "the bus is empty"
	CheckIndex     = "the search index is the catalogue"
	CheckHistory   = "an account's history tells each purchase's end once"
	CheckForgotten = "a deleted account owns no purchases"
	CheckPlanted   = "what nobody can handle is a dead letter with its reason"
)

// maxOfCheck is how many findings of one kind are worth reading.
const maxOfCheck = 10

type check struct {
	name string
	// atRest says that the promise is only of a store at rest.
	atRest bool
	// find calls report for each violation.
	find func(s Snapshot, report reporter)
}

type reporter func(format string, args ...any)

func checks() []check {
	return []check{
		{name: CheckChargedOnce, find: chargedOnce},
		{name: CheckChargedKnown, find: chargedKnown},
		{name: CheckMoney, find: moneyAgrees},
		{name: CheckMethod, find: methodDecides},
		{name: CheckPayment, find: paymentsAgree},
		{name: CheckCounter, find: countersAgree},
		{name: CheckActive, find: oneActive},
		{name: CheckDead, find: noDeadLetters},
		{name: CheckAccepted, find: acceptedExists},
		{name: CheckBack, find: neverBack},
		{name: CheckReplay, find: oneAnswer},
		{name: CheckAccount, find: accountExists},
		{name: CheckCatalogue, find: editExists},

		{name: CheckPending, atRest: true, find: nothingPending},
		{name: CheckUnsent, atRest: true, find: everythingSent},
		{name: CheckJournal, atRest: true, find: busEmpty},
		{name: CheckIndex, atRest: true, find: indexAgrees},
		{name: CheckHistory, atRest: true, find: historyTells},
		{name: CheckForgotten, atRest: true, find: forgotten},
		{name: CheckPlanted, atRest: true, find: plantedIsDead},
	}
}

// Audit returns everything that must not be in a snapshot, at most a few findings
// of each kind. It is pure.
func Audit(s Snapshot) []Finding {
	var findings []Finding
	for _, c := range checks() {
		if c.atRest && !s.AtRest {
			continue
		}
		n := 0
		c.find(s, func(format string, args ...any) {
			if n++; n <= maxOfCheck {
				findings = append(findings, Finding{Check: c.name, What: fmt.Sprintf(format, args...)})
			}
		})
		if n > maxOfCheck {
			findings = append(findings, Finding{Check: c.name, What: fmt.Sprintf("and %d more", n-maxOfCheck)})
		}
	}
	return findings
}

// by indexes a list.
func by[T any](list []T, key func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, one := range list {
		m[key(one)] = one
	}
	return m
}

func (s Snapshot) purchasesByID() map[string]Purchase {
	return by(s.Purchases, func(p Purchase) string { return p.ID })
}

func (s Snapshot) accountsByID() map[string]Account {
	return by(s.Accounts, func(a Account) string { return a.ID })
}

// Promises returns the name of every check of Audit.
func Promises() []string {
	var names []string
	for _, c := range checks() {
		names = append(names, c.name)
	}
	return names
}
