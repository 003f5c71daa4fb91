package users_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	"gamestore.example/users"
	"gamestore.example/users/adapter/memory"
	"gamestore.example/users/userstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	email    = "ana@example.com"
	password = "correct horse battery staple"
)

// fixture is the service on the memory adapter with a clock that is moved by hand.
type fixture struct {
	*users.Accounts
	t      *testing.T
	repo   *memory.Repository
	outbox *outboxmemory.Store
	hasher *userstest.Hasher
	clock  *userstest.Clock
	ids    atomic.Int64
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, hasher: &userstest.Hasher{Version: "1"}, clock: userstest.NewClock()}
	f.outbox = outboxmemory.NewStore(f.clock.Now)
	f.repo = memory.NewRepository(func(_ context.Context, e users.Event) (outbox.Record, error) {
		name := strings.TrimPrefix(fmt.Sprintf("%T", e), "users.")
		return outbox.Record{Type: name, Message: bus.Message{ID: name, Key: name}}, nil
	}, f.outbox, outbox.NewSignal())
	f.Accounts = f.with(f.hasher)
	return f
}

// with returns the service on the same store with another hasher.
func (f *fixture) with(h users.Hasher) *users.Accounts {
	f.t.Helper()
	throttle, err := memory.NewThrottle(memory.ThrottleConfig{Attempts: 10, Window: 5 * time.Minute, Keys: 100}, f.clock.Now)
	if err != nil {
		f.t.Fatal(err)
	}
	newID := func() string { return fmt.Sprint("id-", f.ids.Add(1)) }
	a, err := users.New(users.Deps{
		Repository: f.repo, Hasher: h, Tokens: &userstest.Issuer{Now: f.clock.Now, NewID: newID}, Throttle: throttle,
		Entropy: rand.Reader, Now: f.clock.Now, NewID: newID,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fixture) signUp(email string) users.User {
	f.t.Helper()
	u, err := f.SignUp(f.t.Context(), users.SignUp{Email: email, Password: password, Name: "Ana"})
	if err != nil {
		f.t.Fatalf("SignUp: %v", err)
	}
	return u
}

func (f *fixture) login(email, password string) users.Tokens {
	f.t.Helper()
	tokens, err := f.Login(f.t.Context(), users.Login{Email: email, Password: password})
	if err != nil {
		f.t.Fatalf("Login: %v", err)
	}
	return tokens
}

func (f *fixture) refresh(token string) (users.Tokens, error) {
	return f.Refresh(f.t.Context(), users.Refresh{Token: token})
}

// events returns the names of all events so far.
func (f *fixture) events() []string {
	f.t.Helper()
	records, err := f.outbox.Claim(f.t.Context(), "test", 1000, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, r := range records {
		names = append(names, r.Type)
	}
	return names
}

func (f *fixture) wantEvents(want ...string) {
	f.t.Helper()
	if got := f.events(); !slices.Equal(got, want) {
		f.t.Errorf("events %v, want %v", got, want)
	}
}

// kinds returns the kinds of the account's history, the newest first.
func (f *fixture) kinds(userID string) []users.EntryKind {
	f.t.Helper()
	page, err := f.History(f.t.Context(), users.GetHistory{UserID: userID})
	if err != nil {
		f.t.Fatalf("History: %v", err)
	}
	var kinds []users.EntryKind
	for _, e := range page.Entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func wantError(t *testing.T, what string, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// wantFields expects an Invalid error that names exactly these fields.
func wantFields(t *testing.T, what string, err error, want ...string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Class != errs.Invalid {
		t.Errorf("%s: got %v, want an Invalid error", what, err)
		return
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: fields %v, want %v", what, got, want)
	}
}
