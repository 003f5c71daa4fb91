package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gamestore.example/pkg/auth"
)

// nextVerifier knows one token of a user.
type nextVerifier struct{}

func (nextVerifier) Verify(_ context.Context, raw string) (auth.Principal, error) {
	if raw == "a user's" {
		return auth.Principal{UserID: "u", Roles: []string{auth.RoleUser}}, nil
	}
	return auth.Principal{}, auth.ErrTokenInvalid
}

func TestServiceTokens(t *testing.T) {
	old, fresh := strings.Repeat("0123456789abcdef", 2), strings.Repeat("f", 40)
	v, err := auth.NewServiceVerifier(nextVerifier{}, old+","+fresh)
	if err != nil {
		t.Fatal(err)
	}
	for token, service := range map[string]bool{
		old: true, fresh: true, "": false, old + "," + fresh: false, old[:31]: false, old + "0": false, "a user's": false,
	} {
		p, err := v.Verify(t.Context(), token)
		if p.IsService() != service || service && (err != nil || p.UserID != "" || p.IsAdmin()) {
			t.Errorf("%q: %+v, %v", token, p, err)
		}
	}
	if p, err := v.Verify(t.Context(), "a user's"); err != nil || p.UserID != "u" {
		t.Errorf("the token of a user: %+v, %v", p, err)
	}
	if _, err := v.Verify(t.Context(), "forged"); !errors.Is(err, auth.ErrTokenInvalid) {
		t.Errorf("a forged token: %v", err)
	}
}

func TestServiceTokensThatCanBeGuessed(t *testing.T) {
	good := strings.Repeat("g", 32)
	for _, tokens := range []string{"short", good + ",", "," + good, good + ", " + good, strings.Repeat("é", 32), good + "\n"} {
		if _, err := auth.NewServiceVerifier(nextVerifier{}, tokens); err == nil || strings.Contains(err.Error(), good) {
			t.Errorf("%q: %v", tokens, err)
		}
	}
	v, err := auth.NewServiceVerifier(nextVerifier{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := v.Verify(t.Context(), ""); err == nil || p.IsService() {
		t.Errorf("no tokens, and nothing is one: %+v, %v", p, err)
	}
}
