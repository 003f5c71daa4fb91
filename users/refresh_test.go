package users_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gamestore.example/users"
)

func TestRefreshRotates(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	token := f.login(email, password).Refresh
	seen := map[string]bool{token: true}
	for range 5 {
		next, err := f.refresh(token)
		if err != nil {
			t.Fatal(err)
		}
		if seen[next.Refresh] || next.ExpiresIn <= 0 || next.Access.Value == "" {
			t.Fatalf("got %+v", next)
		}
		token = next.Refresh
		seen[token] = true
	}
}

func TestARotatedTokenThatComesBackEndsTheWholeSession(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	other := f.login(email, password)
	first := f.login(email, password).Refresh
	second, err := f.refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	third, err := f.refresh(second.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.refresh(first)
	wantError(t, "the reuse", err, users.ErrRefreshTokenReused)
	for name, token := range map[string]string{"first": first, "second": second.Refresh, "third": third.Refresh} {
		_, err := f.refresh(token)
		wantError(t, name, err, users.ErrInvalidRefreshToken)
	}
	if _, err := f.refresh(other.Refresh); err != nil {
		t.Errorf("another session of the account: %v", err)
	}
}

func TestOfTwoRefreshesAtOnceOneWinsAndTheSessionEnds(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	token := f.login(email, password).Refresh
	results := make([]error, 2)
	winner := make([]users.Tokens, 2)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { winner[i], results[i] = f.refresh(token) })
	}
	wg.Wait()
	won := 0
	for i, err := range results {
		switch {
		case err == nil:
			won++
			_, err := f.refresh(winner[i].Refresh)
			wantError(t, "the winner's new token", err, users.ErrInvalidRefreshToken)
		case !errors.Is(err, users.ErrRefreshTokenReused):
			t.Errorf("the loser got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of two refreshes won", won)
	}
}

func TestASessionEndsAfterThirtyDaysWhateverHappens(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	token := f.login(email, password).Refresh
	for range 29 {
		f.clock.Advance(24 * time.Hour)
		next, err := f.refresh(token)
		if err != nil {
			t.Fatal(err)
		}
		token = next.Refresh
	}
	f.clock.Advance(24*time.Hour - time.Microsecond)
	last, err := f.refresh(token)
	if err != nil {
		t.Fatalf("just before its end: %v", err)
	}
	f.clock.Advance(time.Microsecond)
	_, err = f.refresh(last.Refresh)
	wantError(t, "after 30 days", err, users.ErrInvalidRefreshToken)
}

func TestLogoutEndsTheSessionAndIsIdempotent(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	first := f.login(email, password).Refresh
	second, err := f.refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first, second.Refresh, second.Refresh, "unknown", strings.Repeat("x", 10_000)} {
		if err := f.Logout(t.Context(), users.Logout{Token: token}); err != nil {
			t.Errorf("Logout: %v", err)
		}
	}
	_, err = f.refresh(second.Refresh)
	wantError(t, "after the logout", err, users.ErrInvalidRefreshToken)
}

func TestWhatIsNoRefreshTokenIsRefused(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	tokens := f.login(email, password)
	for name, token := range map[string]string{
		"unknown": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "access token": tokens.Access.Value,
		"another case": strings.ToUpper(tokens.Refresh), "long": strings.Repeat("x", 10_000), "with a space": tokens.Refresh + " ",
	} {
		_, err := f.refresh(token)
		wantError(t, name, err, users.ErrInvalidRefreshToken)
	}
	_, err := f.refresh("")
	wantFields(t, "Refresh of nothing", err, "refreshToken")
	wantFields(t, "Logout of nothing", f.Logout(t.Context(), users.Logout{}), "refreshToken")
	if _, err := f.refresh(tokens.Refresh); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}
