package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	"gamestore.example/users"
	"gamestore.example/users/adapter/memory"
)

func TestTheSweeperDeletesWhatExpiredADayAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := memory.NewRepository(nil, outboxmemory.NewStore(time.Now), outbox.NewSignal())
		if err := repo.CreateUser(t.Context(), users.User{ID: "u", Email: "ana@example.com", Version: 1}, users.Change{}); err != nil {
			t.Fatal(err)
		}
		const sessions = sweepSlice + 1 // more than one slice
		for i := range sessions {
			_, err := repo.UpdateUser(t.Context(), "u", func(u users.User) (users.User, users.Change, error) {
				return u, users.Change{Open: &users.NewSession{
					Session: users.Session{ID: fmt.Sprint(i), UserID: "u", ExpiresAt: time.Now()},
					Token:   users.RefreshToken{Hash: users.HashToken(fmt.Sprint(i))},
				}}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		left := func() (n int) {
			for i := range sessions {
				if _, err := repo.Grant(t.Context(), users.HashToken(fmt.Sprint(i))); !errors.Is(err, users.ErrInvalidRefreshToken) {
					n++
				}
			}
			return n
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		s := &sweeper{repo: repo, now: time.Now, logger: slog.New(slog.DiscardHandler)}
		go func() { done <- s.run(ctx) }()

		time.Sleep(sweepAfter) // in the bubble: no time passes outside
		synctest.Wait()
		if n := left(); n != sessions {
			t.Errorf("after %v %d of %d sessions are left", sweepAfter, n, sessions)
		}
		time.Sleep(sweepEvery)
		synctest.Wait()
		if n := left(); n > 0 {
			t.Errorf("an hour later %d sessions are left", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}
