package observe_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// The secrets of a customer, which nothing may tell.
const (
	email    = "canary@example.com"
	password = "a sentence that only the canary knows"
	card     = "tok_approved"
)

// client is a customer's browser.
type client struct {
	t     *testing.T
	base  string
	http  *http.Client
	token string
}

func newClient(t *testing.T, base string) *client {
	c := &client{t: t, base: base, http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// do makes a call that has to succeed, and decodes its answer into into.
func (c *client) do(method, path string, headers http.Header, body, into any) http.Header {
	c.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	if body == nil {
		encoded = nil
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(encoded))
	if err != nil {
		c.t.Fatal(err)
	}
	if headers != nil {
		req.Header = headers.Clone()
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		c.t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, text, err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			c.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return resp.Header
}

// join signs the customer up and in.
func (c *client) join() {
	c.t.Helper()
	c.do(http.MethodPost, "/api/users", nil, map[string]string{"email": email, "password": password, "name": "Canary"}, nil)
	var tokens struct{ AccessToken string }
	c.do(http.MethodPost, "/api/auth/login", nil, map[string]string{"email": email, "password": password}, &tokens)
	c.token = tokens.AccessToken
}

// games returns the ids of some games.
func (c *client) games(n int) []string {
	c.t.Helper()
	var page struct{ Items []struct{ ID string } }
	until(c.t, func() bool {
		c.do(http.MethodGet, "/api/games?limit=20", nil, nil, &page)
		return len(page.Items) >= n
	}, func() string { return "there are no games" })
	ids := make([]string, n)
	for i := range ids {
		ids[i] = page.Items[i].ID
	}
	return ids
}

// buy buys a game with the headers, and waits for its end. It returns the purchase's id.
func (c *client) buy(game, method string, headers http.Header) string {
	c.t.Helper()
	location := c.do(http.MethodPost, "/api/games/"+game+"/purchase", headers, map[string]string{"paymentMethod": method}, nil).Get("Location")
	var p struct{ ID, Status string }
	until(c.t, func() bool {
		c.do(http.MethodGet, location, nil, nil, &p)
		return p.Status != "pending"
	}, func() string { return "the purchase stays pending" })
	if p.Status != "completed" {
		c.t.Fatalf("the purchase is %s", p.Status)
	}
	return p.ID
}
