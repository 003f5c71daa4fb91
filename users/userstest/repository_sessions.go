package userstest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gamestore.example/users"
)

func refreshToken(token string) users.RefreshToken {
	return users.RefreshToken{Hash: users.HashToken(token), AccessID: "access of " + token, CreatedAt: base()}
}

// login opens a session with a first token.
func (s *suite) login(userID, sessionID, token string) users.Session {
	s.t.Helper()
	session := users.Session{ID: sessionID, UserID: userID, CreatedAt: base(), ExpiresAt: base().Add(24 * time.Hour)}
	s.update(userID, func(u users.User) (users.User, users.Change) {
		return u, users.Change{Open: &users.NewSession{Session: session, Token: refreshToken(token)}}
	})
	return session
}

func (s *suite) grant(token string) users.Grant {
	s.t.Helper()
	g, err := s.Repo.Grant(s.ctx(), users.HashToken(token))
	if err != nil {
		s.t.Fatalf("Grant of %s: %v", token, err)
	}
	return g
}

// rotate exchanges a token and returns what the domain says to it.
func (s *suite) rotate(token, next string) error {
	s.t.Helper()
	var refused error
	err := s.Repo.UpdateGrant(s.ctx(), users.HashToken(token), func(g *users.Grant) error {
		refused = g.Rotate(refreshToken(next), base().Add(time.Minute))
		return nil
	})
	return errors.Join(err, refused)
}

func grantRoundTrip(t *testing.T, s *suite) {
	u := s.signUp("user-1", "ana@example.com")
	session := s.login("user-1", "session-1", "token-1")
	s.equal("grant", s.grant("token-1"), users.Grant{User: u, Session: session, Token: refreshToken("token-1")})
	_, err := s.Repo.Grant(t.Context(), users.HashToken("token-2"))
	s.fails("Grant of an unknown token", err, users.ErrInvalidRefreshToken)
	s.fails("UpdateGrant of an unknown token", s.rotate("token-2", "token-3"), users.ErrInvalidRefreshToken)
}

func rotation(_ *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	s.login("user-1", "session-1", "token-1")
	if err := s.rotate("token-1", "token-2"); err != nil {
		s.t.Fatalf("the first rotation: %v", err)
	}
	s.equal("the old token's rotation", s.grant("token-1").Token.RotatedAt, base().Add(time.Minute))
	s.equal("the new token", s.grant("token-2").Token, refreshToken("token-2"))
	s.equal("the new token's session", s.grant("token-2").Session, s.grant("token-1").Session)

	s.fails("a reuse", s.rotate("token-1", "token-3"), users.ErrRefreshTokenReused)
	_, err := s.Repo.Grant(s.ctx(), users.HashToken("token-3"))
	s.fails("the token of a reuse", err, users.ErrInvalidRefreshToken)
	s.equal("the session's revocation", s.grant("token-2").Session.RevokedAt, base().Add(time.Minute))
	s.fails("the family's current token", s.rotate("token-2", "token-4"), users.ErrInvalidRefreshToken)
}

func rotationRollback(_ *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	s.login("user-1", "session-1", "token-1")
	before := s.grant("token-1")
	own := errors.New("the update does not want to")
	err := s.Repo.UpdateGrant(s.ctx(), users.HashToken("token-1"), func(g *users.Grant) error {
		g.Revoke(base())
		g.Token.RotatedAt = base()
		return own
	})
	if !errors.Is(err, own) {
		s.t.Errorf("UpdateGrant: got %v, want the update's error", err)
	}
	s.equal("grant", s.grant("token-1"), before)
}

func rotationRace(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	s.login("user-1", "session-1", "token-1")
	var (
		mu  sync.Mutex
		got = map[string]int{}
	)
	race(func(i int) {
		err := s.rotate("token-1", fmt.Sprint("next-", i))
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			got["won"]++
		case errors.Is(err, users.ErrRefreshTokenReused):
			got["reused"]++
		case errors.Is(err, users.ErrInvalidRefreshToken):
			got["revoked"]++
		default:
			t.Errorf("rotation: %v", err)
		}
	})
	s.equal("results", got, map[string]int{"won": 1, "reused": 1, "revoked": workers - 2})
	if s.grant("token-1").Session.RevokedAt.IsZero() {
		t.Error("the family is not revoked")
	}
}

func revocation(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	s.signUp("user-2", "bea@example.com")
	for user, sessions := range map[string][]string{"user-1": {"a", "b", "c"}, "user-2": {"d"}} {
		for _, name := range sessions {
			s.login(user, "session-"+name, "token-"+name)
		}
	}
	// An access token of before the rotation still belongs to its session.
	if err := s.rotate("token-b", "token-b2"); err != nil {
		t.Fatal(err)
	}
	open := func(tokens ...string) {
		t.Helper()
		for _, name := range []string{"a", "b", "c", "d"} {
			want := time.Time{}
			if !contains(tokens, name) {
				want = base()
			}
			s.equal("revocation of session "+name, s.grant("token-"+name).Session.RevokedAt, want)
		}
	}
	revoke := func(r users.Revocation) {
		s.update("user-1", func(u users.User) (users.User, users.Change) { return u, users.Change{Revoke: &r} })
	}
	revoke(users.Revocation{At: base(), ExceptAccessID: "access of token-b"})
	open("b", "d")
	revoke(users.Revocation{At: base().Add(time.Hour), ExceptAccessID: "access of token-b2"})
	open("b", "d") // and the time of the first revocation stays
	revoke(users.Revocation{At: base()})
	open("d")
	s.login("user-1", "session-e", "token-e")
	revoke(users.Revocation{At: base(), ExceptAccessID: "access of token-d"}) // somebody else's
	s.equal("session e", s.grant("token-e").Session.RevokedAt, base())
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func pruning(t *testing.T, s *suite) {
	s.signUp("user-1", "ana@example.com")
	for i := range 5 {
		s.login("user-1", fmt.Sprint("session-", i), fmt.Sprint("token-", i))
	}
	prune := func(before time.Time, limit, want int) {
		t.Helper()
		if n, err := s.Repo.PruneSessions(t.Context(), before, limit); n != want || err != nil {
			t.Errorf("PruneSessions = %d, %v; want %d", n, err, want)
		}
	}
	end := base().Add(24 * time.Hour)
	prune(end, 10, 0)
	prune(end.Add(time.Microsecond), 3, 3)
	prune(end.Add(time.Microsecond), 3, 2)
	prune(end.Add(time.Microsecond), 3, 0)
	for i := range 5 {
		_, err := s.Repo.Grant(t.Context(), users.HashToken(fmt.Sprint("token-", i)))
		s.fails("Grant", err, users.ErrInvalidRefreshToken)
	}
}
