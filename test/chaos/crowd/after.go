package crowd

import (
	"context"
	"net/http"
	"slices"

	"gamestore.example/games"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/test/chaos/oracle"
)

// cancel gives up a purchase that may be pending no more.
func (s *shopper) cancel(ctx context.Context, a *API, id string) error {
	return s.change(ctx, a, id, "cancel", http.StatusOK)
}

// giveBack asks for the money of one of the last purchases back.
func (s *shopper) giveBack(ctx context.Context, a *API) error {
	if len(s.mine) == 0 {
		return nil
	}
	i := s.dice.IntN(len(s.mine))
	id := s.mine[i]
	s.mine = slices.Delete(s.mine, i, i+1)
	return s.change(ctx, a, id, "refund", http.StatusAccepted)
}

func (s *shopper) change(ctx context.Context, a *API, id, what string, want int) error {
	c := command{by: s.account, path: "/api/purchases/" + id + "/" + what, want: want, purchaseID: id, method: s.notes.Purchase(id).Method}
	if s.dice.IntN(2) == 0 {
		c.key = s.key()
	}
	_, err := s.click(ctx, a, c, 1+s.dice.IntN(2))
	return err
}

// await waits a moment for a purchase to leave pending.
func (s *shopper) await(ctx context.Context, a *API, id string) error {
	return s.read(ctx, a, "/api/purchases/"+id+"?wait=1", id)
}

// look reads one of the last purchases.
func (s *shopper) look(ctx context.Context, a *API) error {
	if len(s.mine) == 0 {
		return nil
	}
	id := s.mine[s.dice.IntN(len(s.mine))]
	return s.read(ctx, a, "/api/purchases/"+id, id)
}

func (s *shopper) read(ctx context.Context, a *API, path, id string) error {
	known := s.notes.Purchase(id)
	var b contractgames.Purchase
	got, err := a.call(ctx, request{method: http.MethodGet, path: path, token: s.account.token}, &b)
	if err != nil {
		return err
	}
	if !got.ok() {
		s.expect(got, path, http.StatusUnauthorized)
		return nil
	}
	now := known
	now.Status = games.Status(b.Status)
	s.notes.saw(known.Status, now)
	return nil
}

// find searches, as people do between two purchases.
func (s *shopper) find(ctx context.Context, a *API) error {
	for _, path := range []string{"/api/games?q=game&limit=10", "/api/me/library", "/api/me/recommendations"} {
		got, err := a.call(ctx, request{method: http.MethodGet, path: path, token: s.account.token}, nil)
		if err != nil {
			return err
		}
		if !got.ok() {
			s.expect(got, path, http.StatusUnauthorized)
		}
	}
	return nil
}

// leave deletes the account. Whether or not an answer comes, it is used no more.
func (s *shopper) leave(ctx context.Context, a *API) error {
	l := s.account
	s.account = nil
	s.notes.forget(l)
	got, err := a.call(ctx, request{method: http.MethodDelete, path: "/api/users/me", token: l.token}, nil)
	if err != nil {
		return err
	}
	if !got.ok() {
		s.expect(got, "delete the account", http.StatusUnauthorized)
		return nil
	}
	s.notes.account(oracle.Account{ID: l.id, Deleted: true})
	return nil
}

// repeat sends what was not answered, and some of what was, once more with the same
// keys, as a client does whose connection broke.
func (s *shopper) repeat(ctx context.Context, a *API, cs []command) error {
	for _, c := range cs {
		if _, err := s.command(ctx, a, c); err != nil {
			return err
		}
		if !s.expired.Swap(false) {
			continue
		}
		if err := s.logIn(ctx, a, c.by); err != nil {
			return err
		}
		if _, err := s.command(ctx, a, c); err != nil {
			return err
		}
	}
	return nil
}
