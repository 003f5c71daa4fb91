package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// answer is what a call got.
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

func (a answer) list(member string) []any {
	l, _ := a.body[member].([]any)
	return l
}

// caller calls the API over HTTP.
type caller struct {
	t      *testing.T
	url    string
	client *http.Client
	token  string
	ctx    context.Context //nolint:containedctx // marks the requests that are bad on purpose
}

// caller returns somebody with a token of the user, or nobody with "".
func (p *running) caller(userID string, roles ...string) caller {
	client := &http.Client{Transport: &http.Transport{}}
	p.t.Cleanup(client.CloseIdleConnections)
	c := caller{t: p.t, url: p.url, client: client, ctx: p.t.Context()}
	if userID != "" {
		c.token = p.token(userID, roles...)
	}
	return c
}

// send sends a body as it is; headers come in pairs.
func (c caller) send(method, path, body string, headers ...string) *http.Response {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(c.ctx, method, c.url+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

func (c caller) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	resp := c.send(method, path, body, headers...)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body) // nil if it is no object
	return a
}

// want is do with an expected status.
func (c caller) want(status int, method, path, body string, headers ...string) answer {
	c.t.Helper()
	a := c.do(method, path, body, headers...)
	if a.status != status {
		c.t.Errorf("%s %s %.200s: got %d, want %d: %s", method, path, body, a.status, status, a.text)
	}
	return a
}

// buy returns the id of an accepted purchase.
func (c caller) buy(gameID string) string {
	c.t.Helper()
	return c.want(http.StatusAccepted, http.MethodPost, "/api/games/"+gameID+"/purchase", "").str("id")
}

// becomes waits until the purchase has the status, as a client does.
func (c caller) becomes(id, from, to string) {
	c.t.Helper()
	if a := c.want(http.StatusOK, http.MethodGet, "/api/purchases/"+id+"?wait=20&status="+from, ""); a.str("status") != to {
		c.t.Fatalf("purchase %s is %s, want %s", id, a.str("status"), to)
	}
}
