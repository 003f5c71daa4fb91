package security_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"gamestore.example/gateway"
	gatewayapp "gamestore.example/gateway/app"
)

// TestSecurity06 guesses passwords.
func TestSecurity06(t *testing.T) {
	t.Run("of one account", func(t *testing.T) {
		h := open(t, setup{})
		c := h.at("near")
		c.join("ana@example.com")
		var last answer
		for range 11 {
			last = c.do(http.MethodPost, "/api/auth/login", credentials("ana@example.com", "a wrong password"))
		}
		if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
			t.Fatalf("the 11th guess: %d %s", last.status, last.text)
		}
		// Another spelling and another door are the same account.
		for _, door := range []string{"far", "users"} {
			h.at(door).want(http.StatusTooManyRequests, http.MethodPost, "/api/auth/login", credentials("ANA@example.COM", passphrase))
		}
		// Others are not concerned, and nobody is locked out for good.
		c.login(adminEmail)
		h.clock.advance(time.Minute)
		c.login("ana@example.com")
	})
	limited := func(trusted string) setup {
		return setup{gateway: func(c *gatewayapp.Config) {
			c.AddressRates.Auth = gateway.Rate{PerMinute: 1, Burst: 5}
			c.TrustedProxies = trusted
		}}
	}
	// guess returns how many of some logins with addresses of their own were let in.
	guess := func(c caller) int {
		passed := 0
		for i := range 20 {
			address := fmt.Sprintf("203.0.113.%d", i)
			a := c.do(http.MethodPost, "/api/auth/login", credentials(fmt.Sprintf("nobody-%d@example.com", i), "a wrong password"),
				"X-Forwarded-For", address, "X-Real-Ip", address, "Forwarded", "for="+address, "True-Client-Ip", address, "X_Forwarded_For", address)
			if a.status != http.StatusTooManyRequests {
				passed++
			}
		}
		return passed
	}
	t.Run("of many from one address, which forges others", func(t *testing.T) {
		h := open(t, limited(""))
		for _, door := range []string{"near", "far"} {
			if n := guess(h.at(door)); n > 6 { // the bucket of 5 may have got one back meanwhile
				t.Errorf("%s: %d of 20 passed, want 5", door, n)
			}
		}
	})
	t.Run("strangers have no bucket in common", func(t *testing.T) {
		h := open(t, setup{gateway: func(c *gatewayapp.Config) { c.UserRates.Auth = gateway.Rate{PerMinute: 1, Burst: 5} }})
		for _, door := range []string{"near", "far"} {
			if n := guess(h.at(door)); n != 20 {
				t.Errorf("%s: %d of 20 who have no token passed a limit of users", door, n)
			}
		}
	})
	t.Run("through a proxy that is trusted", func(t *testing.T) {
		h := open(t, limited("127.0.0.1"))
		if n := guess(h.at("near")); n != 20 {
			t.Errorf("%d of 20 clients of the proxy passed", n)
		}
	})
}

// TestSecurity07 pretends to be somebody.
func TestSecurity07(t *testing.T) {
	h := open(t, setup{})
	ana, access := h.at("near").join("ana@example.com")
	bob, _ := h.at("near").join("bob@example.com")
	for _, forged := range [][]string{
		{"X-User-Id", bob}, {"x-user-id", bob}, {"X_USER_ID", bob}, {"X-USER-ROLES", "admin"}, {"X-Internal-User", bob},
		{"X-Internal-Token", "yes"}, {"X_Internal_Roles", "admin"}, {"Forwarded", "for=127.0.0.1;proto=https"},
		{"X-Forwarded-User", bob}, {"X-Remote-User", bob}, {"Remote-User", bob}, {"X-Authenticated-User", bob},
		{"X-Original-Url", "/api/users"}, {"X-Http-Method-Override", "GET"}, {"Connection", "Authorization"},
	} {
		t.Run(forged[0], func(t *testing.T) {
			for _, door := range []string{"near", "far", "users"} {
				c := h.at(door)
				c.want(http.StatusUnauthorized, http.MethodGet, "/api/users/me", "", forged...)
				if forged[0] == "Connection" {
					continue
				}
				if a := c.as(access).want(http.StatusOK, http.MethodGet, "/api/users/me", "", forged...); a.str("id") != ana {
					t.Errorf("%s: Ana is %s", door, a.text)
				}
			}
			for door, path := range map[string]string{"games": "/api/me/library", "payments": "/api/payments?purchase=x"} {
				h.at(door).want(http.StatusUnauthorized, http.MethodGet, path, "", forged...)
			}
			h.at("games").as(access).want(http.StatusForbidden, http.MethodPost, "/api/games", newGame, forged...)
		})
	}
	t.Run("two tokens", func(t *testing.T) {
		other, _ := h.at("near").login(adminEmail)
		for _, door := range []string{"near", "far", "users"} {
			h.at(door).want(http.StatusUnauthorized, http.MethodGet, "/api/users/me", "", "Authorization", "Bearer "+access, "Authorization", "Bearer "+other)
		}
	})
}
