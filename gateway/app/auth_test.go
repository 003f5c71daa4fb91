package app_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"gamestore.example/gateway/app"
	"gamestore.example/pkg/auth"
)

func b64(v any) string {
	data, ok := v.([]byte)
	if !ok {
		data, _ = json.Marshal(v)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// decode returns the header or the claims of a token.
func decode(t *testing.T, part string) map[string]any {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestForgedTokens(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{})
	good := g.token("u-1")
	parts := strings.Split(good, ".")
	header, claims := decode(t, parts[0]), decode(t, parts[1])
	with := func(m map[string]any, name string, value any) map[string]any {
		c := map[string]any{}
		for k, v := range m {
			c[k] = v
		}
		c[name] = value
		return c
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(h, c any) string {
		text := b64(h) + "." + b64(c)
		return text + "." + b64(ed25519.Sign(stranger, []byte(text)))
	}
	mac := func() string {
		text := b64(with(header, "alg", "HS256")) + "." + parts[1]
		m := hmac.New(sha256.New, []byte("public key"))
		m.Write([]byte(text))
		return text + "." + b64(m.Sum(nil))
	}
	for name, value := range map[string]string{
		"none at all":      "",
		"empty":            "Bearer ",
		"another scheme":   "Basic " + good,
		"not a token":      "Bearer abc",
		"alg none":         "Bearer " + b64(with(header, "alg", "none")) + "." + parts[1] + ".",
		"HS256":            "Bearer " + mac(),
		"another key":      "Bearer " + sign(header, claims),
		"invented kid":     "Bearer " + sign(with(header, "kid", "../../keys"), claims),
		"key in the token": "Bearer " + sign(with(header, "jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64([]byte(stranger.Public().(ed25519.PublicKey)))}), claims),
		"changed claims":   "Bearer " + parts[0] + "." + b64(with(claims, "sub", "u-2")) + "." + parts[2],
		"made an admin":    "Bearer " + parts[0] + "." + b64(with(claims, "roles", []string{"admin"})) + "." + parts[2],
		"cut off":          "Bearer " + parts[0] + "." + parts[1],
		"huge":             "Bearer " + strings.Repeat("a", 9000),
		"in the query":     "",
	} {
		t.Run(name, func(t *testing.T) {
			path, headers := "/api/users/me", []string(nil)
			if value != "" {
				headers = []string{"Authorization", value}
			}
			if name == "in the query" {
				path += "?access_token=" + good
			}
			a := g.do("GET", path, "", headers...)
			if a.status != http.StatusUnauthorized || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Fatalf("%d %v %s", a.status, a.header, a.body)
			}
			if strings.Contains(a.body, "kid") || strings.Contains(a.body, "signature") {
				t.Errorf("the answer says too much: %s", a.body)
			}
		})
	}
	if a := g.do("GET", "/api/users/me", "", "Authorization", "Bearer "+good, "Authorization", "Bearer "+sign(header, claims)); a.status != http.StatusUnauthorized {
		t.Errorf("two tokens: %d", a.status)
	}
	for _, scheme := range []string{"Bearer ", "bearer "} {
		got := g.do("GET", "/api/users/me", "", "Authorization", scheme+good).arrived(t)
		if got.Header.Get("Authorization") != scheme+good {
			t.Errorf("the token arrived as %q", got.Header.Get("Authorization"))
		}
	}
}

func TestTokensForSomebodyElse(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{})
	for _, tc := range []struct {
		issuer, audience string
		status           int
	}{{"gamestore", "gamestore", 200}, {"gamestore", "somebody-else", 401}, {"somebody-else", "gamestore", 401}} {
		token, _, err := issuer(t, g.ring, tc.issuer, tc.audience).Issue(t.Context(), "u-1", []string{auth.RoleUser})
		if err != nil {
			t.Fatal(err)
		}
		if a := g.do("GET", "/api/users/me", "", "Authorization", "Bearer "+token); a.status != tc.status {
			t.Errorf("%s for %s: %d, want %d", tc.issuer, tc.audience, a.status, tc.status)
		}
	}
}

func TestATokenEnds(t *testing.T) {
	now := time.Now()
	g := start(t, local, http.HandlerFunc(echo), options{deps: func(d *app.Deps) { d.Now = func() time.Time { return now } }})
	token := g.token("u-1")
	if a := g.do("GET", "/api/users/me", "", "Authorization", "Bearer "+token); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	now = now.Add(auth.DefaultTTL + auth.MaxLeeway)
	wantProblem(t, g.do("GET", "/api/users/me", "", "Authorization", "Bearer "+token), http.StatusUnauthorized, "token-expired")
}

func TestWhoMayPass(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, http.HandlerFunc(echo), options{})
		user, admin := "Bearer "+g.token("u-1"), "Bearer "+g.token("a-1", auth.RoleAdmin)
		for _, tc := range []struct {
			method, path          string
			nobody, asUser, admin int
		}{
			{"GET", "/api/games", 200, 200, 200},
			{"GET", "/api/me/library", 401, 200, 200},
			{"POST", "/api/games/x/purchase", 401, 200, 200},
			{"POST", "/api/games", 401, 403, 200},
			{"PUT", "/api/games/x", 401, 403, 200},
			{"DELETE", "/api/games/x", 401, 403, 200},
			{"POST", "/api/payments/x/reconcile", 401, 200, 200},
			{"POST", "/api/payments/webhooks/simulated", 200, 200, 200},
		} {
			for header, want := range map[string]int{"": tc.nobody, user: tc.asUser, admin: tc.admin} {
				var headers []string
				if header != "" {
					headers = []string{"Authorization", header}
				}
				if a := g.do(tc.method, tc.path, "", headers...); a.status != want {
					t.Errorf("%s %s: %d, want %d", tc.method, tc.path, a.status, want)
				}
			}
		}
		wantProblem(t, g.do("POST", "/api/games", "{}", "Authorization", user), http.StatusForbidden, "forbidden")
		// A public route takes a bad token along: it is the service's to ignore.
		if a := g.do("GET", "/api/games", "", "Authorization", "Bearer x"); a.status != http.StatusOK {
			t.Errorf("a public route with a bad token: %d", a.status)
		}
	})
}
