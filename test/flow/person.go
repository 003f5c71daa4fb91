package flow

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"gamestore.example/pkg/auth"
	"gamestore.example/users"
)

// Every store that a Driver reaches has this admin.
const (
	AdminEmail    = "admin@gamestore.example"
	AdminPassword = "the-admins-own-passphrase"
)

// password is everybody else's.
const password = "correct horse battery staple"

// Person is somebody with an account who has logged in.
type Person struct {
	ID    string
	Email string
	// Tokens are those of the last login.
	Tokens users.Tokens
	// Ctx carries the access token. It ends with the test.
	Ctx context.Context
}

// Join signs a new person up and logs in.
func Join(t testing.TB, d Driver, name string) Person {
	t.Helper()
	email := strings.ToLower(name) + "." + uuid.NewString() + "@example.com"
	u, err := d.Users.SignUp(t.Context(), users.SignUp{Email: email, Password: password, Name: name})
	if err != nil {
		t.Fatalf("%s signs up: %v", name, err)
	}
	p := LogIn(t, d, email, password)
	p.ID = u.ID
	return p
}

// Admin logs the admin in.
func Admin(t testing.TB, d Driver) Person {
	t.Helper()
	return LogIn(t, d, AdminEmail, AdminPassword)
}

// LogIn logs somebody in. The ID stays empty: tokens are opaque to clients.
func LogIn(t testing.TB, d Driver, email, password string) Person {
	t.Helper()
	tokens, err := d.Users.Login(t.Context(), users.Login{Email: email, Password: password})
	if err != nil {
		t.Fatalf("%s logs in: %v", email, err)
	}
	return Person{Email: email, Tokens: tokens, Ctx: auth.WithToken(t.Context(), tokens.Access.Value)}
}

// Again logs the person in once more, since access tokens do not live for long.
func (p Person) Again(t testing.TB, d Driver) Person {
	t.Helper()
	again := LogIn(t, d, p.Email, password)
	again.ID = p.ID
	return again
}
