package users_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

func TestLogin(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	tokens := f.login(" ANA@example.com", password)
	if tokens.Access.Value == "" || tokens.ExpiresIn != 15*time.Minute || len(tokens.Refresh) < 22 {
		t.Errorf("got %+v", tokens)
	}
	if other := f.login(email, password); other.Refresh == tokens.Refresh || other.Access.ID == tokens.Access.ID {
		t.Error("two logins share a token")
	}
}

func TestUnknownAddressAndWrongPasswordCannotBeToldApart(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	try := func(email, password string) error {
		_, err := f.Login(t.Context(), users.Login{Email: email, Password: password})
		return err
	}
	wrong, unknown, nonsense := try(email, "not the password"), try("bea@example.com", password), try("no address", password)
	for name, err := range map[string]error{"wrong": wrong, "unknown": unknown, "nonsense": nonsense} {
		var e *errs.Error
		if !errors.As(err, &e) || e.Class != errs.Unauthenticated || e.Error() != users.ErrInvalidCredentials.Error() || len(e.Details) > 0 {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// The same work: each of the three asked the hasher once.
	if got := f.hasher.Verified(); len(got) != 3 || got[0] == "" || got[1] != "" || got[2] != "" {
		t.Errorf("verified hashes %q", got)
	}
}

func TestLoginNamesMissingFields(t *testing.T) {
	f := newFixture(t)
	_, err := f.Login(t.Context(), users.Login{})
	wantFields(t, "Login", err, "email", "password")
}

func TestGuessingIsSlowedDownButNeverLocksOut(t *testing.T) {
	for name, target := range map[string]string{"an account": email, "nobody": "bea@example.com"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.signUp(email)
			f.signUp("cleo@example.com")
			login := func(email, password string) error {
				_, err := f.Login(t.Context(), users.Login{Email: email, Password: password})
				return err
			}
			for range 10 {
				wantError(t, "a guess", login(target, "a wrong password"), users.ErrInvalidCredentials)
			}
			err := login(target, password) // even the right one
			wantError(t, "the guess after", err, users.ErrTooManyAttempts)
			var e *errs.Error
			if errors.As(err, &e) && (e.RetryAfter <= 0 || e.RetryAfter > 30*time.Second) {
				t.Errorf("told to wait %v", e.RetryAfter)
			}
			f.login("cleo@example.com", password) // others are not concerned
			f.clock.Advance(30 * time.Second)
			if err := login(target, password); errors.Is(err, users.ErrTooManyAttempts) {
				t.Error("still locked out after 30 s")
			}
		})
	}
}

func TestWhatTellsNothingAboutThePasswordIsNotCounted(t *testing.T) {
	f := newFixture(t)
	f.signUp(email)
	for range 30 {
		f.login(email, password)
	}
	f.hasher.FailWith(users.ErrBusy)
	for range 30 {
		_, err := f.Login(t.Context(), users.Login{Email: email, Password: "a guess"})
		wantError(t, "Login while busy", err, users.ErrBusy)
	}
	f.hasher.FailWith(nil)
	f.login(email, password)
}

func TestAStaleHashIsRenewedByALogin(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	f.hasher.Version = "2"
	f.login(email, password)
	renewed, err := f.repo.User(t.Context(), u.ID)
	if err != nil || f.hasher.Stale(renewed.PasswordHash) {
		t.Errorf("the hash is %q, %v", renewed.PasswordHash, err)
	}
	f.login(email, password)
	if again, _ := f.repo.User(t.Context(), u.ID); again.Version != renewed.Version {
		t.Error("a login with a fresh hash changes the account")
	}
}

func TestChangePassword(t *testing.T) {
	const changed = "another long password"
	f := newFixture(t)
	u := f.signUp(email)
	mine, other := f.login(email, password), f.login(email, password)
	change := func(accessID, current, changed string) error {
		return f.ChangePassword(t.Context(), users.ChangePassword{UserID: u.ID, AccessID: accessID, Current: current, Changed: changed})
	}
	wantError(t, "a wrong current password", change(mine.Access.ID, "not the password", changed), users.ErrWrongPassword)
	wantFields(t, "nothing", change(mine.Access.ID, "", ""), "currentPassword", "newPassword")
	wantFields(t, "a common one", change(mine.Access.ID, password, "password1"), "newPassword")
	f.clock.Advance(time.Second)
	if err := change(mine.Access.ID, password, changed); err != nil {
		t.Fatal(err)
	}
	if kinds := f.kinds(u.ID); !slices.Equal(kinds, []users.EntryKind{users.PasswordChanged, users.SignedUp}) {
		t.Errorf("history %v", kinds)
	}
	_, err := f.refresh(other.Refresh)
	wantError(t, "another session", err, users.ErrInvalidRefreshToken)
	if _, err := f.refresh(mine.Refresh); err != nil {
		t.Errorf("the own session: %v", err)
	}
	_, err = f.Login(t.Context(), users.Login{Email: email, Password: password})
	wantError(t, "the old password", err, users.ErrInvalidCredentials)
	f.login(email, changed)
}

func TestGuessingTheCurrentPasswordIsSlowedDownToo(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	c := users.ChangePassword{UserID: u.ID, Current: "a guess", Changed: "another long password"}
	for range 10 {
		wantError(t, "a guess", f.ChangePassword(t.Context(), c), users.ErrWrongPassword)
	}
	wantError(t, "the guess after", f.ChangePassword(t.Context(), c), users.ErrTooManyAttempts)
}

// racing lets something happen between the verification of a password and what
// follows.
type racing struct {
	users.Hasher
	then func()
}

func (r *racing) Verify(ctx context.Context, hash, password string) (bool, error) {
	ok, err := r.Hasher.Verify(ctx, hash, password)
	if r.then != nil {
		then := r.then
		r.then = nil
		then()
	}
	return ok, err
}

func TestAPasswordThatIsChangedWhileItIsVerifiedOpensNothing(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	hasher := &racing{Hasher: f.hasher}
	slow := f.with(hasher)
	change := users.ChangePassword{UserID: u.ID, Current: password, Changed: "another long password"}
	hasher.then = func() {
		if err := f.ChangePassword(t.Context(), change); err != nil {
			t.Error(err)
		}
	}
	_, err := slow.Login(t.Context(), users.Login{Email: email, Password: password})
	wantError(t, "Login with the old password", err, users.ErrInvalidCredentials)

	hasher.then = func() {
		if err := f.DeleteAccount(t.Context(), users.DeleteAccount{UserID: u.ID}); err != nil {
			t.Error(err)
		}
	}
	change.Current, change.Changed = change.Changed, "yet another password"
	wantError(t, "ChangePassword of a tombstone", slow.ChangePassword(t.Context(), change), users.ErrNoAccount)
}
