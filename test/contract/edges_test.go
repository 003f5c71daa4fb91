package contract_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"gamestore.example/gateway"
	gatewayapp "gamestore.example/gateway/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/test/flow"
)

// operation is one operation of the document.
type operation struct {
	id, method, path string
	// private needs a token.
	private bool
	// statuses are the documented ones.
	statuses []int
	doc      *openapi3.Operation
}

// operations lists the document's, with an id in place of each parameter.
func operations(t *testing.T, document []byte) []operation {
	t.Helper()
	doc := contracttest.Load(t, document)
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{id: op.OperationID, method: method, path: fill(path), private: private(doc, op), statuses: statuses(op), doc: op})
		}
	}
	if len(all) < 20 {
		t.Fatalf("the document has %d operations only", len(all))
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.id, b.id) })
	return all
}

func fill(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "x1"
		}
	}
	return strings.Join(segments, "/")
}

func private(doc *openapi3.T, op *openapi3.Operation) bool {
	if op.Security != nil {
		return len(*op.Security) > 0
	}
	return len(doc.Security) > 0
}

func statuses(op *openapi3.Operation) []int {
	var all []int
	for status := range op.Responses.Map() {
		if n, err := strconv.Atoi(status); err == nil {
			all = append(all, n)
		}
	}
	return all
}

func (o operation) has(status int) bool { return slices.Contains(o.statuses, status) }

// elsewhere are the documented statuses that other tests are about, or that need a
// broken machine.
func (o operation) elsewhere() []int {
	out := []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	if o.id == "reconcilePayment" {
		out = append(out, http.StatusConflict) // two look-ups at the same moment: the service's own test meets it
	}
	return out
}

// edges sends each operation what the gateway itself refuses.
func (s *store) edges() {
	user := s.as(s.join("Ana")).bad()
	admin := s.as(s.admin).bad()
	for _, op := range operations(s.t, s.document) {
		admin.want(http.StatusBadRequest, op.method, op.path+"?a=1;b=2", "")
		admin.want(http.StatusRequestEntityTooLarge, op.method, op.path, strings.Repeat("x", 300<<10))
		if op.private {
			s.bad().want(http.StatusUnauthorized, op.method, op.path, "")
			admin.as("a.b.c").want(http.StatusUnauthorized, op.method, op.path, "")
		}
		if op.private && op.has(http.StatusForbidden) && op.id != "changePassword" {
			user.want(http.StatusForbidden, op.method, op.path, "")
		}
	}
	for _, path := range []string{"/api/nothing", "/api/games/", "/api//games", "/api/games/../users", "/api/games/%2e%2e", "/API/games"} {
		s.bad().want(http.StatusNotFound, http.MethodGet, path, "")
	}
	s.bad().want(http.StatusMethodNotAllowed, http.MethodDelete, "/api/categories", "")
}

// TestEveryOperationIsLimited wants each operation refused, as documented, to who comes
// too often.
func TestEveryOperationIsLimited(t *testing.T) {
	s := newStore(t, flow.Options{Gateway: func(c *gatewayapp.Config) {
		once := gateway.Rate{PerMinute: 1, Burst: 1}
		c.AddressRates = gateway.Rates{Auth: once, Purchase: once, Read: once, Webhook: once}
	}}, flow.ThroughGateway)
	for _, op := range operations(t, s.document) {
		s.as(s.admin).bad().do(op.method, op.path, "") // the first one may pass
		a := s.as(s.admin).bad().want(http.StatusTooManyRequests, op.method, op.path, "")
		if a.header.Get("Retry-After") == "" || a.str("code") != "rate-limited" {
			t.Errorf("%s: %s without Retry-After", op.id, a.text)
		}
	}
}

// TestEveryOperationWithoutItsService wants each operation answered, as documented,
// when nothing listens behind the gateway.
func TestEveryOperationWithoutItsService(t *testing.T) {
	cfg := gatewayapp.Defaults()
	cfg.AddressRates, cfg.UserRates = gateway.Rates{}, gateway.Rates{}
	for _, upstream := range []*string{&cfg.Users, &cfg.Games, &cfg.Payments} {
		*upstream = "http://127.0.0.1:1" // nobody listens there
	}
	ring, err := auth.OpenKeyring(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	app, err := gatewayapp.New(t.Context(), cfg, gatewayapp.Deps{Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(app.Handler())
	t.Cleanup(server.Close)
	plain := client(t)
	document := served(t, plain, server.URL)
	validator := contracttest.NewValidator(t, document, plain.Transport)
	c := caller{t: t, base: server.URL, client: validator.Client(), ctx: t.Context(), token: token(t, ring)}
	for _, op := range operations(t, document) {
		a := c.want(http.StatusServiceUnavailable, op.method, op.path+op.query(), op.example(t), op.headers()...)
		if a.header.Get("Retry-After") == "" || a.str("traceId") == "" {
			t.Errorf("%s: %s with %v", op.id, a.text, a.header)
		}
	}
}

// token is a good token of an admin.
func token(t *testing.T, ring *auth.Keyring) string {
	t.Helper()
	issuer, err := auth.NewIssuer(ring, auth.IssuerConfig{Issuer: "gamestore", Audience: "gamestore"}, time.Now, func() string { return "t1" })
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := issuer.Issue(t.Context(), "root", []string{auth.RoleUser, auth.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// query returns the required parameters of the query.
func (o operation) query() string {
	values := url.Values{}
	for _, p := range o.doc.Parameters {
		if p.Value.In == openapi3.ParameterInQuery && p.Value.Required {
			values.Set(p.Value.Name, "x1")
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// headers returns the required headers, in pairs.
func (o operation) headers() []string {
	var pairs []string
	for _, p := range o.doc.Parameters {
		if p.Value.In == openapi3.ParameterInHeader && p.Value.Required {
			pairs = append(pairs, p.Value.Name, `"1"`)
		}
	}
	return pairs
}

// example returns a body as the document shows it, or none.
func (o operation) example(t *testing.T) string {
	t.Helper()
	if o.doc.RequestBody == nil || !o.doc.RequestBody.Value.Required {
		return ""
	}
	schema := o.doc.RequestBody.Value.Content.Get("application/json").Schema.Value
	if len(schema.Examples) == 0 {
		t.Fatalf("%s: the document shows no example of its body", o.id)
	}
	body, err := json.Marshal(schema.Examples[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
