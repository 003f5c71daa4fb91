package security_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gamestore.example/users"
)

// TestSecurity03 is about refresh tokens.
func TestSecurity03(t *testing.T) {
	h := open(t, setup{})
	c := h.at("near")
	c.join("ana@example.com")
	refresh := func(token string) answer {
		return c.do(http.MethodPost, "/api/auth/refresh", `{"refreshToken": "`+token+`"}`)
	}
	t.Run("random, and stored as a hash alone", func(t *testing.T) {
		_, token := c.login("ana@example.com")
		if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) < 16 {
			t.Errorf("%q is not 128 random bits: %v", token, err)
		}
		h.absent(token)
	})
	t.Run("one used twice ends its family", func(t *testing.T) {
		_, first := c.login("ana@example.com")
		second := refresh(first)
		if second.status != http.StatusOK || second.str("refreshToken") == first {
			t.Fatalf("%d %s", second.status, second.text)
		}
		if a := refresh(first); a.status != http.StatusUnauthorized {
			t.Errorf("a used token: %d %s", a.status, a.text)
		}
		if a := refresh(second.str("refreshToken")); a.status != http.StatusUnauthorized {
			t.Errorf("the family lives on: %d %s", a.status, a.text)
		}
	})
	t.Run("of many at once one wins, and then the family has ended", func(t *testing.T) {
		_, token := c.login("ana@example.com")
		var won atomic.Int64
		var next atomic.Value
		var crowd sync.WaitGroup
		for range 16 {
			crowd.Go(func() {
				a := refresh(token)
				switch a.status {
				case http.StatusOK:
					won.Add(1)
					next.Store(a.str("refreshToken"))
				case http.StatusUnauthorized:
				default:
					t.Errorf("%d %s", a.status, a.text)
				}
			})
		}
		crowd.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d have won", won.Load())
		}
		if a := refresh(next.Load().(string)); a.status != http.StatusUnauthorized {
			t.Errorf("the family lives on: %d", a.status)
		}
	})
	t.Run("rotation does not prolong a session", func(t *testing.T) {
		_, token := c.login("ana@example.com")
		for range 3 {
			h.clock.advance(users.DefaultSessionTTL / 4)
			a := refresh(token)
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.text)
			}
			token = a.str("refreshToken")
		}
		h.clock.advance(users.DefaultSessionTTL/4 + time.Second)
		if a := refresh(token); a.status != http.StatusUnauthorized {
			t.Errorf("past its end: %d %s", a.status, a.text)
		}
	})
}

// absent fails if a secret is in a file of the house or in its log.
func (h *house) absent(secrets ...string) {
	h.t.Helper()
	h.must(filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				h.t.Errorf("%.12s… is in %s", secret, path)
			}
		}
		return err
	}))
	for _, secret := range secrets {
		if bytes.Contains([]byte(h.log.String()), []byte(secret)) {
			h.t.Errorf("%.12s… is in the log", secret)
		}
	}
}
