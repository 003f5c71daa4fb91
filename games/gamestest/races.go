package gamestest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

const workers = 20

// race runs f by all workers at once.
func race[T any](f func(worker int) T) []T {
	var wg sync.WaitGroup
	results, begin := make([]T, workers), make(chan struct{})
	for w := range workers {
		wg.Go(func() {
			<-begin
			results[w] = f(w)
		})
	}
	close(begin)
	wg.Wait()
	return results
}

// try is what one worker got.
type try struct {
	up  games.Update
	err error
}

func testRaceForAGame(t *testing.T, s *suite) {
	s.create(game("chess"))
	tries := race(func(w int) try {
		up, err := s.Repository.AcceptPurchase(t.Context(), "chess", games.IdempotencyKey{}, buy(fmt.Sprint("p", w), "u1", start))
		return try{up, err}
	})
	var winner string
	for _, r := range tries {
		if r.err == nil {
			s.equal("one winner before", "", winner)
			winner = r.up.Purchase.ID
		}
	}
	for _, r := range tries {
		if r.err != nil {
			s.fails(r.err, games.ErrAlreadyPending)
			s.equal("the way to the winner", any(winner), errs.From(r.err).Details["purchaseId"])
		}
	}
	s.wantEvents(games.GamePurchased)
	ps, err := s.Repository.Purchases(t.Context(), games.UserPage{UserID: "u1", Limit: workers})
	s.ok(err)
	s.equal("purchases", 1, len(ps))
}

func testRaceWithOneKey(t *testing.T, s *suite) {
	s.create(game("chess"))
	tries := race(func(w int) try {
		up, err := s.Repository.AcceptPurchase(t.Context(), "chess", key("u1", "k", "f", start), buy(fmt.Sprint("p", w), "u1", start))
		return try{up, err}
	})
	answers, replayed := map[string]int{}, 0
	for _, r := range tries {
		s.ok(r.err)
		answers[r.up.Purchase.ID]++
		if r.up.Replayed {
			replayed++
		}
	}
	s.equal("different answers", 1, len(answers))
	s.equal("replayed", workers-1, replayed)
	s.wantEvents(games.GamePurchased)
}

// testRaceOfMessages delivers the same and contradicting news at once.
func testRaceOfMessages(t *testing.T, s *suite) {
	s.create(game("chess"))
	s.pending("p1", "u1", "chess", start)
	s.events()
	tries := race(func(w int) try {
		decide := complete("pay-p1", start)
		if w%2 == 1 {
			decide = fail(start)
		}
		up, err := s.Repository.UpdatePurchase(t.Context(), "p1", message(fmt.Sprint("m", w%4)), games.IdempotencyKey{}, decide)
		return try{up, err}
	})
	outcomes := map[games.Outcome]int{}
	for _, r := range tries {
		s.ok(r.err)
		outcomes[r.up.Outcome]++
	}
	s.equal("outcomes", map[games.Outcome]int{games.Applied: 1, games.Contradiction: 2, games.Duplicate: workers - 3}, outcomes)
	s.equal("one event", 1, len(s.events()))
	want := int64(0)
	if s.purchase("p1").Status == games.StatusCompleted {
		want = 1
	}
	s.equal("counter", want, s.game("chess").Purchases)
}

// testRaceOfBuyers lets everybody buy everything in each way, and then counts.
func testRaceOfBuyers(t *testing.T, s *suite) {
	catalogue := []string{"chess", "go", "whist"}
	s.create(game("chess"), game("go"), game("whist"))
	failures := race(func(w int) error { return s.buyAll(catalogue, w) })
	s.ok(errors.Join(failures...))
	for i, id := range catalogue {
		owned := int64(0)
		for w := range workers {
			switch p := s.purchase(fmt.Sprintf("%s-%d", id, w)); {
			case p.Status == games.StatusCompleted:
				owned++
			case p.Status != wayOf(i, w):
				t.Errorf("%s is %s", p.ID, p.Status)
			}
		}
		s.equal("counter of "+id, owned, s.game(id).Purchases)
	}
}

// wayOf says how the worker's purchase of the game ends.
func wayOf(game, worker int) games.Status {
	return []games.Status{games.StatusCompleted, games.StatusFailed, games.StatusRefunded}[(game+worker)%3]
}

func (s *suite) buyAll(catalogue []string, worker int) error {
	for i, gameID := range catalogue {
		id, userID := fmt.Sprintf("%s-%d", gameID, worker), fmt.Sprint("u", worker)
		if _, err := s.Repository.AcceptPurchase(s.Context(), gameID, games.IdempotencyKey{}, buy(id, userID, start)); err != nil {
			return err
		}
		steps := map[games.Status][]func(games.Purchase) (games.Change, error){
			games.StatusCompleted: {complete("pay-"+id, start)},
			games.StatusFailed:    {fail(start)},
			games.StatusRefunded:  {complete("pay-"+id, start), refund(start), refunded(start)},
		}[wayOf(i, worker)]
		for n, step := range steps {
			if _, err := s.Repository.UpdatePurchase(s.Context(), id, message(fmt.Sprint(id, n)), games.IdempotencyKey{}, step); err != nil {
				return err
			}
		}
	}
	return nil
}

func testRaceToAsk(t *testing.T, s *suite) {
	s.create(game("chess"))
	for w := range workers {
		s.pending(fmt.Sprint("p", w), fmt.Sprint("u", w), "chess", start)
	}
	s.events()
	due := start.Add(time.Hour)
	type result struct {
		n   int
		err error
	}
	total := 0
	for _, r := range race(func(int) result {
		n, err := s.Repository.AskUnsettled(t.Context(), due, 7, func(p games.Purchase) games.Change { return stamped(p.Ask(due.Add(time.Hour), due)) })
		return result{n, err}
	}) {
		s.ok(r.err)
		total += r.n
	}
	s.equal("asked", workers, total)
	s.equal("events", workers, len(s.events()))
}
