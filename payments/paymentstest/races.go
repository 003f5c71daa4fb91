package paymentstest

import (
	"fmt"
	"sync"
	"testing"

	"gamestore.example/payments"
)

// workers is how many work at once in each race.
const workers = 20

func race(t *testing.T, work func(worker int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, workers)
	for n := range workers {
		wg.Go(func() { errs <- work(n) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func acceptRace(t *testing.T, s *suite) {
	race(t, func(n int) error {
		p := s.payment(n)
		p.PurchaseID = "pur-x"
		_, err := s.Repo.Accept(t.Context(), payments.Message{Consumer: "c", ID: fmt.Sprintf("m-%d", n)}, p, touch)
		return err
	})
	p, err := s.Repo.Get(t.Context(), payments.ByPurchase("pur-x"))
	if err != nil || p.Tries != workers-1 {
		t.Errorf("%d of the others found the payment, %v; want %d", p.Tries, err, workers-1)
	}
}

func updateRace(t *testing.T, s *suite) {
	s.accept(t, s.payment(1))
	race(t, func(int) error {
		for range 10 {
			if _, err := s.Repo.Change(t.Context(), payments.ByID("pay-1"), payments.Message{}, touch); err != nil {
				return err
			}
		}
		return nil
	})
	p, err := s.Repo.Get(t.Context(), payments.ByID("pay-1"))
	if err != nil || p.Tries != 10*workers || p.Version != 10*workers+1 {
		t.Errorf("tries %d, version %d, %v", p.Tries, p.Version, err)
	}
}

func claimRace(t *testing.T, s *suite) {
	const all = 100
	for n := range all {
		s.accept(t, s.payment(n))
	}
	var mu sync.Mutex
	owners := map[string]string{}
	race(t, func(worker int) error {
		me := fmt.Sprintf("lease-%d", worker)
		for {
			claimed, err := s.Repo.Claim(t.Context(), s.clock.Now(), 7, s.start(me))
			if err != nil || len(claimed) == 0 {
				return err
			}
			mu.Lock()
			for _, p := range claimed {
				if other, taken := owners[p.ID]; taken {
					t.Errorf("%s was claimed by %s and by %s", p.ID, other, me)
				}
				if p.Lease.ID != me || p.Status != payments.Charging {
					t.Errorf("%s is %s under %q, want charging under %q", p.ID, p.Status, p.Lease.ID, me)
				}
				owners[p.ID] = me
			}
			mu.Unlock()
		}
	})
	if len(owners) != all {
		t.Errorf("%d of %d payments were claimed", len(owners), all)
	}
}

// chargeRace has twenty workers drive the payments of one repository.
func chargeRace(t *testing.T, s *suite) {
	const all = 60
	provider, id := &Provider{}, IDs("id")
	fleet := make([]*payments.Worker, workers)
	var service payments.Service
	for n := range fleet {
		var err error
		service, fleet[n], err = payments.New(payments.Deps{
			Repository: s.Repo, Providers: []payments.Provider{provider}, Observer: &Observer{}, Config: payments.DefaultConfig(),
			Now: s.clock.Now, NewID: id, Random: func() float64 { return 0.5 },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := range all {
		cmd := payments.AcceptPurchase{MessageID: fmt.Sprintf("m-%d", n), PurchaseID: fmt.Sprintf("pur-%d", n), UserID: "ana", Amount: BRL(1999)}
		if err := service.AcceptPurchase(t.Context(), cmd); err != nil {
			t.Fatal(err)
		}
	}
	race(t, func(n int) error {
		for {
			if done, err := fleet[n].ProcessDue(t.Context()); err != nil || done == 0 {
				return err
			}
		}
	})
	if calls := provider.Calls(); len(calls) != all {
		t.Errorf("the provider was called %d times for %d payments", len(calls), all)
	}
	for n := range all {
		p, err := s.Repo.Get(t.Context(), payments.ByPurchase(fmt.Sprintf("pur-%d", n)))
		if err != nil || p.Status != payments.Completed || len(p.Attempts) != 1 {
			t.Errorf("%s: %s after %d attempts, %v", p.PurchaseID, p.Status, len(p.Attempts), err)
		}
	}
	if got := s.published(t); len(got) != all {
		t.Errorf("published %d events, want %d", len(got), all)
	}
}
