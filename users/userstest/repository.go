package userstest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/outbox"
	"gamestore.example/users"
)

// Harness is a fresh, empty repository with the outbox that it writes to and the
// signal that it wakes.
type Harness struct {
	Repo   users.Repository
	Outbox outbox.Store
	Signal outbox.Signal
}

// Encoder is how a repository turns events into records.
type Encoder = func(ctx context.Context, e users.Event) (outbox.Record, error)

// RunRepository checks what every users.Repository promises. newHarness is called
// for each test with the encoder that the repository must use.
func RunRepository(t *testing.T, newHarness func(t *testing.T, encode Encoder) Harness) {
	for name, test := range map[string]func(*testing.T, *suite){
		"AnAccountIsReadAsItWasWritten":         accountRoundTrip,
		"NobodyUnknownIsFound":                  unknownAccount,
		"AnAddressIsOneLivingAccounts":          emailIsUnique,
		"ATombstoneFreesItsAddress":             tombstone,
		"AFailedChangeLeavesNothing":            rollback,
		"ACommitWithEventsWakesTheRelay":        wakeUp,
		"AnAdminIsNoticedWhileItLives":          admin,
		"AnEndedContextChangesNothing":          endedCall,
		"TwentySignUpsOfOneAddressMakeOne":      signUpRace,
		"TwentyChangesOfOneAccountAllCount":     updateRace,
		"AGrantIsReadAsItWasWritten":            grantRoundTrip,
		"ARotationReplacesTheToken":             rotation,
		"AFailedRotationLeavesNothing":          rotationRollback,
		"TwentyRotationsOfOneTokenLetOneWin":    rotationRace,
		"ARevocationSparesTheSessionItIsTold":   revocation,
		"ExpiredSessionsArePrunedInSlices":      pruning,
		"AHistoryIsPagedFromTheNewest":          historyPages,
		"AMessageIsTakenOnce":                   duplicateMessage,
		"WhatIsToldOnceIsToldOnce":              toldOnce,
		"WhoDoesNotLiveHasNoNewEntries":         entriesOfTheDead,
		"TwentyDeliveriesOfOneMessageCountOnce": messageRace,
	} {
		t.Run(name, func(t *testing.T) { test(t, newSuite(t, newHarness)) })
	}
}

// workers is how many take part in a race.
const workers = 20

// unencodable is the id of an account whose events cannot be encoded.
const unencodable = "user-unencodable"

var errEncode = errs.New(errs.Internal, "", "this event cannot be encoded")

// base is the time that the suite's times are counted from.
func base() time.Time { return time.Date(2026, 5, 4, 3, 2, 1, 123456000, time.UTC) }

// suite is a harness with helpers that fail the test.
type suite struct {
	Harness
	t *testing.T
}

func newSuite(t *testing.T, newHarness func(*testing.T, Encoder) Harness) *suite {
	n := 0
	return &suite{t: t, Harness: newHarness(t, func(_ context.Context, e users.Event) (outbox.Record, error) {
		n++ // encoders run inside transactions, one at a time
		created, ok := e.(users.UserCreated)
		if ok && created.UserID == unencodable {
			return outbox.Record{}, errEncode
		}
		name := fmt.Sprintf("%T %+v", e, e)
		return outbox.Record{AggregateID: "a", Type: name, Message: bus.Message{ID: fmt.Sprint("event-", n), Key: "k", Body: []byte("{}")}}, nil
	})}
}

func (s *suite) ctx() context.Context { return s.t.Context() }

// newUser returns an account that is not stored yet.
func newUser(id, email string) users.User {
	return users.User{
		ID: id, Email: email, Name: "Ana Lima 🎮", PasswordHash: "hash of " + id, Roles: []string{users.RoleUser},
		Version: 1, CreatedAt: base(), UpdatedAt: base(),
	}
}

func created(u users.User) users.Change {
	return users.Change{
		Events:  []users.Event{users.UserCreated{UserID: u.ID, Version: u.Version, At: u.CreatedAt}},
		Entries: []users.Entry{{UserID: u.ID, Kind: users.SignedUp, At: u.CreatedAt}},
	}
}

// signUp stores an account.
func (s *suite) signUp(id, email string) users.User {
	s.t.Helper()
	u := newUser(id, email)
	if err := s.Repo.CreateUser(s.ctx(), u, created(u)); err != nil {
		s.t.Fatalf("CreateUser: %v", err)
	}
	return u
}

// update changes an account and expects no error.
func (s *suite) update(id string, update func(users.User) (users.User, users.Change)) users.User {
	s.t.Helper()
	u, err := s.Repo.UpdateUser(s.ctx(), id, func(u users.User) (users.User, users.Change, error) {
		u, change := update(u)
		return u, change, nil
	})
	if err != nil {
		s.t.Fatalf("UpdateUser: %v", err)
	}
	return u
}

func (s *suite) erase(id string) {
	s.t.Helper()
	at := base().Add(time.Hour)
	s.update(id, func(u users.User) (users.User, users.Change) {
		u = u.Tombstone(at)
		return u, users.Change{Erase: true, Events: []users.Event{users.UserDeleted{UserID: id, Version: u.Version, At: at}}}
	})
}

// events returns the types of all unsent records, in order.
func (s *suite) events() []string {
	s.t.Helper()
	records, err := s.Outbox.Claim(s.ctx(), "suite", 1000, time.Nanosecond)
	if err != nil {
		s.t.Fatalf("Claim: %v", err)
	}
	var types []string
	for _, r := range records {
		types = append(types, r.Type)
	}
	return types
}

func (s *suite) history(id string) []users.Entry {
	s.t.Helper()
	entries, err := s.Repo.History(s.ctx(), id, users.Position{}, 1000)
	if err != nil {
		s.t.Fatalf("History: %v", err)
	}
	return entries
}

func (s *suite) equal(what string, got, want any) {
	s.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// fails expects an error with the code of want.
func (s *suite) fails(what string, err error, want *errs.Error) {
	s.t.Helper()
	if errs.CodeOf(err) != want.Code {
		s.t.Errorf("%s: got the error %v, want %s", what, err, want.Code)
	}
}
