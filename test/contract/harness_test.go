package contract_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/test/flow"
)

func TestMain(m *testing.M) {
	// The breaker's goroutine lives as long as the process: handy has no way to end it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"))
}

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

// caller calls a gateway through a validator of its document.
type caller struct {
	t      *testing.T
	base   string
	client *http.Client
	token  string
	ctx    context.Context //nolint:containedctx // marks requests that are bad on purpose
}

func (c caller) as(token string) caller { c.token = token; return c }

func (c caller) bad() caller { c.ctx = contracttest.BadRequest(c.ctx); return c }

// do sends a body as it is; headers come in pairs.
func (c caller) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
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
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
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
		c.t.Errorf("%s %s %.80s: got %d, want %d: %.300s", method, path, body, a.status, status, a.text)
	}
	return a
}

// served is the document that a gateway serves.
func served(t *testing.T, client *http.Client, base string) []byte {
	t.Helper()
	c := caller{t: t, base: base, client: client, ctx: t.Context()}
	return []byte(c.want(http.StatusOK, http.MethodGet, "/openapi.json", "").text)
}

// client keeps nothing open after the test.
func client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// store is a running store with a caller at one of its gateways.
type store struct {
	*flow.World
	caller
	validator *contracttest.Validator
	document  []byte
	driver    flow.Driver
	admin     string
}

func newStore(t *testing.T, o flow.Options, gateway string) *store {
	t.Helper()
	s := &store{World: flow.NewWorld(t, o)}
	plain := client(t)
	base := s.Gateways[gateway]
	s.document = served(t, plain, base)
	s.validator = contracttest.NewValidator(t, s.document, plain.Transport)
	s.caller = caller{t: t, base: base, client: s.validator.Client(), ctx: t.Context()}
	s.driver = s.Driver(t, flow.InProcess)
	s.admin = flow.Admin(t, s.driver).Tokens.Access.Value
	return s
}

// join is somebody with an account, and the access token.
func (s *store) join(name string) string {
	s.t.Helper()
	return flow.Join(s.t, s.driver, name).Tokens.Access.Value
}
