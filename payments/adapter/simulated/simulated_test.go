package simulated_test

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/sqldb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "a secret of the tests"

func newProvider(t *testing.T, cfg simulated.Config, ledger simulated.Ledger, now func() time.Time) *simulated.Provider {
	t.Helper()
	cfg.Secret = []byte(secret)
	p, err := simulated.NewProvider(cfg, ledger, now, paymentstest.IDs("id"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sqliteLedger(t *testing.T) simulated.Ledger {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	ledger, err := simulated.NewSQLiteLedger(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return ledger
}

func TestProvider(t *testing.T) {
	for name, ledger := range map[string]func(*testing.T) simulated.Ledger{
		"memory": func(*testing.T) simulated.Ledger { return simulated.NewMemoryLedger() },
		"sqlite": sqliteLedger,
	} {
		t.Run(name, func(t *testing.T) {
			paymentstest.RunProvider(t, func(t *testing.T) paymentstest.ProviderHarness {
				clock := paymentstest.NewClock()
				p := newProvider(t, simulated.Config{}, ledger(t), clock.Now)
				return paymentstest.ProviderHarness{
					Provider: p, Approved: simulated.Approved, Declined: simulated.Declined,
					DeclineReason: simulated.ReasonCardDeclined, Advance: clock.Advance,
					Charges: func(t *testing.T, key string) int { return entry(t, p, key).Charges },
					Held:    func(t *testing.T, key string) int64 { return entry(t, p, key).Held() },
					Webhook: func(t *testing.T, key string) (map[string]string, []byte) { return notify(t, p, key) },
				}
			})
		})
	}
}

func entry(t *testing.T, p *simulated.Provider, key string) simulated.Entry {
	t.Helper()
	entries, err := p.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Key == key {
			return e
		}
	}
	return simulated.Entry{}
}

func notify(t *testing.T, p *simulated.Provider, key string) (map[string]string, []byte) {
	t.Helper()
	headers, body, err := p.Notify(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return headers, body
}

func request(method string) payments.ChargeRequest {
	return payments.ChargeRequest{Key: "k1", Reference: "pur-1", Amount: paymentstest.BRL(1999), Method: method}
}

func TestMethodsThatDecline(t *testing.T) {
	for method, reason := range map[string]string{
		simulated.Declined:          "card_declined",
		simulated.InsufficientFunds: "insufficient_funds",
		"tok_nobody_knows":          "invalid_payment_method",
		"4242424242424242":          "invalid_payment_method",
	} {
		p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), time.Now)
		_, err := p.Charge(t.Context(), request(method))
		var declined *payments.DeclinedError
		if !errors.As(err, &declined) || declined.Reason != reason {
			t.Errorf("%s: %v", method, err)
		}
		if e := entry(t, p, "k1"); e.Charges != 0 {
			t.Errorf("%s was charged", method)
		}
	}
}

func TestNoMethodIsApproved(t *testing.T) {
	p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), time.Now)
	if c, err := p.Charge(t.Context(), request("")); err != nil || c.Status != payments.ChargeCaptured {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestTimeoutChargesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, simulated.Config{ChargeDelay: 2 * time.Second}, simulated.NewMemoryLedger(), time.Now)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Charge(ctx, request(simulated.Timeout)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("%v after %v, want no answer until the caller's timeout", err, time.Since(begin))
		}
		if _, err := p.Lookup(t.Context(), "k1"); !errors.Is(err, payments.ErrUnknownKey) {
			t.Errorf("look-up before the charge: %v", err)
		}
		if _, _, err := p.Notify(t.Context(), "k1"); !errors.Is(err, payments.ErrUnknownKey) {
			t.Errorf("webhook before the charge: %v", err)
		}
		c, err := p.Charge(t.Context(), request(simulated.Timeout))
		if err != nil || c.Status != payments.ChargeCaptured || time.Since(begin) != 2*time.Second {
			t.Errorf("the same key again: %+v, %v after %v", c, err, time.Since(begin))
		}
		if e := entry(t, p, "k1"); e.Charges != 1 || e.Held() != 1999 {
			t.Errorf("ledger: %+v", e)
		}
		if c, err := p.Lookup(t.Context(), "k1"); err != nil || c.Status != payments.ChargeCaptured {
			t.Errorf("look-up after the charge: %+v, %v", c, err)
		}
	})
}

func TestALateChargeHappensWithoutAnybodyAsking(t *testing.T) {
	for name, ledger := range map[string]simulated.Ledger{"memory": simulated.NewMemoryLedger(), "sqlite": sqliteLedger(t)} {
		clock := paymentstest.NewClock()
		p := newProvider(t, simulated.Config{ChargeDelay: 2 * time.Second}, ledger, clock.Now)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Charge(ctx, request(simulated.Timeout)); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", name, err)
		}
		if e := entry(t, p, "k1"); e.Charges != 0 {
			t.Errorf("%s: charged at once", name)
		}
		clock.Advance(2 * time.Second)
		if e := entry(t, p, "k1"); e.Charges != 1 {
			t.Errorf("%s: ledger after the delay: %+v", name, e)
		}
	}
}

func TestResetAfterCharge(t *testing.T) {
	p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), time.Now)
	if _, err := p.Charge(t.Context(), request(simulated.ResetAfterCharge)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
	if c, err := p.Charge(t.Context(), request(simulated.ResetAfterCharge)); err != nil || c.Status != payments.ChargeCaptured {
		t.Errorf("the same key again: %+v, %v", c, err)
	}
	if e := entry(t, p, "k1"); e.Charges != 1 {
		t.Errorf("charged %d times", e.Charges)
	}
}

func TestAlwaysErrorNeverCharges(t *testing.T) {
	p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), time.Now)
	for range 3 {
		_, err := p.Charge(t.Context(), request(simulated.AlwaysError))
		var declined *payments.DeclinedError
		if err == nil || errors.As(err, &declined) || errors.Is(err, payments.ErrNotCharged) {
			t.Errorf("got %v", err)
		}
		if _, err := p.Lookup(t.Context(), "k1"); !errors.Is(err, payments.ErrUnknownKey) {
			t.Errorf("look-up: %v", err)
		}
	}
	if entries, err := p.Ledger(t.Context()); err != nil || len(entries) != 0 {
		t.Errorf("ledger: %+v, %v", entries, err)
	}
}

func TestRefusedRefund(t *testing.T) {
	p := newProvider(t, simulated.Config{}, simulated.NewMemoryLedger(), time.Now)
	if _, err := p.Charge(t.Context(), request(simulated.RefundRefused)); err != nil {
		t.Fatal(err)
	}
	_, err := p.Refund(t.Context(), payments.RefundRequest{Key: "r1", ChargeKey: "k1", Amount: paymentstest.BRL(1999)})
	var declined *payments.DeclinedError
	if !errors.As(err, &declined) || declined.Reason != "refund_refused" {
		t.Errorf("got %v", err)
	}
}

func TestLatencyDoesNotChangeWhatHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, simulated.Config{Latency: 3 * time.Second}, simulated.NewMemoryLedger(), time.Now)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Charge(ctx, request("")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if e := entry(t, p, "k1"); e.Charges != 1 {
			t.Error("a caller that gave up stopped the charge")
		}
		begin := time.Now()
		if _, err := p.Lookup(t.Context(), "k1"); err != nil || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

func TestTheLedgerSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	var before []simulated.Entry
	for run := range 2 {
		db, err := sqldb.OpenSQLite(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		ledger, err := simulated.NewSQLiteLedger(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		clock := paymentstest.NewClock()
		p := newProvider(t, simulated.Config{}, ledger, clock.Now)
		if _, err := p.Charge(t.Context(), request("")); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Refund(t.Context(), payments.RefundRequest{Key: "r1", ChargeKey: "k1", Amount: paymentstest.BRL(500)}); err != nil {
			t.Fatal(err)
		}
		entries, err := p.Ledger(t.Context())
		if err != nil || len(entries) != 1 || entries[0].Charges != 1 || entries[0].Held() != 1499 {
			t.Errorf("run %d: %+v, %v", run, entries, err)
		}
		if run == 1 {
			if d := cmp.Diff(before, entries); d != "" {
				t.Error(d)
			}
		}
		before = entries
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBadConfig(t *testing.T) {
	for _, cfg := range []simulated.Config{
		{Secret: []byte("short")},
		{Secret: []byte(secret), Latency: -1},
		{Secret: []byte(secret), ChargeDelay: -1},
	} {
		if _, err := simulated.NewProvider(cfg, simulated.NewMemoryLedger(), time.Now, paymentstest.IDs("id")); err == nil {
			t.Errorf("%+v is fine", cfg)
		}
	}
}
