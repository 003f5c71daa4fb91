package app_test

import (
	"context"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gamestore.example/gateway"
	"gamestore.example/gateway/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/httpserver"
)

// reader is an upstream that reads a JSON body as the services do.
func reader(w http.ResponseWriter, r *http.Request) {
	if _, err := httpserver.DecodeJSON[map[string]any](r); err != nil {
		httpserver.WriteError(r.Context(), w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func TestBodiesAreBounded(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, http.HandlerFunc(reader), options{cfg: unlimited})
		admin := "Bearer " + g.token("a", auth.RoleAdmin)
		for _, tc := range []struct {
			name, method, path string
			size               int
			chunked, fits      bool
		}{
			{"as long as allowed", "POST", "/api/auth/login", 16 << 10, false, true},
			{"one byte more", "POST", "/api/auth/login", 16<<10 + 1, false, false},
			{"10 MB", "POST", "/api/games", 10 << 20, false, false},
			{"10 MB without a length", "POST", "/api/games", 10 << 20, true, false},
			{"one byte more without a length", "POST", "/api/auth/login", 16<<10 + 1, true, false},
			{"as long as allowed without a length", "POST", "/api/auth/login", 16 << 10, true, true},
		} {
			t.Run(tc.name, func(t *testing.T) {
				body := `{"a":"` + strings.Repeat("x", tc.size-8) + `"}`
				req := g.request(t.Context(), tc.method, tc.path, body, "Authorization", admin, "Content-Type", "application/json")
				if tc.chunked {
					req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), -1
				}
				resp, err := g.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				a := read(t, resp)
				if tc.fits {
					if a.status != http.StatusNoContent {
						t.Errorf("%d %s", a.status, a.body)
					}
					return
				}
				wantProblem(t, a, http.StatusRequestEntityTooLarge, "too-large")
			})
		}
	})
}

// hurried is the route table with a short time for each request.
func hurried(d time.Duration) func(*app.Deps) {
	return func(deps *app.Deps) {
		deps.Routes = gateway.Routes()
		for i := range deps.Routes {
			if !deps.Routes[i].Stream {
				deps.Routes[i].Timeout = d
			}
		}
	}
}

func TestASlowUpstreamIsATimeout(t *testing.T) {
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		httpserver.WriteError(r.Context(), w, r.Context().Err())
	})
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, slow, options{deps: hurried(30 * time.Millisecond)})
		wantProblem(t, g.do("GET", "/api/games/x", ""), http.StatusGatewayTimeout, "timeout")
	})
}

func TestRateLimitsByAddress(t *testing.T) {
	eachMode(t, func(t *testing.T, mode string) {
		g := start(t, mode, http.HandlerFunc(echo), options{cfg: func(c *app.Config) {
			c.AddressRates.Auth = gateway.Rate{PerMinute: 1, Burst: 3}
			c.TrustedProxies = "127.0.0.1"
		}})
		login := func(from string) answer { return g.do("POST", "/api/auth/login", "{}", "X-Forwarded-For", from) }
		for i := range 3 {
			if a := login("192.0.2.1"); a.status != http.StatusOK {
				t.Fatalf("request %d: %d", i, a.status)
			}
		}
		refused := login("192.0.2.1")
		wantProblem(t, refused, http.StatusTooManyRequests, "rate-limited")
		if after := refused.header.Get("Retry-After"); after == "" || after == "0" {
			t.Errorf("Retry-After = %q", after)
		}
		// Another class, another address, and an address of the same IPv6 network.
		if a := g.do("GET", "/api/games", "", "X-Forwarded-For", "192.0.2.1"); a.status != http.StatusOK {
			t.Errorf("another class: %d", a.status)
		}
		if a := login("192.0.2.2"); a.status != http.StatusOK {
			t.Errorf("another address: %d", a.status)
		}
		for i, from := range []string{"2001:db8::1", "2001:db8::2", "2001:db8:0:0:1::3"} {
			if a := login(from); a.status != http.StatusOK {
				t.Errorf("IPv6 %d: %d", i, a.status)
			}
		}
		wantProblem(t, login("2001:db8::4"), http.StatusTooManyRequests, "rate-limited")
	})
}

func TestAForgedAddressDoesNotHelpAgainstTheLimit(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{cfg: func(c *app.Config) {
		c.AddressRates.Auth = gateway.Rate{PerMinute: 1, Burst: 1}
	}})
	if a := g.do("POST", "/api/auth/login", "{}", "X-Forwarded-For", "192.0.2.1"); a.status != http.StatusOK {
		t.Fatal(a.status)
	}
	wantProblem(t, g.do("POST", "/api/auth/login", "{}", "X-Forwarded-For", "192.0.2.2"), http.StatusTooManyRequests, "rate-limited")
}

func TestRateLimitsByUser(t *testing.T) {
	g := start(t, local, http.HandlerFunc(echo), options{cfg: func(c *app.Config) {
		unlimited(c)
		c.UserRates.Purchase = gateway.Rate{PerMinute: 1, Burst: 1}
	}})
	alice, bob := "Bearer "+g.token("alice"), "Bearer "+g.token("bob")
	buy := func(token string) answer { return g.do("POST", "/api/games/x/purchase", "", "Authorization", token) }
	if a := buy(alice); a.status != http.StatusOK {
		t.Fatal(a.status)
	}
	wantProblem(t, buy("Bearer "+g.token("alice")), http.StatusTooManyRequests, "rate-limited")
	if a := buy(bob); a.status != http.StatusOK {
		t.Errorf("bob pays for alice: %d", a.status)
	}
	// A bad token is no user, and takes nothing from anybody.
	wantProblem(t, buy("Bearer x"), http.StatusUnauthorized, "token-invalid")
}

func TestFlags(t *testing.T) {
	var c app.Config
	fs := flag.NewFlagSet("gateway", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	c.RegisterFlags(fs, "gateway.")
	err := fs.Parse([]string{
		"-gateway.upstream.games=http://games:1", "-gateway.rate.auth.address=7/3", "-gateway.rate.read.user=off",
		"-gateway.cors.origins=https://a.example", "-gateway.trusted.proxies=10.0.0.0/8", "-gateway.token.issuer=me",
		"-gateway.jwks.url=http://keys", "-gateway.breaker.ratio=0.2",
	})
	want := app.Defaults()
	want.Games, want.AddressRates.Auth, want.UserRates.Read = "http://games:1", gateway.Rate{PerMinute: 7, Burst: 3}, gateway.Rate{}
	want.CORSOrigins, want.TrustedProxies, want.TokenIssuer = "https://a.example", "10.0.0.0/8", "me"
	want.JWKSURL, want.BreakerRatio = "http://keys", 0.2
	if err != nil || c != want {
		t.Errorf("%v\n got %+v\nwant %+v", err, c, want)
	}
	for _, bad := range []string{"-gateway.rate.auth.address=7", "-gateway.rate.auth.address=0/1", "-gateway.rate.auth.address=1/-1", "-gateway.rate.auth.address="} {
		if fs.Parse([]string{bad}) == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	fs.PrintDefaults() // must not panic on the zero values
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*app.Config){
		"upstream without a scheme": func(c *app.Config) { c.Games = "games:8082" },
		"upstream with a path":      func(c *app.Config) { c.Games = "http://games/api" },
		"upstream with a password":  func(c *app.Config) { c.Games = "http://a:secret@games" },
		"upstream by another way":   func(c *app.Config) { c.Games = "mqtt://games" },
		"broker without a host":     func(c *app.Config) { c.Games = "amqp:///" },
		"broker that is not named":  func(c *app.Config) { c.Games = "amqp:" },
		"no streams":                func(c *app.Config) { c.Streams = 0 },
		"origin with a path":        func(c *app.Config) { c.CORSOrigins = "https://a.example/" },
		"origin without a scheme":   func(c *app.Config) { c.CORSOrigins = "a.example" },
		"star among others":         func(c *app.Config) { c.CORSOrigins = "*,https://a.example" },
		"proxy that is none":        func(c *app.Config) { c.TrustedProxies = "10.0.0.0/33" },
		"no failures at all":        func(c *app.Config) { c.BreakerRatio = 0 },
		"no issuer":                 func(c *app.Config) { c.TokenIssuer = "" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := app.Defaults()
			change(&cfg)
			if _, err := app.New(context.Background(), cfg, app.Deps{}); err == nil {
				t.Error("it was taken")
			}
		})
	}
}
