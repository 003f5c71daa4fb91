package users_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gamestore.example/users"
)

func TestSignUp(t *testing.T) {
	f := newFixture(t)
	u, err := f.SignUp(t.Context(), users.SignUp{Email: " Ana.LIMA@Example.COM ", Password: password, Name: "  Ana Lima "})
	if err != nil {
		t.Fatal(err)
	}
	if u.ID == "" || u.Email != "ana.lima@example.com" || u.Name != "Ana Lima" || len(u.Roles) != 1 || u.Roles[0] != "user" ||
		!u.CreatedAt.Equal(f.clock.Now()) || strings.Contains(u.PasswordHash, "Ana") || u.PasswordHash == password {
		t.Errorf("got %+v", u)
	}
	f.wantEvents("UserCreated")
	if kinds := f.kinds(u.ID); len(kinds) != 1 || kinds[0] != users.SignedUp {
		t.Errorf("history %v", kinds)
	}
	_, err = f.SignUp(t.Context(), users.SignUp{Email: "ANA.lima@example.com", Password: password, Name: "Another"})
	wantError(t, "the same address again", err, users.ErrEmailTaken)
	f.wantEvents("UserCreated")
}

func TestSignUpNamesEachBadField(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	good := users.SignUp{Email: email, Password: password, Name: "Ana"}
	for name, tc := range map[string]struct {
		change func(*users.SignUp)
		want   []string
	}{
		"nothing at all":             {func(c *users.SignUp) { *c = users.SignUp{} }, []string{"email", "password", "name"}},
		"no at sign":                 {func(c *users.SignUp) { c.Email = "ana.example.com" }, []string{"email"}},
		"two at signs":               {func(c *users.SignUp) { c.Email = "ana@b@example.com" }, []string{"email"}},
		"no domain":                  {func(c *users.SignUp) { c.Email = "ana@" }, []string{"email"}},
		"no dot in the domain":       {func(c *users.SignUp) { c.Email = "ana@localhost" }, []string{"email"}},
		"empty label":                {func(c *users.SignUp) { c.Email = "ana@example..com" }, []string{"email"}},
		"label with a hyphen's end":  {func(c *users.SignUp) { c.Email = "ana@example-.com" }, []string{"email"}},
		"long label":                 {func(c *users.SignUp) { c.Email = "ana@" + strings.Repeat("a", 64) + ".com" }, []string{"email"}},
		"empty atom":                 {func(c *users.SignUp) { c.Email = ".ana@example.com" }, []string{"email"}},
		"quoted local part":          {func(c *users.SignUp) { c.Email = `"ana lima"@example.com` }, []string{"email"}},
		"display name":               {func(c *users.SignUp) { c.Email = "Ana <ana@example.com>" }, []string{"email"}},
		"address literal":            {func(c *users.SignUp) { c.Email = "ana@[127.0.0.1]" }, []string{"email"}},
		"a header's line":            {func(c *users.SignUp) { c.Email = "ana@example.com\r\nBcc: all@example.com" }, []string{"email"}},
		"letters that become ASCII":  {func(c *users.SignUp) { c.Email = "\u212aate@example.com" }, []string{"email"}},
		"long local part":            {func(c *users.SignUp) { c.Email = strings.Repeat("a", 65) + "@example.com" }, []string{"email"}},
		"address of 255 characters":  {func(c *users.SignUp) { c.Email = longEmail(255) }, []string{"email"}},
		"password of 7 characters":   {func(c *users.SignUp) { c.Password = long(7) }, []string{"password"}},
		"password of 129 characters": {func(c *users.SignUp) { c.Password = long(129) }, []string{"password"}},
		"common password":            {func(c *users.SignUp) { c.Password = "PassWord123" }, []string{"password"}},
		"keyboard run":               {func(c *users.SignUp) { c.Password = "qwertyuiop" }, []string{"password"}},
		"digits":                     {func(c *users.SignUp) { c.Password = "12345678" }, []string{"password"}},
		"password that is no text":   {func(c *users.SignUp) { c.Password = "bad \xff bytes here" }, []string{"password"}},
		"blank name":                 {func(c *users.SignUp) { c.Name = " \t " }, []string{"name"}},
		"name of 101 characters":     {func(c *users.SignUp) { c.Name = long(101) }, []string{"name"}},
		"name with a line break":     {func(c *users.SignUp) { c.Name = "Ana\nLima" }, []string{"name"}},
		"name that turns the text":   {func(c *users.SignUp) { c.Name = "Ana\u202eamiL" }, []string{"name"}},
		"name that is no text":       {func(c *users.SignUp) { c.Name = "Ana \xff" }, []string{"name"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			c := good
			tc.change(&c)
			_, err := f.SignUp(t.Context(), c)
			wantFields(t, "SignUp", err, tc.want...)
			f.wantEvents()
		})
	}
}

// longEmail returns a valid address of n characters.
func longEmail(n int) string {
	label := strings.Repeat("a", 50) + "."
	s := "ana@" + strings.Repeat(label, 4)
	return s + strings.Repeat("b", n-len(s)-4) + ".com"
}

func TestSignUpTakesWhatIsJustAllowed(t *testing.T) {
	for name, c := range map[string]users.SignUp{
		"longest address":   {Email: longEmail(254), Password: password, Name: "A"},
		"unusual address":   {Email: "a+b_c!#$%&'*/=?^`{|}~-@xn--bcher-kva.example", Password: password, Name: "A"},
		"shortest password": {Email: email, Password: "é€🔑漢字ßøł", Name: "A"},
		"longest password":  {Email: email, Password: strings.Repeat("🔑", 128), Name: "A"},
		"spaces alone":      {Email: email, Password: strings.Repeat(" ", 8), Name: "A"},
		"longest name":      {Email: email, Password: password, Name: strings.Repeat("漢", 100)},
		"name with joiners": {Email: email, Password: password, Name: "می\u200cخواهم 👩\u200d🚀"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			u, err := f.SignUp(t.Context(), c)
			if err != nil || u.Name != c.Name {
				t.Fatalf("SignUp = %+v, %v", u, err)
			}
			f.login(c.Email, c.Password)
		})
	}
}

func TestTwentySignUpsOfOneAddressMakeOneAccount(t *testing.T) {
	f := newFixture(t)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		made int
	)
	for range 20 {
		wg.Go(func() {
			_, err := f.SignUp(t.Context(), users.SignUp{Email: email, Password: password, Name: "Ana"})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !errors.Is(err, users.ErrEmailTaken) {
				t.Errorf("SignUp: %v", err)
			}
		})
	}
	wg.Wait()
	if made != 1 {
		t.Errorf("%d accounts were made", made)
	}
	f.wantEvents("UserCreated")
}

func TestProfileAndItsUpdate(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	f.clock.Advance(time.Minute)
	changed, err := f.UpdateProfile(t.Context(), users.UpdateProfile{UserID: u.ID, Name: " Ana Lima "})
	if err != nil || changed.Name != "Ana Lima" || changed.Version != 2 || !changed.UpdatedAt.Equal(f.clock.Now()) || changed.Email != email {
		t.Errorf("UpdateProfile = %+v, %v", changed, err)
	}
	read, err := f.Profile(t.Context(), users.GetProfile{UserID: u.ID})
	if err != nil || read.Name != "Ana Lima" {
		t.Errorf("Profile = %+v, %v", read, err)
	}
	_, err = f.UpdateProfile(t.Context(), users.UpdateProfile{UserID: u.ID})
	wantFields(t, "no name", err, "name")
}

func TestADeletedAccountIsATombstone(t *testing.T) {
	f := newFixture(t)
	u := f.signUp(email)
	tokens := f.login(email, password)
	if err := f.DeleteAccount(t.Context(), users.DeleteAccount{UserID: u.ID}); err != nil {
		t.Fatal(err)
	}
	f.wantEvents("UserCreated", "UserDeleted")

	left, err := f.repo.User(t.Context(), u.ID)
	if err != nil || !left.Deleted() || left.Email != "" || left.Name != "" || left.PasswordHash != "" || left.Roles != nil {
		t.Errorf("the tombstone is %+v, %v", left, err)
	}
	if entries, err := f.repo.History(t.Context(), u.ID, users.Position{}, 10); err != nil || len(entries) > 0 {
		t.Errorf("the history is %v, %v", entries, err)
	}
	_, err = f.repo.Grant(t.Context(), users.HashToken(tokens.Refresh))
	wantError(t, "the session", err, users.ErrInvalidRefreshToken)
	nobody(t, f, u.ID)
	_, err = f.refresh(tokens.Refresh)
	wantError(t, "Refresh", err, users.ErrInvalidRefreshToken)
	_, err = f.Login(t.Context(), users.Login{Email: email, Password: password})
	wantError(t, "Login", err, users.ErrInvalidCredentials)

	again := f.signUp(email)
	if again.ID == u.ID {
		t.Error("the new account has the old id")
	}
	if kinds := f.kinds(again.ID); len(kinds) != 1 {
		t.Errorf("the new account has the history %v", kinds)
	}
	nobody(t, f, u.ID)
}

// nobody checks that no call of an account's owner works.
func nobody(t *testing.T, f *fixture, id string) {
	t.Helper()
	ctx := t.Context()
	_, err := f.Profile(ctx, users.GetProfile{UserID: id})
	wantError(t, "Profile", err, users.ErrNoAccount)
	_, err = f.UpdateProfile(ctx, users.UpdateProfile{UserID: id, Name: "Ana"})
	wantError(t, "UpdateProfile", err, users.ErrNoAccount)
	err = f.ChangePassword(ctx, users.ChangePassword{UserID: id, Current: password, Changed: "another long password"})
	wantError(t, "ChangePassword", err, users.ErrNoAccount)
	wantError(t, "DeleteAccount", f.DeleteAccount(ctx, users.DeleteAccount{UserID: id}), users.ErrNoAccount)
	_, err = f.History(ctx, users.GetHistory{UserID: id})
	wantError(t, "History", err, users.ErrNoAccount)
}

func TestNobodyKnownIsNoAccount(t *testing.T) { nobody(t, newFixture(t), "id-of-nobody") }

func TestNewWantsItsDependencies(t *testing.T) {
	if _, err := users.New(users.Deps{}); err == nil {
		t.Error("New without dependencies works")
	}
}
