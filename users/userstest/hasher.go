package userstest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

// RunHasher checks what every users.Hasher promises.
func RunHasher(t *testing.T, newHasher func(t *testing.T) users.Hasher) {
	t.Run("AHashIsOneOfItsPasswordOnly", func(t *testing.T) { hashMatches(t, newHasher(t)) })
	t.Run("TwoHashesOfOnePasswordDiffer", func(t *testing.T) { hashesAreSalted(t, newHasher(t)) })
	t.Run("AnEmptyHashIsNobodys", func(t *testing.T) { emptyHash(t, newHasher(t)) })
	t.Run("AMalformedHashIsInternal", func(t *testing.T) { malformedHash(t, newHasher(t)) })
	t.Run("AFreshHashIsNotStale", func(t *testing.T) { freshHash(t, newHasher(t)) })
	t.Run("AnEndedContextIsHeeded", func(t *testing.T) { endedContext(t, newHasher(t)) })
}

func mustHash(t *testing.T, h users.Hasher, password string) string {
	t.Helper()
	hash, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatalf("Hash: %v", err)
	}
	return hash
}

func hashMatches(t *testing.T, h users.Hasher) {
	const password = "pässwörd with 🔑 and spaces "
	hash := mustHash(t, h, password)
	if strings.Contains(hash, "pässwörd") {
		t.Error("the hash contains the password")
	}
	for candidate, want := range map[string]bool{
		password: true, password + " ": false, strings.TrimSpace(password): false,
		strings.ToUpper(password): false, "": false, hash: false,
	} {
		got, err := h.Verify(t.Context(), hash, candidate)
		if err != nil || got != want {
			t.Errorf("Verify(%q) = %v, %v; want %v", candidate, got, err, want)
		}
	}
}

func hashesAreSalted(t *testing.T, h users.Hasher) {
	const password = "the same for both"
	first, second := mustHash(t, h, password), mustHash(t, h, password)
	if first == second {
		t.Error("two hashes of one password are equal: there is no salt")
	}
	for _, hash := range []string{first, second} {
		if ok, err := h.Verify(t.Context(), hash, password); !ok || err != nil {
			t.Errorf("Verify = %v, %v; want true", ok, err)
		}
	}
}

func emptyHash(t *testing.T, h users.Hasher) {
	for _, password := range []string{"", "anything at all"} {
		if ok, err := h.Verify(t.Context(), "", password); ok || err != nil {
			t.Errorf("Verify of an empty hash with %q = %v, %v; want false", password, ok, err)
		}
	}
}

// malformedHash wants hashes whose parts are divided by "$", as in the PHC string form.
func malformedHash(t *testing.T, h users.Hasher) {
	good := mustHash(t, h, "some password")
	for _, hash := range []string{"nonsense", "$argon2id$", good + "!", good[1:], good[:strings.LastIndex(good, "$")], strings.Replace(good, "$", "", 1)} {
		ok, err := h.Verify(t.Context(), hash, "some password")
		if ok || err == nil || errs.ClassOf(err) != errs.Internal {
			t.Errorf("Verify of %q = %v, %v; want an Internal error", hash, ok, err)
		}
		if err != nil && strings.Contains(err.Error(), hash) {
			t.Errorf("the error repeats the hash: %v", err)
		}
	}
}

func freshHash(t *testing.T, h users.Hasher) {
	if h.Stale(mustHash(t, h, "some password")) {
		t.Error("a hash made just now is stale")
	}
	if !h.Stale("nonsense") {
		t.Error("what is no hash is not stale")
	}
}

func endedContext(t *testing.T, h users.Hasher) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, "some password"); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash with an ended context: %v; want context.Canceled", err)
	}
	if _, err := h.Verify(ctx, "", "some password"); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify with an ended context: %v; want context.Canceled", err)
	}
}
