package processes_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/sqldb"
)

const (
	declined = "tok_declined"
	// clicks is how many purchases a customer makes at once.
	clicks = 4
)

// methodOf makes every third purchase one that is declined.
func methodOf(i int) string {
	if i%3 == 2 {
		return declined
	}
	return ""
}

// buy buys all games and calls half when half of the purchases are accepted, while the
// others go on. It returns the accepted purchases, which are all of them: a call that
// was cut off is repeated with its Idempotency-Key.
func (c *client) buy(games []string, half func()) []contractgames.Purchase {
	c.t.Helper()
	var (
		mu       sync.Mutex
		accepted int
		reached  = make(chan struct{})
		bought   = make([]contractgames.Purchase, len(games))
		group    errgroup.Group
	)
	group.SetLimit(clicks)
	over := make(chan error, 1)
	go func() {
		for i, game := range games {
			group.Go(func() error {
				if err := c.persist(call{
					method: http.MethodPost, path: "/api/games/" + game + "/purchase", key: fmt.Sprintf("buy-%d", i),
					body: contractgames.PurchaseRequest{PaymentMethod: methodOf(i)},
				}, http.StatusAccepted, &bought[i]); err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				if accepted++; accepted == len(games)/2 {
					close(reached)
				}
				return nil
			})
		}
		over <- group.Wait()
	}()
	select {
	case <-reached:
		half()
	case err := <-over:
		c.t.Fatalf("half of the purchases were not accepted: %v", err)
	}
	if err := <-over; err != nil {
		c.t.Fatal(err)
	}
	return bought
}

// settle waits until all purchases have ended, and returns them in the same order.
func (c *client) settle(bought []contractgames.Purchase) []contractgames.Purchase {
	c.t.Helper()
	ended, seen := make([]contractgames.Purchase, 0, len(bought)), map[string]bool{}
	for _, p := range bought {
		await(c.t, "purchase "+p.ID+" ends", func() bool {
			if err := c.persist(call{method: http.MethodGet, path: "/api/purchases/" + p.ID}, http.StatusOK, &p); err != nil {
				c.t.Fatal(err)
			}
			return p.Status != "pending"
		})
		if seen[p.ID] {
			c.t.Errorf("purchase %s was made twice of two calls", p.ID)
		}
		seen[p.ID] = true
		ended = append(ended, p)
	}
	return ended
}

// charges returns how often the provider took money for each purchase, from its own
// books, and fails if a purchase is in them twice.
func (s *store) charges() map[string]int {
	s.t.Helper()
	db, err := sqldb.OpenReadOnly(s.t.Context(), filepath.Join(s.cfg.Data, "payments-ledger.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Read().QueryContext(s.t.Context(), `SELECT reference, charges FROM charges`)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	charges := map[string]int{}
	for rows.Next() {
		var (
			purchase string
			n        int
		)
		if err := rows.Scan(&purchase, &n); err != nil {
			s.t.Fatal(err)
		}
		if _, twice := charges[purchase]; twice {
			s.t.Errorf("purchase %s is in the provider's books twice", purchase)
		}
		charges[purchase] = n
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return charges
}

// audit waits until all purchases have ended, and checks that each is what its payment
// method says: completed and charged once, or failed and charged never.
func (s *store) audit(c *client, bought []contractgames.Purchase) {
	s.t.Helper()
	ended, charges := c.settle(bought), s.charges()
	for i, p := range ended {
		status, times := "completed", 1
		if methodOf(i) == declined {
			status, times = "failed", 0
		}
		if p.Status != status || charges[p.ID] != times {
			s.t.Errorf("purchase %s is %s (%s) and was charged %d times, want %s and %d", p.ID, p.Status, p.FailureReason, charges[p.ID], status, times)
		}
	}
}
