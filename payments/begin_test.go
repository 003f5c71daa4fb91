package payments_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/payments"
)

// counting counts the claims of payments, and fails the storing of new ones when told.
type counting struct {
	payments.Repository
	claims atomic.Int64
	broken atomic.Bool
}

func (c *counting) Claim(
	ctx context.Context, now time.Time, limit int, start func(payments.Payment) (payments.Payment, error),
) ([]payments.Payment, error) {
	c.claims.Add(1)
	return c.Repository.Claim(ctx, now, limit, start)
}

func (c *counting) Accept(
	ctx context.Context, m payments.Message, p payments.Payment, known payments.Changer,
) (payments.Payment, error) {
	if c.broken.Load() {
		return payments.Payment{}, errors.New("disk full")
	}
	return c.Repository.Accept(ctx, m, p, known)
}

func begun(t *testing.T) (*fixture, *counting) {
	c := &counting{}
	cfg := testConfig()
	cfg.Poll = time.Hour
	return newFixtureWith(t, cfg, func(r payments.Repository) payments.Repository {
		c.Repository = r
		return c
	}), c
}

func TestAPaymentIsStoredAsClaimedWhereAWorkerIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := begun(t)
		stop := running(f)
		synctest.Wait()
		claims := c.claims.Load()
		for n := range 50 {
			f.accept(fmt.Sprintf("pur-%d", n))
			synctest.Wait()
			f.wantStatus(fmt.Sprintf("pur-%d", n), payments.Completed, "")
		}
		if n := c.claims.Load(); n != claims {
			t.Errorf("%d claims for payments that were stored as claimed", n-claims)
		}
		stop()
	})
}

// Slots are given back whatever becomes of a payment that was to be begun.
func TestAPaymentThatIsNotStoredIsNotCharged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := begun(t)
		stop := running(f)
		f.accept("pur-1")
		synctest.Wait()
		c.broken.Store(true)
		for range 20 { // more than there are slots
			if err := f.AcceptPurchase(t.Context(), purchased(f.message(), "pur-2")); err == nil {
				t.Fatal("a store that failed accepted a payment")
			}
		}
		c.broken.Store(false)
		for range 20 {
			f.must(f.AcceptPurchase(t.Context(), purchased("message-1", "pur-1"))) // known, and seen
			f.must(f.AcceptPurchase(t.Context(), purchased(f.message(), "pur-1"))) // known
		}
		synctest.Wait()
		if n := len(f.provider.Calls()); n != 1 {
			t.Errorf("%d calls, want the charge of the first", n)
		}
		claims := c.claims.Load()
		f.accept("pur-2")
		synctest.Wait()
		f.wantStatus("pur-2", payments.Completed, "")
		if c.claims.Load() != claims {
			t.Error("slots are lost")
		}
		stop()
	})
}

func TestWithoutAWorkerAPaymentWaits(t *testing.T) {
	f, _ := begun(t)
	f.accept("pur-1")
	f.wantStatus("pur-1", payments.Pending, "")
	f.step()
	f.wantStatus("pur-1", payments.Completed, "")
}
