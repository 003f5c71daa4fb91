package payments_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/paymentstest"
)

// TestStorm delivers shuffled and repeated messages, webhooks and lost answers, and
// audits the provider's books afterwards.
func TestStorm(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { storm(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func storm(t *testing.T, random *rand.Rand) {
	cfg := testConfig()
	cfg.ReviewTries, cfg.ReviewAfter = 1000, 0
	f := newFixtureWith(t, cfg, nil)
	const purchases = 6
	behaviours := []paymentstest.Behaviour{
		paymentstest.Approve, paymentstest.Approve, paymentstest.Decline, paymentstest.NotReached,
		paymentstest.LoseAnswer, paymentstest.Fail, paymentstest.Later,
	}
	refunds := []paymentstest.Behaviour{paymentstest.Approve, paymentstest.LoseAnswer, paymentstest.Fail, paymentstest.NotReached}
	for range 30 {
		f.provider.On(payments.KindCharge, behaviours[random.IntN(len(behaviours))])
		f.provider.On(payments.KindRefund, refunds[random.IntN(len(refunds))])
		f.provider.On(payments.KindLookup, []paymentstest.Behaviour{paymentstest.Approve, paymentstest.Fail}[random.IntN(2)])
	}
	deliveries := stormOf(f, random, purchases)
	for len(deliveries) > 0 {
		next := deliveries[0]
		deliveries = deliveries[1:]
		if err := next(); err != nil { // as the retry ladder does
			at := random.IntN(len(deliveries) + 1)
			deliveries = slices.Insert(deliveries, at, next)
		}
		switch random.IntN(4) {
		case 0:
			f.step()
		case 1:
			f.after(time.Duration(random.IntN(60)) * time.Second)
		}
	}
	for range 60 {
		for key := range f.provider.Books() {
			f.provider.Release(key)
		}
		f.after(5 * time.Minute)
	}
	f.published()
	for n := range purchases {
		audit(f, fmt.Sprintf("pur-%d", n), n%3 == 1)
	}
}

// stormOf returns the shuffled deliveries of purchases: of every third only the
// purchase, of the next also its cancellation, of the next also a refund that is
// wanted once it is completed. Each is repeated under its id and under another.
func stormOf(f *fixture, random *rand.Rand, purchases int) []func() error {
	ctx := f.t.Context()
	var all []func() error
	for n := range purchases {
		purchase := fmt.Sprintf("pur-%d", n)
		for _, id := range []string{"a", "a", "b", "c"} {
			accept := purchased(purchase+"-accept-"+id, purchase)
			all = append(all, func() error { return f.AcceptPurchase(ctx, accept) })
			if n%3 == 1 {
				cancel := payments.CancelPurchase{MessageID: purchase + "-cancel-" + id, PurchaseID: purchase}
				all = append(all, func() error { return f.CancelPurchase(ctx, cancel) })
			}
		}
		if n%3 == 2 {
			refund := payments.RequestRefund{MessageID: purchase + "-refund", PurchaseID: purchase, Amount: paymentstest.BRL(1999)}
			request := func() error {
				p, err := f.repo.Get(ctx, payments.ByPurchase(purchase))
				if err == nil && p.Status.Paid() { // the games service asks only for what is completed
					return f.RequestRefund(ctx, refund)
				}
				return nil
			}
			all = append(all, request, request, request)
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// audit is the oracle: at most one charge, completed if and only if it is charged
// and not given back, failed only if it was not charged, cancelled never holds money.
func audit(f *fixture, purchase string, cancelled bool) {
	f.t.Helper()
	p := f.get(purchase)
	charges, held := 0, int64(0)
	for _, b := range f.provider.Books() {
		if b.Reference == purchase {
			charges += b.Charges
			held += b.Held()
		}
	}
	said := map[string]bool{}
	for _, e := range f.events {
		if words := strings.Fields(e); words[0] == purchase {
			said[words[1]] = true
		}
	}
	switch {
	case charges > 1:
		f.t.Errorf("%s was charged %d times", purchase, charges)
	case cancelled && (held != 0 || p.Status == payments.Completed):
		f.t.Errorf("%s was cancelled, is %s and the provider holds %d", purchase, p.Status, held)
	case p.Status == payments.Completed && held != 1999, p.Status != payments.Completed && held != 0:
		f.t.Errorf("%s is %s and the provider holds %d", purchase, p.Status, held)
	case p.Status == payments.Failed && charges != 0:
		f.t.Errorf("%s failed and was charged", purchase)
	case said["payment.completed"] && said["payment.failed"]:
		f.t.Errorf("%s: both ends were published", purchase)
	}
	switch p.Status {
	case payments.Completed, payments.Failed, payments.Refunded:
		if end := "payment." + string(p.Status); !said[end] {
			f.t.Errorf("%s: %s was never published", purchase, end)
		}
	case payments.Unknown:
		if !p.CancelRequested || charges != 0 {
			f.t.Errorf("%s is still unknown: %s", purchase, f.attempts(purchase))
		}
	default:
		f.t.Errorf("%s is still %s: %s", purchase, p.Status, f.attempts(purchase))
	}
}
