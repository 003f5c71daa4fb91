// Package gamestest holds the contract suites of the games service's ports. Every
// adapter runs the suite of its port.
package gamestest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/outbox"
)

// Encoder makes the outbox's record of an event.
type Encoder = func(context.Context, games.Event) (outbox.Record, error)

// Harness is an empty repository and the outbox it writes to.
type Harness struct {
	Repository games.Repository
	Outbox     outbox.Store
}

// RunRepository checks what games.Repository promises. newHarness returns a new,
// empty repository that uses the encoder, and cleans up after the test.
func RunRepository(t *testing.T, newHarness func(t *testing.T, encode Encoder) Harness) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, *suite){
		"Games": testGames, "GamesAreEdited": testUpdateGame, "Seed": testSeed, "EachGame": testEachGame,
		"Categories": testCategories, "Popular": testPopular,
		"Accept": testAccept, "AcceptErrors": testAcceptErrors, "OneActivePurchase": testOneActive, "Counter": testCounter,
		"Inbox": testInbox, "PaymentReused": testPaymentReused, "RollbackLeavesNothing": testRollback, "EndedContext": testEndedContext,
		"Idempotency": testIdempotency, "IdempotencyOfUpdates": testIdempotentUpdate, "PruneKeys": testPruneKeys,
		"RaceForAGame": testRaceForAGame, "RaceWithOneKey": testRaceWithOneKey, "RaceOfMessages": testRaceOfMessages, "RaceOfBuyers": testRaceOfBuyers,
		"OldestPending": testOldestPending, "AskUnsettled": testAskUnsettled, "RaceToAsk": testRaceToAsk,
		"Purchases": testPurchases, "Library": testLibrary, "Tastes": testTastes, "ForgetUser": testForgetUser,
	} {
		t.Run(name, func(t *testing.T) { run(t, &suite{T: t, Harness: newHarness(t, encode)}) })
	}
}

// start is when everything in the suite begins. Stores keep microseconds.
var start = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

var price = money.Money{Amount: 1999, Currency: "BRL"}

// suite is one test with its repository.
type suite struct {
	*testing.T
	Harness
}

type failing struct{}

var errEncode = errors.New("the event cannot be encoded")

// encode fails when the context says so.
func encode(ctx context.Context, e games.Event) (outbox.Record, error) {
	if ctx.Value(failing{}) != nil {
		return outbox.Record{}, errEncode
	}
	body, err := json.Marshal(e)
	id := e.Purchase.ID
	if id == "" {
		id = e.Game.ID
	}
	return outbox.Record{AggregateID: id, Type: string(e.Name), Message: bus.Message{ID: e.ID, Key: string(e.Name), Body: body}}, err
}

func failEncode(ctx context.Context) context.Context { return context.WithValue(ctx, failing{}, true) }

// events takes the events that were stored since the last call.
func (s *suite) events() []games.Event {
	s.Helper()
	records, err := s.Outbox.Claim(s.Context(), "suite", 1000, time.Hour)
	s.ok(err)
	var events []games.Event
	for _, r := range records {
		var e games.Event
		s.ok(json.Unmarshal(r.Message.Body, &e))
		events = append(events, e)
	}
	return events
}

// wantEvents checks the names of the events since the last call.
func (s *suite) wantEvents(names ...games.EventName) {
	s.Helper()
	var got []games.EventName
	for _, e := range s.events() {
		got = append(got, e.Name)
	}
	s.equal("events", names, got)
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) fails(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got the error %v, want %v", err, want)
	}
}

func (s *suite) equal(what string, want, got any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// game returns a game that is released.
func game(id string) games.Game {
	return games.Game{
		ID: id, Name: "Name of " + id, Description: "About " + id, Category: "strategy", Price: price,
		ReleasedAt: start.Add(-time.Hour), Version: 1, Revision: 1, CreatedAt: start, UpdatedAt: start,
	}
}

func (s *suite) create(gs ...games.Game) {
	s.Helper()
	for _, g := range gs {
		s.ok(s.Repository.CreateGame(s.Context(), g, games.Event{ID: "created-" + g.ID, Name: games.GameCreated, Game: g}))
	}
	s.events()
}

// buy returns a decision that buys the game at a time.
func buy(id, userID string, at time.Time) func(games.Game) (games.Change, error) {
	return func(g games.Game) (games.Change, error) {
		return stamped(games.NewPurchase(games.Purchase{ID: id, UserID: userID, PaymentMethod: "tok_approved"}, g, time.Minute, at)), nil
	}
}

// stamped gives the events of a change unique ids.
func stamped(c games.Change) games.Change {
	for i := range c.Events {
		e := &c.Events[i]
		e.ID = fmt.Sprintf("%s-%s-%d-%d", e.Name, e.Purchase.ID, e.Purchase.Version, e.Purchase.Asked)
	}
	return c
}

// pending stores a pending purchase of a game.
func (s *suite) pending(id, userID, gameID string, at time.Time) games.Purchase {
	s.Helper()
	up, err := s.Repository.AcceptPurchase(s.Context(), gameID, games.IdempotencyKey{}, buy(id, userID, at))
	s.ok(err)
	return up.Purchase
}

// message is a cause of its own.
func message(id string) games.Cause { return games.Cause{Consumer: "suite", MessageID: id} }

func complete(paymentID string, at time.Time) func(games.Purchase) (games.Change, error) {
	return func(p games.Purchase) (games.Change, error) {
		c, err := p.Complete(games.Payment{ID: paymentID, Amount: p.Price}, at)
		return stamped(c), err
	}
}

func fail(at time.Time) func(games.Purchase) (games.Change, error) {
	return func(p games.Purchase) (games.Change, error) {
		return stamped(p.Fail(games.Payment{ID: "pay-" + p.ID, Reason: "card_declined"}, at)), nil
	}
}

func refund(at time.Time) func(games.Purchase) (games.Change, error) {
	return func(p games.Purchase) (games.Change, error) {
		c, err := p.RequestRefund(time.Hour, time.Minute, at)
		return stamped(c), err
	}
}

func refunded(at time.Time) func(games.Purchase) (games.Change, error) {
	return func(p games.Purchase) (games.Change, error) {
		return stamped(p.Refunded(games.Payment{ID: p.PaymentID}, at)), nil
	}
}

// update applies a decision that must succeed.
func (s *suite) update(id string, decide func(games.Purchase) (games.Change, error)) games.Purchase {
	s.Helper()
	up, err := s.Repository.UpdatePurchase(s.Context(), id, games.Cause{}, games.IdempotencyKey{}, decide)
	s.ok(err)
	return up.Purchase
}

// owned stores a completed purchase.
func (s *suite) owned(id, userID, gameID string, at time.Time) games.Purchase {
	s.Helper()
	s.pending(id, userID, gameID, at)
	return s.update(id, complete("pay-"+id, at))
}

func (s *suite) game(id string) games.Game {
	s.Helper()
	g, err := s.Repository.Game(s.Context(), id)
	s.ok(err)
	return g
}

func (s *suite) purchase(id string) games.Purchase {
	s.Helper()
	p, err := s.Repository.Purchase(s.Context(), id)
	s.ok(err)
	return p
}
