package userstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gamestore.example/users"
)

func accountRoundTrip(t *testing.T, s *suite) {
	want := s.signUp("user-1", "ana@example.com")
	byID, err := s.Repo.User(t.Context(), "user-1")
	if err != nil {
		t.Fatal(err)
	}
	s.equal("by id", byID, want)
	byEmail, err := s.Repo.UserByEmail(t.Context(), "ana@example.com")
	if err != nil {
		t.Fatal(err)
	}
	s.equal("by e-mail", byEmail, want)

	want.Name, want.Version, want.UpdatedAt, want.Roles = "Ana", 2, base().Add(time.Minute), []string{users.RoleUser, users.RoleAdmin}
	s.equal("returned by the update", s.update("user-1", func(users.User) (users.User, users.Change) { return want, users.Change{} }), want)
	changed, err := s.Repo.User(t.Context(), "user-1")
	if err != nil {
		t.Fatal(err)
	}
	s.equal("after the update", changed, want)
	s.equal("events", s.events(), []string{"users.UserCreated {UserID:user-1 Version:1 At:2026-05-04 03:02:01.123456 +0000 UTC}"})
}

func unknownAccount(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	for _, id := range []string{"", "user-2", "USER-1"} {
		_, err := s.Repo.User(t.Context(), id)
		s.fails("User of "+id, err, users.ErrUserNotFound)
	}
	for _, email := range []string{"", "ana@example.org"} {
		_, err := s.Repo.UserByEmail(t.Context(), email)
		s.fails("UserByEmail of "+email, err, users.ErrUserNotFound)
	}
	_, err := s.Repo.UpdateUser(t.Context(), "user-2", func(u users.User) (users.User, users.Change, error) {
		t.Error("update was called for nobody")
		return u, users.Change{}, nil
	})
	s.fails("UpdateUser", err, users.ErrUserNotFound)
	s.equal("history", s.history("user-2"), []users.Entry(nil))
}

func emailIsUnique(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	s.signUp("user-2", "bea@example.com")
	u := newUser("user-3", "ana@example.com")
	s.fails("CreateUser", s.Repo.CreateUser(t.Context(), u, created(u)), users.ErrEmailTaken)
	_, err := s.Repo.UpdateUser(t.Context(), "user-2", func(u users.User) (users.User, users.Change, error) {
		u.Email = "ana@example.com"
		return u, users.Change{}, nil
	})
	s.fails("UpdateUser", err, users.ErrEmailTaken)
	_, err = s.Repo.User(t.Context(), "user-3")
	s.fails("User", err, users.ErrUserNotFound)
	s.equal("number of events", len(s.events()), 2)
	s.equal("history", s.history("user-3"), []users.Entry(nil))
}

func tombstone(t *testing.T, s *suite) {
	for _, id := range []string{"user-1", "user-2"} { // one address, one life after the other
		s.signUp(id, "ana@example.com")
		s.login(id, "session-"+id, "token-"+id)
		s.erase(id)
		got, err := s.Repo.User(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		at := base().Add(time.Hour)
		s.equal("tombstone", got, users.User{ID: id, Version: 2, CreatedAt: base(), UpdatedAt: at, DeletedAt: at})
		_, err = s.Repo.UserByEmail(t.Context(), "ana@example.com")
		s.fails("UserByEmail", err, users.ErrUserNotFound)
		_, err = s.Repo.Grant(t.Context(), users.HashToken("token-"+id))
		s.fails("Grant", err, users.ErrInvalidRefreshToken)
		s.equal("history", s.history(id), []users.Entry(nil))
	}
	s.equal("number of events", len(s.events()), 4)
}

func rollback(t *testing.T, s *suite) {
	before := s.signUp("user-1", "ana@example.com")
	u := newUser(unencodable, "bea@example.com")
	err := s.Repo.CreateUser(t.Context(), u, created(u))
	if !errors.Is(err, errEncode) {
		t.Errorf("CreateUser: got %v, want the encoder's error", err)
	}
	_, err = s.Repo.User(t.Context(), u.ID)
	s.fails("User", err, users.ErrUserNotFound)
	s.equal("history", s.history(u.ID), []users.Entry(nil))

	own := errors.New("the update does not want to")
	for name, fail := range map[string]func(users.User) (users.User, users.Change, error){
		"own error": func(u users.User) (users.User, users.Change, error) {
			return u.Tombstone(base()), users.Change{Erase: true, Events: []users.Event{users.UserDeleted{UserID: u.ID}}}, own
		},
		"encoder's error": func(u users.User) (users.User, users.Change, error) {
			return u.Tombstone(base()), users.Change{Erase: true, Events: []users.Event{users.UserCreated{UserID: unencodable}}}, nil
		},
	} {
		_, err := s.Repo.UpdateUser(t.Context(), "user-1", fail)
		if !errors.Is(err, own) && !errors.Is(err, errEncode) {
			t.Errorf("%s: UpdateUser returned %v", name, err)
		}
		after, err := s.Repo.User(t.Context(), "user-1")
		if err != nil {
			t.Fatal(err)
		}
		s.equal(name+": the account", after, before)
		s.equal(name+": number of entries", len(s.history("user-1")), 1)
	}
	s.equal("number of events", len(s.events()), 1)
}

func wakeUp(t *testing.T, s *suite) {
	woken := func() bool {
		select {
		case <-s.Signal.Woken():
			return true
		default:
			return false
		}
	}
	s.signUp("user-1", "ana@example.com")
	if !woken() {
		t.Error("a sign-up wakes nobody")
	}
	s.update("user-1", func(u users.User) (users.User, users.Change) { return u.Renamed("Ana", base()), users.Change{} })
	if woken() {
		t.Error("a change without events wakes the relay")
	}
	s.erase("user-1")
	if !woken() {
		t.Error("a deletion wakes nobody")
	}
}

func admin(t *testing.T, s *suite) {
	has := func(want bool) {
		t.Helper()
		got, err := s.Repo.HasAdmin(t.Context())
		if err != nil || got != want {
			t.Errorf("HasAdmin = %v, %v; want %v", got, err, want)
		}
	}
	has(false)
	s.signUp("user-1", "ana@example.com")
	has(false)
	u := newUser("user-2", "root@example.com")
	u.Roles = []string{users.RoleUser, users.RoleAdmin}
	if err := s.Repo.CreateUser(t.Context(), u, created(u)); err != nil {
		t.Fatal(err)
	}
	has(true)
	s.erase("user-2")
	has(false)
}

func endedCall(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u := newUser("user-2", "bea@example.com")
	if err := s.Repo.CreateUser(ctx, u, created(u)); !errors.Is(err, context.Canceled) {
		t.Errorf("CreateUser: got %v, want context.Canceled", err)
	}
	_, err := s.Repo.User(t.Context(), "user-2")
	s.fails("User", err, users.ErrUserNotFound)
	if _, err := s.Repo.User(ctx, "user-1"); !errors.Is(err, context.Canceled) {
		t.Errorf("User: got %v, want context.Canceled", err)
	}
}

func signUpRace(t *testing.T, s *suite) {
	var (
		mu    sync.Mutex
		made  []string
		taken int
	)
	race(func(i int) {
		u := newUser(fmt.Sprint("user-", i), "ana@example.com")
		err := s.Repo.CreateUser(t.Context(), u, created(u))
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			made = append(made, u.ID)
		case errors.Is(err, users.ErrEmailTaken):
			taken++
		default:
			t.Errorf("CreateUser: %v", err)
		}
	})
	if len(made) != 1 || taken != workers-1 {
		t.Fatalf("%d accounts were made and %d refused; want 1 and %d", len(made), taken, workers-1)
	}
	u, err := s.Repo.UserByEmail(t.Context(), "ana@example.com")
	if err != nil || u.ID != made[0] {
		t.Errorf("the address is %q's, %v; want %q's", u.ID, err, made[0])
	}
	s.equal("number of events", len(s.events()), 1)
}

func updateRace(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	race(func(int) {
		s.update("user-1", func(u users.User) (users.User, users.Change) { return u.Renamed(u.Name+"!", base()), users.Change{} })
	})
	u, err := s.Repo.User(t.Context(), "user-1")
	if err != nil || u.Version != workers+1 {
		t.Errorf("version %d, %v; want %d", u.Version, err, workers+1)
	}
}

// race runs f in all workers at once.
func race(f func(worker int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range workers {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}
