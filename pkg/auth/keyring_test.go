package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/auth"
)

// published returns the key ids of the ring's key set, oldest first.
func published(t *testing.T, ring *auth.Keyring) []string {
	t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

func signing(t *testing.T, ring *auth.Keyring) string {
	t.Helper()
	s, err := ring.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func TestAKeyIsPublishedThenSignsThenRetiresThenGoes(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	ring, err := auth.OpenKeyring(dir, c.now, auth.WithPublishDelay(5*time.Minute), auth.WithRetention(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	first := signing(t, ring) // the first key signs at once
	token, _, err := newIssuer(t, ring, c).Issue(t.Context(), "u1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	both := published(t, ring)
	if len(both) != 2 || both[0] != first || signing(t, ring) != first {
		t.Fatalf("after Rotate: published %v, signing %s, want %s to sign on", both, signing(t, ring), first)
	}
	if err := ring.Rotate(t.Context()); !errors.Is(err, auth.ErrRotationPending) {
		t.Errorf("a second Rotate gives %v, want %v", err, auth.ErrRotationPending)
	}
	c.advance(5 * time.Minute)
	if got := signing(t, ring); got != both[1] {
		t.Errorf("after the publish delay %s signs, want %s", got, both[1])
	}
	if _, err := newVerifier(t, ring, c).Verify(t.Context(), token); err != nil {
		t.Errorf("a token of the retired key: %v", err)
	}
	if _, err := auth.OpenKeyring(dir, c.now); err != nil {
		t.Fatal(err)
	}
	if n := privates(t, dir); n != 1 {
		t.Errorf("%d private keys are kept, want only the one that signs", n)
	}
	c.advance(time.Hour + auth.MaxLeeway)
	if diff := cmp.Diff(both, published(t, ring)); diff != "" {
		t.Errorf("the retired key went too early:\n%s", diff)
	}
	c.advance(time.Nanosecond)
	if diff := cmp.Diff(both[1:], published(t, ring)); diff != "" {
		t.Errorf("the retired key did not go:\n%s", diff)
	}
	if _, err := ring.Key(t.Context(), first); !errors.Is(err, auth.ErrUnknownKey) {
		t.Errorf("the key that has gone: %v", err)
	}
	// Whoever opens the ring next removes it from the file, too.
	if _, err := auth.OpenKeyring(dir, c.now, auth.WithRetention(time.Hour)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, auth.KeyringFile))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(first)) {
		t.Error("the key that has gone is still in the file")
	}
}

// privates counts the private keys in the file.
func privates(t *testing.T, dir string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, auth.KeyringFile))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(data, []byte(`"private"`))
}

func TestTheKeySetHasOnlyPublicMembers(t *testing.T) {
	ring := newRing(t, newClock())
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	key := set.Keys[0]
	delete(key, "x")
	delete(key, "kid")
	if diff := cmp.Diff(map[string]any{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig"}, key); diff != "" {
		t.Error(diff)
	}
	keys, err := auth.ParseJWKS(ring.JWKS())
	if err != nil || len(keys) != 1 {
		t.Errorf("it cannot be read back: %v, %v", keys, err)
	}
}

func TestAReopenedRingHasItsKeys(t *testing.T) {
	c := newClock()
	dir := filepath.Join(t.TempDir(), "deep", "keys")
	one, err := auth.OpenKeyring(dir, c.now)
	if err != nil {
		t.Fatal(err)
	}
	two, err := auth.OpenKeyring(dir, c.now)
	if err != nil {
		t.Fatal(err)
	}
	if signing(t, one) != signing(t, two) {
		t.Error("each open made a key of its own")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(e.Name(), ".tmp") {
			t.Errorf("%s was left behind", e.Name())
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
		}
	}
}

func TestARotationElsewhereIsSeenWithinASecond(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	server, err := auth.OpenKeyring(dir, c.now, auth.WithPublishDelay(0))
	if err != nil {
		t.Fatal(err)
	}
	cli, err := auth.OpenKeyring(dir, c.now, auth.WithPublishDelay(0))
	if err != nil {
		t.Fatal(err)
	}
	c.advance(time.Millisecond)
	if err := cli.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if signing(t, server) != signing(t, cli) || len(published(t, server)) != 2 {
		t.Error("the server did not take over the new key")
	}
}

func TestRotationsAtTheSameTimeLoseNoKey(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	const processes = 8
	var wg sync.WaitGroup
	for range processes {
		ring, err := auth.OpenKeyring(dir, c.now, auth.WithPublishDelay(0))
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := ring.Rotate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	ring, err := auth.OpenKeyring(dir, c.now)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(published(t, ring)); got != processes+1 {
		t.Errorf("%d keys, want %d", got, processes+1)
	}
}

func TestRotateGivesUpWithItsContext(t *testing.T) {
	ring := newRing(t, newClock())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	unlock := auth.LockKeyring(t, ring)
	defer unlock()
	if err := ring.Rotate(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestAKeyFileThatOthersCanReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such file modes")
	}
	c := newClock()
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644} {
		dir := t.TempDir()
		if _, err := auth.OpenKeyring(dir, c.now); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, auth.KeyringFile), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.OpenKeyring(dir, c.now); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: got %v, want an error that says what to do", mode, err)
		}
	}
}

func TestABrokenKeyFileIsRefusedAtStartAndHarmlessLater(t *testing.T) {
	for name, content := range map[string]string{
		"empty":           "",
		"cut off":         `{"version":1,"keys":[{"kid":"a"`,
		"no keys":         `{"version":1,"keys":[]}`,
		"unknown version": `{"version":2,"keys":[]}`,
		"bad seed":        `{"version":1,"keys":[{"kid":"a","alg":"EdDSA","public":"AAAA","private":"AAAA","signsFrom":"2026-01-01T00:00:00Z"}]}`,
		"other algorithm": `{"version":1,"keys":[{"kid":"a","alg":"HS256","signsFrom":"2026-01-01T00:00:00Z"}]}`,
		"halves differ": `{"version":1,"keys":[{"kid":"a","alg":"EdDSA","public":"` + strings.Repeat("A", 43) +
			`","private":"` + strings.Repeat("A", 43) + `","signsFrom":"2026-01-01T00:00:00Z"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			dir := t.TempDir()
			var log bytes.Buffer
			ring, err := auth.OpenKeyring(dir, c.now, auth.WithKeyringLogger(slog.New(slog.NewTextHandler(&log, nil))))
			if err != nil {
				t.Fatal(err)
			}
			before := signing(t, ring)
			path := filepath.Join(dir, auth.KeyringFile)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := auth.OpenKeyring(dir, c.now); err == nil {
				t.Error("it is opened")
			}
			c.advance(2 * time.Second)
			if got := signing(t, ring); got != before {
				t.Errorf("the running process signs with %q, want %q", got, before)
			}
			if !strings.Contains(log.String(), "keyring cannot be read") {
				t.Errorf("nothing in the log: %s", &log)
			}
		})
	}
}

func TestNoTokenMayOutliveItsKey(t *testing.T) {
	c := newClock()
	ring := newRing(t, c, auth.WithRetention(10*time.Minute))
	cfg := auth.IssuerConfig{Issuer: issuer, Audience: audience, TTL: 11 * time.Minute}
	if _, err := auth.NewIssuer(ring, cfg, c.now, counter()); err == nil {
		t.Error("a lifetime above the retention is accepted")
	}
	cfg.TTL = 10 * time.Minute
	if _, err := auth.NewIssuer(ring, cfg, c.now, counter()); err != nil {
		t.Error(err)
	}
}
