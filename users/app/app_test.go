package app_test

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	busmemory "gamestore.example/pkg/bus/memory"
	contractgames "gamestore.example/pkg/contract/games"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/users"
	"gamestore.example/users/app"
	"gamestore.example/users/transport/httpapi"
)

// TestTheStoryOfAnAccount is what a person sees, with the events that others get.
func TestTheStoryOfAnAccount(t *testing.T) {
	for name, dsn := range map[string]string{"memory": "memory", "sqlite": sqliteDSN(t)} {
		t.Run(name, func(t *testing.T) {
			p := start(t, cheap(t, dsn))
			p.event() // the admin's
			c := p.caller()
			id := c.signUp("ana@example.com")
			if e := p.event(); e.Key != contractusers.KeyUserCreated || !strings.Contains(string(e.Body), id) || strings.Contains(string(e.Body), "ana@") {
				t.Errorf("event %s: %s", e.Key, e.Body)
			}
			access, _ := c.login("ana@example.com", password)
			buy(t, p, id, "event-1")
			buy(t, p, id, "event-1") // comes twice
			history := waitForHistory(t, c.as(access), 2)
			if len(history) != 2 || history[0]["kind"] != "purchase-completed" || history[1]["kind"] != "signed-up" {
				t.Errorf("history %v", history)
			}

			c.as(access).want(http.StatusNoContent, http.MethodDelete, "/api/users/me", "")
			if e := p.event(); e.Key != contractusers.KeyUserDeleted || !strings.Contains(string(e.Body), id) {
				t.Errorf("event %s: %s", e.Key, e.Body)
			}
			buy(t, p, id, "event-2") // nobody's now: taken and ignored
			if again := c.signUp("ana@example.com"); again == id {
				t.Error("the new account has the old id")
			}
			p.stop()
			if dead, err := p.bus.List(t.Context(), 10); err != nil || len(dead) > 0 {
				t.Errorf("dead letters %v, %v", dead, err)
			}
		})
	}
}

// buy publishes what games would.
func buy(t *testing.T, p *running, userID, eventID string) {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"purchaseId": "purchase-" + eventID, "gameId": "chess", "userId": userID,
		"price": map[string]any{"amount": 1999, "currency": "BRL"}, "at": time.Now().Add(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	body, err := event.Marshal(event.Event{
		ID: eventID, Source: contractgames.Source, Type: event.Type(contractgames.KeyPurchaseCompleted, contractgames.Version),
		Subject: "purchase-" + eventID, Time: time.Now(), Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	m := bus.Message{ID: eventID, Key: contractgames.KeyPurchaseCompleted, ContentType: event.ContentType, Body: body}
	if err := errors.Join(p.bus.Publish(t.Context(), m)...); err != nil {
		t.Fatal(err)
	}
}

// waitForHistory reads until there are n entries.
func waitForHistory(t *testing.T, c caller, n int) []map[string]any {
	t.Helper()
	deadline := time.After(patience)
	for {
		var page struct{ Items []map[string]any }
		a := c.want(http.StatusOK, http.MethodGet, "/api/users/me/history", "")
		if err := json.Unmarshal([]byte(a.text), &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Items) >= n {
			return page.Items
		}
		select {
		case <-deadline:
			t.Fatalf("the history stays %v", page.Items)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestTheClientIsAServiceToo(t *testing.T) {
	p := start(t, cheap(t, "memory"))
	base, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	httpClient := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(httpClient.CloseIdleConnections)
	client, err := httpapi.NewClient(base, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	for name, svc := range map[string]users.Service{"http": client, "in process": p.Service()} {
		email := strings.ReplaceAll(name, " ", "-") + "@example.com"
		u, err := svc.SignUp(t.Context(), users.SignUp{Email: email, Password: password, Name: "Ana"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tokens, err := svc.Login(t.Context(), users.Login{Email: email, Password: password})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := svc.Profile(t.Context(), users.GetProfile{UserID: u.ID}); errs.ClassOf(err) != errs.Unauthenticated {
			t.Errorf("%s: without a token: %v", name, err)
		}
		// Whatever UserID says, it is the token that counts.
		got, err := svc.Profile(auth.WithToken(t.Context(), tokens.Access.Value), users.GetProfile{UserID: "somebody else"})
		if err != nil || got.ID != u.ID || got.Email != email {
			t.Errorf("%s: Profile = %+v, %v", name, got, err)
		}
		_, err = svc.Login(t.Context(), users.Login{Email: email, Password: "not the password"})
		if !errors.Is(err, users.ErrInvalidCredentials) {
			t.Errorf("%s: a wrong password: %v", name, err)
		}
	}
}

func TestTheFirstAdminIsMadeOnce(t *testing.T) {
	cfg := cheap(t, sqliteDSN(t))
	cfg.AdminPassword = ""
	var announced []string
	deps := app.Deps{Bus: busmemory.New(), AnnounceAdmin: func(email, password string) error {
		announced = append(announced, email, password)
		return nil
	}}
	for range 2 { // a start, and another
		a, err := app.New(t.Context(), cfg, deps)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(announced) != 2 || announced[0] != "admin@gamestore.example" {
		t.Fatalf("announced %q", announced)
	}
	a, err := app.New(t.Context(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	tokens, err := a.Service().Login(t.Context(), users.Login{Email: announced[0], Password: announced[1]})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(a.Keyring(), auth.VerifierConfig{Issuer: cfg.TokenIssuer, Audience: cfg.TokenAudience}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := verifier.Verify(t.Context(), tokens.Access.Value); err != nil || !p.IsAdmin() {
		t.Errorf("the admin's token speaks for %+v, %v", p, err)
	}
}

func TestWithNobodyToTellNoPasswordIsGenerated(t *testing.T) {
	cfg := cheap(t, "memory")
	cfg.AdminPassword = ""
	if _, err := app.New(t.Context(), cfg, app.Deps{Bus: busmemory.New()}); err == nil {
		t.Error("an admin was made whose password nobody knows")
	}
}

func TestConfigRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(*app.Config){
		"store": func(c *app.Config) { c.DSN = "postgres://localhost" }, "no path": func(c *app.Config) { c.DSN = "sqlite:" },
		"token life": func(c *app.Config) { c.TokenTTL = time.Hour }, "no life": func(c *app.Config) { c.TokenTTL = 0 },
		"issuer": func(c *app.Config) { c.TokenIssuer = "" }, "hashes": func(c *app.Config) { c.Hash.Parallel = 0 },
		"attempts": func(c *app.Config) { c.Throttle.Attempts = 0 }, "admin": func(c *app.Config) { c.AdminEmail = "nobody" },
		"session": func(c *app.Config) { c.SessionTTL = -1 }, "keys": func(c *app.Config) { c.KeysDir = "/dev/null/keys" },
	} {
		cfg := cheap(t, sqliteDSN(t))
		spoil(&cfg)
		if a, err := app.New(t.Context(), cfg, app.Deps{Bus: busmemory.New()}); err == nil {
			t.Errorf("%s: taken", name)
			_ = a.Close()
		}
	}
	if _, err := app.New(t.Context(), cheap(t, "memory"), app.Deps{}); err == nil {
		t.Error("no bus: taken")
	}
}

func TestFlags(t *testing.T) {
	var cfg app.Config
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	cfg.RegisterFlags(fs, "users.")
	if err := fs.Parse([]string{"-users.db.dsn", "memory", "-admin.password", "s", "-users.token.ttl", "1m"}); err != nil {
		t.Fatal(err)
	}
	if cfg.DSN != "memory" || cfg.AdminPassword != "s" || cfg.TokenTTL != time.Minute || cfg.TokenIssuer != "gamestore" {
		t.Errorf("got %+v", cfg)
	}
}

func TestCommittedEventsArePublishedByTheNextProcess(t *testing.T) {
	cfg := cheap(t, sqliteDSN(t))
	deps := app.Deps{Bus: busmemory.New()}
	a, err := app.New(t.Context(), cfg, deps) // its relay never runs, as if it was killed
	if err != nil {
		t.Fatal(err)
	}
	u, err := a.Service().SignUp(t.Context(), users.SignUp{Email: "ana@example.com", Password: password, Name: "Ana"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	p := start(t, cfg)
	got := []string{string(p.event().Body), string(p.event().Body)}
	if !slices.ContainsFunc(got, func(body string) bool { return strings.Contains(body, u.ID) }) {
		t.Errorf("events %v, want one of %s", got, u.ID)
	}
}

func TestAKeyThatIsRotatedInIsPublished(t *testing.T) {
	p := start(t, cheap(t, "memory"))
	if err := p.Keyring().Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := p.caller().want(http.StatusOK, http.MethodGet, "/.well-known/jwks.json", "")
	if keys, _ := a.body["keys"].([]any); len(keys) != 2 || strings.Contains(a.text, `"d"`) {
		t.Errorf("key set %s", a.text)
	}
	if control := a.header.Get("Cache-Control"); control != "public, max-age=60" {
		t.Errorf("Cache-Control %q", control)
	}
}

func TestOpsAndReference(t *testing.T) {
	p := start(t, cheap(t, sqliteDSN(t)))
	c := p.caller()
	for path, part := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/docs": "<html", "/openapi.json": `"openapi"`,
		"/metrics": `gamestore_outbox_pending{service="users"}`,
	} {
		if a := c.want(http.StatusOK, http.MethodGet, path, ""); !strings.Contains(a.text, part) {
			t.Errorf("%s does not say %s", path, part)
		}
	}
}
