package games_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/games/adapter/memory"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
)

// store is a Shop on the memory adapters, with a clock that stands still.
type store struct {
	*testing.T
	*games.Shop
	repo   games.Repository
	outbox *outboxmemory.Store
	meter  *meter
	log    *bytes.Buffer

	mu  sync.Mutex
	at  time.Time
	ids int
}

func open(t *testing.T, cfg games.Config) *store {
	t.Helper()
	return openWith(t, cfg, memory.NewSearch())
}

func openWith(t *testing.T, cfg games.Config, search games.Search) *store {
	t.Helper()
	s := &store{T: t, meter: &meter{counts: map[string]int{}}, at: start, log: &bytes.Buffer{}}
	s.outbox = outboxmemory.NewStore(s.now)
	s.repo = memory.NewRepository(s.outbox, encode, outbox.NewSignal())
	var err error
	s.Shop, err = games.New(cfg, games.Deps{
		Repository: s.repo, Search: search, Meter: s.meter, Logger: slog.New(slog.NewTextHandler(s.log, nil)), Now: s.now, NewID: s.newID,
	})
	s.ok(err)
	return s
}

func encode(_ context.Context, e games.Event) (outbox.Record, error) {
	body, err := json.Marshal(e)
	return outbox.Record{Message: bus.Message{ID: e.ID, Key: string(e.Name), Body: body}}, err
}

func (s *store) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *store) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func (s *store) newID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	return fmt.Sprintf("id-%04d", s.ids)
}

func (s *store) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *store) fails(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got the error %v, want %v", err, want)
	}
}

func (s *store) equal(what string, want, got any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// events takes the names of the events stored since the last call.
func (s *store) events() []games.EventName {
	s.Helper()
	var names []games.EventName
	seen := map[string]bool{}
	for _, r := range s.records() {
		names = append(names, games.EventName(r.Message.Key))
		if r.Message.ID == "" || seen[r.Message.ID] {
			s.Errorf("the event id %q is empty or not unique", r.Message.ID)
		}
		seen[r.Message.ID] = true
	}
	return names
}

func (s *store) records() []outbox.Record {
	s.Helper()
	records, err := s.outbox.Claim(s.Context(), "test", 1000, 10000*time.Hour)
	s.ok(err)
	return records
}

// add creates a game that is out, and returns its id.
func (s *store) add(name string, amount int64, edit ...func(*games.GameDetails)) games.Game {
	s.Helper()
	d := games.GameDetails{Name: name, Category: "strategy", Price: money.Money{Amount: amount, Currency: "BRL"}, ReleasedAt: s.now().Add(-time.Hour)}
	for _, f := range edit {
		f(&d)
	}
	g, err := s.CreateGame(s.Context(), games.CreateGame{GameDetails: d})
	s.ok(err)
	s.events()
	return g
}

func (s *store) buy(userID, gameID string) games.Purchase {
	s.Helper()
	r, err := s.PurchaseGame(s.Context(), games.PurchaseGame{UserID: userID, GameID: gameID})
	s.ok(err)
	return r.Purchase
}

// paid is the news that the purchase's price was paid.
func paid(p games.Purchase) games.PaymentEvent {
	return games.PaymentEvent{MessageID: "paid-" + p.ID, PurchaseID: p.ID, Payment: games.Payment{ID: "pay-" + p.ID, Amount: p.Price}}
}

func declined(p games.Purchase) games.PaymentEvent {
	e := paid(p)
	e.MessageID, e.Reason = "declined-"+p.ID, "card_declined"
	return e
}

func with(messageID string, e games.PaymentEvent) games.PaymentEvent {
	e.MessageID = messageID
	return e
}

type reaction func(context.Context, games.PaymentEvent) (games.Outcome, error)

// hear delivers news and checks what it did.
func (s *store) hear(news reaction, e games.PaymentEvent, want games.Outcome) {
	s.Helper()
	got, err := news(s.Context(), e)
	s.ok(err)
	s.equal("outcome", want, got)
}

func (s *store) own(userID, gameID string) games.Purchase {
	s.Helper()
	p := s.buy(userID, gameID)
	s.hear(s.PaymentCompleted, paid(p), games.Applied)
	return s.get(p)
}

func (s *store) get(p games.Purchase) games.Purchase {
	s.Helper()
	p, err := s.GetPurchase(s.Context(), games.GetPurchase{UserID: p.UserID, PurchaseID: p.ID})
	s.ok(err)
	return p
}

func (s *store) counter(gameID string) int64 {
	s.Helper()
	g, err := s.repo.Game(s.Context(), gameID)
	s.ok(err)
	return g.Purchases
}

// meter counts what it hears.
type meter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (m *meter) add(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[what]++
}

func (m *meter) Purchase(step string) { m.add(step) }
func (m *meter) Completion(end string, took time.Duration) {
	m.add(end + " after " + took.String())
}
func (m *meter) Reaction(event string, o games.Outcome) { m.add(event + " " + string(o)) }

// take returns the counts since the last call.
func (m *meter) take() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := maps.Clone(m.counts)
	clear(m.counts)
	return counts
}
