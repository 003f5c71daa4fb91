package crowd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	contract "gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/money"
	"gamestore.example/test/chaos/oracle"
)

// callTimeout is longer than any answer of the store takes.
const callTimeout = 20 * time.Second

// API is the gateway of one running store.
type API struct {
	base   string
	client *http.Client
}

func NewAPI(base string) *API {
	return &API{base: base, client: &http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

func (a *API) Close() { a.client.CloseIdleConnections() }

type request struct {
	method, path string
	token        string
	key          string // the Idempotency-Key
	ifMatch      string
	body         any // JSON, or none
}

type reply struct {
	status   int
	code     string // of a problem
	etag     string
	replayed bool
}

func (r reply) ok() bool { return r.status >= 200 && r.status < 300 }

// call sends one request, and decodes a successful answer into into. The error is
// of the connection, or of an answer that is none: the request may have been done.
func (a *API) call(ctx context.Context, r request, into any) (reply, error) {
	req, err := a.request(ctx, r)
	if err != nil {
		return reply{}, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	got := reply{
		status: resp.StatusCode, etag: resp.Header.Get("ETag"),
		replayed: resp.Header.Get("Idempotency-Replayed") == "true",
	}
	var problem contract.Problem
	switch {
	case !got.ok():
		if err := json.Unmarshal(body, &problem); err != nil {
			return reply{}, fmt.Errorf("%s %s: %s without a problem: %w", r.method, r.path, resp.Status, err)
		}
		got.code = problem.Code
	case into != nil:
		if err := json.Unmarshal(body, into); err != nil {
			return reply{}, fmt.Errorf("%s %s: %s: %w", r.method, r.path, resp.Status, err)
		}
	}
	return got, nil
}

func (a *API) request(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, a.base+r.path, body)
	if err != nil {
		return nil, err
	}
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if r.body != nil {
		set("Content-Type", "application/json")
	}
	if r.token != "" {
		set("Authorization", "Bearer "+r.token)
	}
	set("Idempotency-Key", r.key)
	set("If-Match", r.ifMatch)
	return req, nil
}

// Ready reports whether the store answers for all its parts.
func (a *API) Ready(ctx context.Context) bool {
	got, err := a.call(ctx, request{method: http.MethodGet, path: "/readyz"}, nil)
	return err == nil && got.ok()
}

// Search returns everything that can be found, the most popular first.
func (a *API) Search(ctx context.Context) ([]oracle.Game, error) {
	var found []oracle.Game
	for cursor := ""; ; {
		var page contractgames.GamePage
		q := url.Values{"sort": {"popularity"}, "limit": {"100"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		got, err := a.call(ctx, request{method: http.MethodGet, path: "/api/games?" + q.Encode()}, &page)
		if err == nil && !got.ok() {
			err = fmt.Errorf("search: %d %s", got.status, got.code)
		}
		if err != nil {
			return nil, err
		}
		for _, g := range page.Items {
			found = append(found, gameOf(g))
		}
		if cursor = page.NextCursor; cursor == "" {
			return found, nil
		}
	}
}

func gameOf(g contractgames.Game) oracle.Game {
	return oracle.Game{
		ID: g.ID, Name: g.Name, Description: g.Description, Category: g.Category,
		Price: money.Money(g.Price), Purchases: g.Purchases, Version: g.Version,
	}
}
