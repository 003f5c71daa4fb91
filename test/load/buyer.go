package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"gamestore.example/games"
)

// Buyers is how many clients buy at once, each waiting for its purchase to be completed.
const Buyers = 256

// shop is where clients buy, and who they say that they are.
type shop struct {
	addr    string
	clients int
	games   []string
	// person returns the header of somebody who has bought nothing yet.
	person func() (string, error)

	mu   sync.Mutex
	idle []*buyer
}

// buyer is a client with a connection, who buys one game after the other, and as
// somebody else when there are none left.
type buyer struct {
	*shop
	wire   *wire
	header string
	left   []string
}

// borrow returns a buyer that nobody uses.
func (s *shop) borrow() *buyer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		b := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return b
	}
	return &buyer{shop: s, wire: newWire(s.addr)}
}

func (s *shop) giveBack(b *buyer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, b)
}

// close ends the connections of all that were given back.
func (s *shop) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.idle {
		b.wire.close()
	}
}

// status is what a client reads of a purchase.
type status struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// buy makes a purchase that nobody made before, and returns when it is completed.
func (b *buyer) buy(ctx context.Context) error {
	if len(b.left) == 0 {
		header, err := b.person()
		if err != nil {
			return err
		}
		b.header, b.left = header, b.games
	}
	game := b.left[0]
	b.left = b.left[1:]
	p, err := b.ask(ctx, http.MethodPost, "/api/games/"+game+"/purchase", `{"paymentMethod":"tok_approved"}`, http.StatusAccepted)
	for end := time.Now().Add(patience); err == nil && p.Status == string(games.StatusPending); {
		if time.Now().After(end) {
			return fmt.Errorf("purchase %s is pending for too long", p.ID)
		}
		p, err = b.ask(ctx, http.MethodGet, "/api/purchases/"+p.ID+"?wait=20", "", http.StatusOK)
	}
	if err == nil && p.Status != string(games.StatusCompleted) {
		err = fmt.Errorf("purchase %s is %s", p.ID, p.Status)
	}
	return err
}

func (b *buyer) ask(ctx context.Context, method, path, body string, want int) (status, error) {
	var s status
	got, answer, err := b.wire.do(ctx, method, path, b.header, body)
	switch {
	case err != nil:
		return s, fmt.Errorf("%s %s: %w", method, path, err)
	case got != want:
		return s, fmt.Errorf("%s %s: %d %s", method, path, got, answer)
	}
	return s, json.Unmarshal(answer, &s)
}

// closed is a round of clients who buy again as soon as they have what they bought.
func (s *shop) closed(ctx context.Context, d time.Duration) (Round, error) {
	return measure(ctx, d, func(begin, ctx context.Context, t *tally) error {
		return crowd(ctx, s.clients, func(ctx context.Context, _ int) error {
			b := s.borrow()
			defer s.giveBack(b)
			for begin.Err() == nil {
				from := time.Now()
				if err := b.buy(ctx); err != nil {
					return err
				}
				t.add(1, time.Since(from))
			}
			return nil
		})
	})
}

// open is a round of clients who come at a fixed rate, whether or not the ones before
// them are done. A latency counts from when the client should have come.
func (s *shop) open(ctx context.Context, d time.Duration, rate int) (Round, error) {
	return measure(ctx, d, func(begin, ctx context.Context, t *tally) error {
		failed := make(chan error, 1)
		var wg sync.WaitGroup
		defer wg.Wait()
		gap, start := time.Second/time.Duration(rate), time.Now()
		for i := 0; begin.Err() == nil; i++ {
			due := start.Add(time.Duration(i) * gap)
			if err := pauseFor(begin, time.Until(due), failed); err != nil {
				if begin.Err() != nil {
					return ctx.Err()
				}
				return err
			}
			wg.Go(func() {
				b := s.borrow()
				defer s.giveBack(b)
				if err := b.buy(ctx); err != nil {
					select {
					case failed <- err:
					default:
					}
					return
				}
				t.add(1, time.Since(due))
			})
		}
		return ctx.Err()
	})
}
