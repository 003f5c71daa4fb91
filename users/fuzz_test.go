package users_test

import (
	"strings"
	"testing"

	"gamestore.example/users"
)

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "MS4x", "LTEuMQ", "nonsense", "MTc3MzUwMDE2NjUzNTg5Ny40Mg"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := users.ParseCursor(s)
		if err == nil && s != "" && p.Cursor() != s {
			t.Errorf("%q is taken and comes back as %q", s, p.Cursor())
		}
	})
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"", "ana@example.com", " ANA@Example.com ", "a@b@c.d", "\u212a@example.com", "a@-b.com", "a..b@c.de"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		email, problem := users.NormalizeEmail(s)
		if problem != "" {
			return
		}
		if again, problem := users.NormalizeEmail(email); again != email || problem != "" {
			t.Errorf("%q becomes %q, which becomes %q, %s", s, email, again, problem)
		}
		if email != strings.ToLower(email) || len(email) > users.MaxEmailLength || strings.Count(email, "@") != 1 || strings.ContainsAny(email, " \r\n\t\x00<>,;:\"") {
			t.Errorf("%q becomes %q", s, email)
		}
	})
}
