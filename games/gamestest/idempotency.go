package gamestest

import (
	"testing"
	"time"

	"gamestore.example/games"
)

func key(userID, k, fingerprint string, at time.Time) games.IdempotencyKey {
	return games.IdempotencyKey{UserID: userID, Operation: "purchase", Key: k, Fingerprint: fingerprint, At: at}
}

func testIdempotency(t *testing.T, s *suite) {
	s.create(game("chess"), game("go"))
	accept := func(k games.IdempotencyKey, gameID, id string) (games.Update, error) {
		return s.Repository.AcceptPurchase(t.Context(), gameID, k, buy(id, k.UserID, start))
	}
	first, err := accept(key("u1", "k", "f", start), "chess", "p1")
	s.ok(err)
	s.equal("replayed", false, first.Replayed)
	s.update("p1", complete("pay-1", start))
	s.events()

	again, err := accept(key("u1", "k", "f", start.Add(games.IdempotencyTTL-1)), "chess", "p2")
	s.ok(err)
	s.equal("replayed", true, again.Replayed)
	s.equal("the answer of then", first.Purchase, again.Purchase)
	s.wantEvents()
	_, err = accept(key("u1", "k", "other", start), "go", "p3")
	s.fails(err, games.ErrKeyReused)

	up, err := accept(key("u2", "k", "other", start), "go", "p4") // somebody else's key
	s.ok(err)
	s.equal("replayed", false, up.Replayed)

	_, err = accept(key("u1", "failing", "f", start), "chess", "p5")
	s.fails(err, games.ErrAlreadyOwned)
	s.update("p1", refund(start))
	s.update("p1", refunded(start))
	up, err = accept(key("u1", "failing", "g", start), "chess", "p6") // only successes are stored
	s.ok(err)
	s.equal("replayed", false, up.Replayed)

	s.update("p6", fail(start))
	up, err = accept(key("u1", "k", "h", start.Add(games.IdempotencyTTL)), "chess", "p7") // too old to count
	s.ok(err)
	s.equal("replayed", false, up.Replayed)
	up, err = accept(key("u1", "k", "h", start.Add(games.IdempotencyTTL)), "chess", "p8")
	s.ok(err)
	s.equal("the new answer", "p7", up.Purchase.ID)
}

func testIdempotentUpdate(t *testing.T, s *suite) {
	s.create(game("chess"))
	s.owned("p1", "u1", "chess", start)
	k := key("u1", "k", "f", start)
	ask := func(k games.IdempotencyKey) (games.Update, error) {
		return s.Repository.UpdatePurchase(t.Context(), "p1", games.Cause{}, k, refund(start))
	}
	first, err := ask(k)
	s.ok(err)
	s.update("p1", refunded(start))
	s.events()
	again, err := ask(k)
	s.ok(err)
	s.equal("replayed", true, again.Replayed)
	s.equal("the answer of then", first.Purchase, again.Purchase)
	k.Fingerprint = "other"
	_, err = ask(k)
	s.fails(err, games.ErrKeyReused)
	k.Operation = "cancel"
	other, err := ask(k)
	s.ok(err)
	s.equal("another operation", false, other.Replayed)
	s.equal("its outcome", games.Duplicate, other.Outcome)
	k.Fingerprint = "f"
	_, err = ask(k)
	s.fails(err, games.ErrKeyReused) // no change, but the key was stored
	s.wantEvents()
}

func testPruneKeys(t *testing.T, s *suite) {
	s.create(game("chess"), game("go"), game("whist"))
	for i, id := range []string{"chess", "go", "whist"} {
		_, err := s.Repository.AcceptPurchase(t.Context(), id, key("u1", id, "f", start.Add(time.Duration(i)*time.Hour)), buy("p-"+id, "u1", start))
		s.ok(err)
	}
	before := start.Add(2 * time.Hour)
	for _, want := range []int{1, 1, 0} {
		n, err := s.Repository.PruneKeys(t.Context(), before, 1)
		s.ok(err)
		s.equal("pruned", want, n)
	}
	up, err := s.Repository.AcceptPurchase(t.Context(), "whist", key("u1", "whist", "f", before), buy("p", "u1", start))
	s.ok(err)
	s.equal("the newest is kept", true, up.Replayed)
	_, err = s.Repository.AcceptPurchase(t.Context(), "go", key("u1", "go", "f", before), buy("p", "u1", start))
	s.fails(err, games.ErrAlreadyPending)
}
