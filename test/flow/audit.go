package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/pkg/auth"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
)

// Planted is what a test left in a World on purpose.
type Planted struct {
	// Dead are the message ids of dead letters.
	Dead []string
	// Open are purchases that cannot end.
	Open []string
}

// Audit holds a World against what must be true of it once nothing moves any more:
//
//   - the provider charged each purchase at most once, and nothing else;
//   - completed means charged and not given back; failed means not charged;
//     cancelled and refunded mean that nothing is kept;
//   - the payments service knows the same;
//   - every purchase has ended and its end was published;
//   - each game counts its completed purchases, and the index knows that count;
//   - outboxes, queues and dead letters are empty;
//   - no password is in the log.
//
// It waits for that, and fails the test with what is still wrong after Patience.
func Audit(t testing.TB, w *World, planted ...Planted) {
	t.Helper()
	var left Planted
	for _, p := range planted {
		left.Dead, left.Open = append(left.Dead, p.Dead...), append(left.Open, p.Open...)
	}
	var wrong []string
	clean := 0
	if !until(t, auditEvery, func() bool {
		a := &audit{w: w, ctx: t.Context(), left: left}
		if wrong = a.run(); len(wrong) > 0 {
			clean = 0
			return false
		}
		clean++
		return clean == 2 // the first look may have been between two steps
	}) {
		t.Errorf("the audit found:\n  %s", strings.Join(wrong, "\n  "))
	}
}

// auditEvery is how often an audit looks, which is more work than a poll.
const auditEvery = 10 * time.Millisecond

// audit is one look at a World.
type audit struct {
	w     *World
	ctx   context.Context
	left  Planted
	wrong []string
	// counted is how many people have each game.
	counted map[string]int64
}

func (a *audit) complain(format string, args ...any) {
	a.wrong = append(a.wrong, fmt.Sprintf(format, args...))
}

func (a *audit) run() []string {
	a.counted = map[string]int64{}
	if a.queues(); len(a.wrong) > 0 {
		return a.wrong // the rest still moves
	}
	entries, err := a.w.Provider().Ledger(a.ctx)
	if err != nil {
		return []string{"the ledger cannot be read: " + err.Error()}
	}
	known := a.accepted()
	for _, p := range known {
		a.purchase(p, slices.DeleteFunc(slices.Clone(entries), func(e simulated.Entry) bool { return e.Reference != p.PurchaseID }))
	}
	for _, e := range entries {
		if !slices.ContainsFunc(known, func(p contractgames.GamePurchased) bool { return p.PurchaseID == e.Reference }) {
			a.complain("the provider has a charge for %s, which nobody accepted", e.Reference)
		}
	}
	a.games(known)
	a.outboxes()
	if log := a.w.log.String(); strings.Contains(log, password) || strings.Contains(log, AdminPassword) {
		a.complain("a password is in the log")
	}
	return a.wrong
}

// accepted returns what the games service said of each purchase that it accepted.
func (a *audit) accepted() []contractgames.GamePurchased {
	var known []contractgames.GamePurchased
	seen := map[string]bool{}
	for _, m := range a.w.Wire.Sent(contractgames.KeyGamePurchased) {
		var p contractgames.GamePurchased
		e, err := event.Unmarshal(m.Body)
		if err = errors.Join(err, json.Unmarshal(e.Data, &p)); err != nil {
			a.complain("a published event cannot be read: %v", err)
			continue
		}
		if !seen[p.PurchaseID] {
			seen[p.PurchaseID] = true
			known = append(known, p)
		}
	}
	return known
}

// as is a context of whoever the user is. Only the oracle may do that.
func (a *audit) as(userID string, roles ...string) context.Context {
	token, _, err := a.w.issuer.Issue(a.ctx, userID, append(roles, auth.RoleUser))
	if err != nil {
		a.complain("a token for %s: %v", userID, err)
	}
	return auth.WithToken(a.ctx, token)
}

// find returns the purchase, also when its person was forgotten.
func (a *audit) find(accepted contractgames.GamePurchased) (games.Purchase, error) {
	q := games.GetPurchase{PurchaseID: accepted.PurchaseID}
	p, err := a.w.games.Service().GetPurchase(a.as(accepted.UserID), q)
	if errors.Is(err, games.ErrPurchaseNotFound) {
		p, err = a.w.games.Service().GetPurchase(a.as(games.ForgottenUser(accepted.PurchaseID)), q)
	}
	return p, err
}

func (a *audit) purchase(accepted contractgames.GamePurchased, entries []simulated.Entry) {
	p, err := a.find(accepted)
	if err != nil {
		a.complain("purchase %s was announced and is not there: %v", accepted.PurchaseID, err)
		return
	}
	if p.Status.Owned() {
		a.counted[p.GameID]++
	}
	if p.Price != money.Money(accepted.Price) {
		a.complain("purchase %s costs %s and was announced at %d", p.ID, p.Price, accepted.Price.Amount)
	}
	charges, held := 0, int64(0)
	for _, e := range entries {
		charges += e.Charges
		held += e.Held()
		if e.Amount != p.Price {
			a.complain("purchase %s of %s is charged as %s", p.ID, p.Price, e.Amount)
		}
	}
	if charges > 1 {
		a.complain("purchase %s was charged %d times", p.ID, charges)
	}
	if slices.Contains(a.left.Open, p.ID) {
		return
	}
	a.money(p, charges, held)
	a.payment(p)
	a.announced(p)
}

// money compares a purchase with the provider's books.
func (a *audit) money(p games.Purchase, charges int, held int64) {
	wantHeld, wantCharges := int64(0), []int{0, 1}
	switch p.Status {
	case games.StatusCompleted:
		wantHeld = p.Price.Amount
	case games.StatusFailed:
		wantCharges = []int{0}
	case games.StatusRefunded:
		wantCharges = []int{1}
	case games.StatusCancelled:
	case games.StatusPending, games.StatusRefunding:
		a.complain("purchase %s is still %s", p.ID, p.Status)
		return
	}
	if p.Price.IsZero() {
		wantCharges = []int{0}
	}
	if held != wantHeld || !slices.Contains(wantCharges, charges) {
		a.complain("purchase %s is %s: the provider charged it %d times and holds %d, want %d", p.ID, p.Status, charges, held, wantHeld)
	}
}

// payment compares a purchase with what the payments service knows.
func (a *audit) payment(p games.Purchase) {
	want := map[games.Status][]payments.Status{
		games.StatusCompleted: {payments.Completed}, games.StatusFailed: {payments.Failed},
		games.StatusRefunded: {payments.Refunded}, games.StatusCancelled: {payments.Failed, payments.Refunded},
	}[p.Status]
	payment, err := a.w.payments.Service().FindPayment(a.as("oracle", auth.RoleAdmin), payments.FindPayment{PurchaseID: p.ID})
	switch {
	case p.Price.IsZero() && !errors.Is(err, payments.ErrPaymentNotFound):
		a.complain("purchase %s is free and has a payment: %+v, %v", p.ID, payment, err)
	case p.Price.IsZero():
	case err != nil:
		a.complain("purchase %s has no payment: %v", p.ID, err)
	case !slices.Contains(want, payment.Status):
		a.complain("purchase %s is %s, its payment %s", p.ID, p.Status, payment.Status)
	}
}

// announced wants the end of a purchase published.
func (a *audit) announced(p games.Purchase) {
	key := map[games.Status]string{
		games.StatusCompleted: contractgames.KeyPurchaseCompleted, games.StatusFailed: contractgames.KeyPurchaseFailed,
		games.StatusRefunded: contractgames.KeyPurchaseRefunded, games.StatusCancelled: contractgames.KeyPurchaseCancelled,
	}[p.Status]
	if len(a.w.Wire.About(key, p.ID)) == 0 {
		a.complain("purchase %s is %s and nobody was told by %s", p.ID, p.Status, key)
	}
}
