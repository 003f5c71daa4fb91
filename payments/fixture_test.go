package payments_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/memory"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a payments service on a memory store, with a provider that follows a
// script and a clock that stands still.
type fixture struct {
	payments.Service
	t        *testing.T
	worker   *payments.Worker
	repo     payments.Repository
	provider *paymentstest.Provider
	observer *paymentstest.Observer
	clock    *paymentstest.Clock
	outbox   *outboxmemory.Store
	events   []string
	messages int
}

// testConfig has schedules that are easy to reckon with: no jitter, powers of two.
func testConfig() payments.Config {
	c := payments.DefaultConfig()
	c.ReviewTries = 4
	c.ReviewAfter = 5 * time.Second
	c.Concurrency = 8
	return c
}

func newFixture(t *testing.T) *fixture { return newFixtureWith(t, testConfig(), nil) }

// newFixtureWith makes a fixture whose repository goes through wrap.
func newFixtureWith(t *testing.T, cfg payments.Config, wrap func(payments.Repository) payments.Repository) *fixture {
	t.Helper()
	f := &fixture{
		t: t, provider: &paymentstest.Provider{}, observer: &paymentstest.Observer{}, clock: paymentstest.NewClock(),
	}
	f.outbox = outboxmemory.NewStore(f.clock.Now)
	f.repo = memory.NewRepository(paymentstest.NewEncoder(), f.outbox, outbox.NewSignal())
	if wrap != nil {
		f.repo = wrap(f.repo)
	}
	var err error
	f.Service, f.worker, err = payments.New(payments.Deps{
		Repository: f.repo, Providers: []payments.Provider{f.provider}, Observer: f.observer, Config: cfg,
		Now: f.clock.Now, NewID: paymentstest.IDs("id"), Random: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const buyer = "ana"

func (f *fixture) message() string {
	f.messages++
	return fmt.Sprintf("message-%d", f.messages)
}

func purchased(message, purchase string) payments.AcceptPurchase {
	return payments.AcceptPurchase{
		MessageID: message, PurchaseID: purchase, UserID: buyer, Amount: paymentstest.BRL(1999),
		Origin: payments.Origin{CorrelationID: "request-1", CausationID: message},
	}
}

func (f *fixture) accept(purchase string) {
	f.t.Helper()
	f.must(f.AcceptPurchase(f.t.Context(), purchased(f.message(), purchase)))
}

func (f *fixture) cancel(purchase string) {
	f.t.Helper()
	f.must(f.CancelPurchase(f.t.Context(), payments.CancelPurchase{MessageID: f.message(), PurchaseID: purchase}))
}

func (f *fixture) requestRefund(purchase string) {
	f.t.Helper()
	f.must(f.RequestRefund(f.t.Context(), payments.RequestRefund{MessageID: f.message(), PurchaseID: purchase, Amount: paymentstest.BRL(1999)}))
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// step drives what is due now, once, and returns how many.
func (f *fixture) step() int {
	f.t.Helper()
	n, err := f.worker.ProcessDue(f.t.Context())
	f.must(err)
	return n
}

// after lets time pass and drives what is due then.
func (f *fixture) after(d time.Duration) {
	f.t.Helper()
	f.clock.Advance(d)
	f.step()
}

func (f *fixture) get(purchase string) payments.Payment {
	f.t.Helper()
	p, err := f.repo.Get(f.t.Context(), payments.ByPurchase(purchase))
	f.must(err)
	return p
}

// webhook posts what the provider tells about a purchase's payment.
func (f *fixture) webhook(event string, kind payments.WebhookKind, purchase string) error {
	body := fmt.Sprintf("%s %s %s %s", event, kind, f.get(purchase).ID, f.get(purchase).RefundKey())
	return f.HandleWebhook(f.t.Context(), payments.HandleWebhook{
		Provider: "scripted", Headers: map[string]string{"signature": "good"}, Body: []byte(body),
	})
}

// wantStatus checks where a payment is.
func (f *fixture) wantStatus(purchase string, want payments.Status, reason string) {
	f.t.Helper()
	if p := f.get(purchase); p.Status != want || p.Reason != reason {
		f.t.Errorf("%s is %s %q, want %s %q", purchase, p.Status, p.Reason, want, reason)
	}
}

// wantEvents checks what was published since it was asked last.
func (f *fixture) wantEvents(want ...string) {
	f.t.Helper()
	got := f.published()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		f.t.Errorf("published %q, want %q", got, want)
	}
}

func (f *fixture) published() []string {
	f.t.Helper()
	records, err := f.outbox.Claim(f.t.Context(), "test", 10_000, time.Hour)
	f.must(err)
	var bodies []string
	for _, r := range records {
		bodies = append(bodies, strings.TrimSpace(string(r.Message.Body)))
	}
	f.events = append(f.events, bodies...)
	return bodies
}

// wantMoney checks what the provider holds for a purchase, and that it never
// charged twice.
func (f *fixture) wantMoney(purchase string, held int64) {
	f.t.Helper()
	var sum int64
	charges := 0
	for _, b := range f.provider.Books() {
		if b.Reference == purchase {
			sum += b.Held()
			charges += b.Charges
		}
	}
	if sum != held || charges > 1 {
		f.t.Errorf("the provider charged %s %d times and holds %d, want %d", purchase, charges, sum, held)
	}
}

// attempts says what a payment's attempts were and how they ended.
func (f *fixture) attempts(purchase string) string {
	f.t.Helper()
	var list []string
	for _, a := range f.get(purchase).Attempts {
		list = append(list, fmt.Sprintf("%d %s %s %s", a.Number, a.Kind, a.Outcome, a.Reason))
	}
	return strings.Join(list, "; ")
}

func (f *fixture) wantAttempts(purchase, want string) {
	f.t.Helper()
	if got := f.attempts(purchase); got != want {
		f.t.Errorf("attempts %q\n    want %q", got, want)
	}
}

func wantError(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got error %v, want %v", err, target)
	}
}

// flaky is a repository whose Change fails as often as it is told to.
type flaky struct {
	payments.Repository
	fail func() error
}

func (r *flaky) Change(ctx context.Context, s payments.Selector, m payments.Message, fn payments.Changer) (payments.Payment, error) {
	if err := r.fail(); err != nil {
		return payments.Payment{}, err
	}
	return r.Repository.Change(ctx, s, m, fn)
}
