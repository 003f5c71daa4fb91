package processes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractusers "gamestore.example/pkg/contract/users"
)

// client is somebody who uses the store through the gateway.
type client struct {
	t     *testing.T
	base  string
	http  *http.Client
	token string
}

type call struct {
	method, path string
	key          string // the Idempotency-Key
	body         any
}

// send makes a call and decodes the answer into into. The status is 0 when there was
// no answer.
func (c *client) send(r call, into any) int {
	c.t.Helper()
	body, err := json.Marshal(r.body)
	if err != nil {
		c.t.Error(err)
		return 0
	}
	req, err := http.NewRequestWithContext(c.t.Context(), r.method, c.base+r.path, bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return 0
	}
	if r.body == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0 // somebody was killed
	}
	defer resp.Body.Close()
	if into == nil || resp.StatusCode >= http.StatusBadRequest {
		return resp.StatusCode
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return 0
	}
	return resp.StatusCode
}

// must makes a call that has to succeed.
func (c *client) must(r call, want int, into any) {
	c.t.Helper()
	if got := c.send(r, into); got != want {
		c.t.Fatalf("%s %s: %d, want %d", r.method, r.path, got, want)
	}
}

// persist repeats a call until it has an answer that is not a server's failure, as
// every client of a store should.
func (c *client) persist(r call, want int, into any) error {
	status := 0
	err := until(c.t.Context(), r.method+" "+r.path, func() bool {
		status = c.send(r, into)
		return status != 0 && status < http.StatusInternalServerError
	})
	if err == nil && status != want {
		err = fmt.Errorf("%s %s: %d, want %d", r.method, r.path, status, want)
	}
	return err
}

func (s *store) logIn(email, password string) *client {
	s.t.Helper()
	c := &client{t: s.t, base: s.base, http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	s.t.Cleanup(c.http.CloseIdleConnections)
	var tokens contractusers.Tokens
	c.must(call{method: http.MethodPost, path: "/api/auth/login", body: contractusers.LoginRequest{Email: email, Password: password}}, http.StatusOK, &tokens)
	c.token = tokens.AccessToken
	return c
}

// customer signs somebody up and in.
func (s *store) customer(name string) *client {
	s.t.Helper()
	email, password := name+"@example.com", "a long sentence of no meaning"
	c := &client{t: s.t, base: s.base, http: &http.Client{}}
	s.t.Cleanup(c.http.CloseIdleConnections)
	c.must(call{method: http.MethodPost, path: "/api/users", body: contractusers.SignUpRequest{Email: email, Password: password, Name: name}}, http.StatusCreated, nil)
	return s.logIn(email, password)
}

// sell puts n games into the catalogue as the administrator, and waits until
// customers can find them. It returns their ids.
func (s *store) sell(n int) []string {
	s.t.Helper()
	admin := s.logIn(adminEmail, adminPassword)
	ids := make([]string, n)
	for i := range ids {
		var made contractgames.Game
		admin.must(call{method: http.MethodPost, path: "/api/games", body: contractgames.GameDetails{
			Name: fmt.Sprintf("Game %d", i+1), Description: "A game of strategy.", Category: "strategy",
			Price: contract.Money{Amount: int64(1000 + i), Currency: "BRL"}, ReleasedAt: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		}}, http.StatusCreated, &made)
		ids[i] = made.ID
	}
	await(s.t, "all games can be found", func() bool {
		var page contractgames.GamePage
		admin.must(call{method: http.MethodGet, path: "/api/games?limit=100"}, http.StatusOK, &page)
		return len(page.Items) == n
	})
	return ids
}
