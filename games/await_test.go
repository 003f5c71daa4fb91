package games_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

// await waits in the background.
func (s *store) await(ctx context.Context, p games.Purchase, wait time.Duration) <-chan games.Purchase {
	done := make(chan games.Purchase, 1)
	go func() {
		got, err := s.AwaitPurchase(ctx, games.AwaitPurchase{UserID: p.UserID, PurchaseID: p.ID, Status: p.Status, Wait: wait})
		if err != nil {
			close(done)
			return
		}
		done <- got
	}()
	return done
}

func TestAwaitWakesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, games.Config{})
		p := s.buy("u", s.add("Chess", 1999).ID)
		waiters := []<-chan games.Purchase{s.await(t.Context(), p, time.Minute/2), s.await(t.Context(), p, time.Minute/2)}
		synctest.Wait()
		began := time.Now()
		s.hear(s.PaymentCompleted, paid(p), games.Applied)
		for _, w := range waiters {
			s.equal("status", games.StatusCompleted, (<-w).Status)
		}
		s.equal("waited", time.Duration(0), time.Since(began))
	})
}

func TestAwaitReturnsWhatIsNewAlready(t *testing.T) {
	s := open(t, games.Config{})
	p := s.buy("u", s.add("Chess", 1999).ID)
	s.hear(s.PaymentFailed, declined(p), games.Applied)
	s.equal("status", games.StatusFailed, (<-s.await(t.Context(), p, 0)).Status)
}

func TestAwaitEndsAtItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, games.Config{})
		p := s.buy("u", s.add("Chess", 1999).ID)
		began := time.Now()
		s.equal("the purchase as it is", p, <-s.await(t.Context(), p, 10*time.Second))
		s.equal("waited", 10*time.Second, time.Since(began))
	})
}

func TestAwaitSeesWhatAnotherProcessDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, games.Config{Recheck: time.Second})
		p := s.buy("u", s.add("Chess", 1999).ID)
		waiter := s.await(t.Context(), p, 10*time.Second)
		synctest.Wait()
		began := time.Now()
		_, err := s.repo.UpdatePurchase(t.Context(), p.ID, games.Cause{}, games.IdempotencyKey{}, func(p games.Purchase) (games.Change, error) {
			return p.Cancel(start)
		})
		s.ok(err)
		s.equal("status", games.StatusCancelled, (<-waiter).Status)
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, games.Config{})
		p := s.buy("u", s.add("Chess", 1999).ID)
		ctx, cancel := context.WithCancel(t.Context())
		waiter := s.await(ctx, p, 10*time.Second)
		synctest.Wait()
		cancel()
		if _, ok := <-waiter; ok {
			t.Error("no error")
		}
	})
}

func TestAwaitBoundsTheWait(t *testing.T) {
	s := open(t, games.Config{})
	for _, wait := range []time.Duration{-1, games.MaxWait + 1} {
		_, err := s.AwaitPurchase(t.Context(), games.AwaitPurchase{Wait: wait})
		s.equal("class", errs.Invalid, errs.ClassOf(err))
	}
}
