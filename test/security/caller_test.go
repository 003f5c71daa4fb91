package security_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait for what happens beside the test.
const patience = 60 * time.Second

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) str(member string) string {
	s, _ := a.body[member].(string)
	return s
}

// caller is somebody outside.
type caller struct {
	t      testing.TB
	base   string
	client *http.Client
	token  string
}

// at is a stranger at one of the doors of the house.
func (h *house) at(door string) caller {
	h.t.Helper()
	base, ok := h.urls[door]
	if !ok {
		h.t.Fatalf("there is no door %q", door)
	}
	return caller{t: h.t, base: base, client: h.client}
}

func (c caller) as(token string) caller { c.token = token; return c }

// try sends a body as it is; headers come in pairs and may be there several times.
func (c caller) try(method, path, body string, headers ...string) (answer, error) {
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body == "" {
		req.Body, req.GetBody = http.NoBody, nil
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header[headers[i]] = append(req.Header[headers[i]], headers[i+1])
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body) // nil if it is no object
	return a, err
}

func (c caller) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	a, err := c.try(method, path, body, headers...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// want is do with an expected status.
func (c caller) want(status int, method, path, body string, headers ...string) answer {
	c.t.Helper()
	a := c.do(method, path, body, headers...)
	if a.status != status {
		c.t.Errorf("%s %s %.80s: got %d, want %d: %.300s", method, path, body, a.status, status, a.text)
	}
	return a
}

func account(email string) string {
	return `{"email": "` + email + `", "password": "` + passphrase + `", "name": "Somebody"}`
}

func credentials(email, password string) string {
	return `{"email": "` + email + `", "password": "` + password + `"}`
}

// login returns the tokens of an account.
func (c caller) login(email string) (access, refresh string) {
	c.t.Helper()
	a := c.want(http.StatusOK, http.MethodPost, "/api/auth/login", credentials(email, passphrase))
	return a.str("accessToken"), a.str("refreshToken")
}

// join signs somebody up and returns the id and the access token.
func (c caller) join(email string) (id, access string) {
	c.t.Helper()
	a := c.want(http.StatusCreated, http.MethodPost, "/api/users", account(email))
	access, _ = c.login(email)
	return a.str("id"), access
}

const newGame = `{"name": "Whist", "description": "Four at a table", "category": "cards", "price": {"amount": 500, "currency": "BRL"}, "releasedAt": "2020-01-01T00:00:00Z"}`

// sell makes a game and returns its id.
func (c caller) sell(admin string) string {
	c.t.Helper()
	return c.as(admin).want(http.StatusCreated, http.MethodPost, "/api/games", newGame).str("id")
}

// buy buys a game and returns the purchase's id once it is completed.
func (c caller) buy(game string) string {
	c.t.Helper()
	id := c.want(http.StatusAccepted, http.MethodPost, "/api/games/"+game+"/purchase", "").str("id")
	eventually(c.t, "the purchase is completed", func() bool {
		return c.do(http.MethodGet, "/api/purchases/"+id, "").str("status") == "completed"
	})
	return id
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
