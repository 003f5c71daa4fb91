package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"gamestore.example/gateway"
	"gamestore.example/gateway/app"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/contract"
)

func TestMain(m *testing.M) {
	// The breaker's goroutine lives as long as the process: handy has no way to end it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"))
}

// How the gateway reaches its upstreams.
const (
	local  = "in process"
	remote = "over http"
)

func eachMode(t *testing.T, f func(t *testing.T, mode string)) {
	for _, mode := range []string{local, remote} {
		t.Run(mode, func(t *testing.T) { f(t, mode) })
	}
}

// options change what start builds.
type options struct {
	cfg  func(*app.Config)
	deps func(*app.Deps)
}

// gatewayUnderTest is a running gateway with one upstream behind all its names.
type gatewayUnderTest struct {
	t       testing.TB
	url     string
	handler http.Handler
	client  *http.Client
	ring    *auth.Keyring
	issuer  *auth.Issuer
}

// start runs a gateway whose upstreams are the handler, reached as mode says.
func start(t testing.TB, mode string, upstream http.Handler, o options) *gatewayUnderTest {
	t.Helper()
	cfg, deps := app.Defaults(), app.Deps{Upstreams: map[string]http.Handler{}}
	for _, name := range gateway.Upstreams() {
		deps.Upstreams[name] = upstream
	}
	if mode == remote {
		deps.Upstreams = nil
		behind := httptest.NewServer(upstream)
		t.Cleanup(behind.Close)
		cfg.Users, cfg.Games, cfg.Payments = behind.URL, behind.URL, behind.URL
	}
	return startWith(t, cfg, deps, o)
}

func startWith(t testing.TB, cfg app.Config, deps app.Deps, o options) *gatewayUnderTest {
	t.Helper()
	ring, err := auth.OpenKeyring(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	deps.Keys = ring
	if o.cfg != nil {
		o.cfg(&cfg)
	}
	if o.deps != nil {
		o.deps(&deps)
	}
	a, err := app.New(context.Background(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(a.Handler())
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		front.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return &gatewayUnderTest{
		t: t, url: front.URL, handler: a.Handler(), ring: ring,
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		issuer: issuer(t, ring, cfg.TokenIssuer, cfg.TokenAudience),
	}
}

func issuer(t testing.TB, ring *auth.Keyring, iss, aud string) *auth.Issuer {
	t.Helper()
	i, err := auth.NewIssuer(ring, auth.IssuerConfig{Issuer: iss, Audience: aud}, time.Now, uuid.NewString)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// token returns a good token of a user.
func (g *gatewayUnderTest) token(user string, roles ...string) string {
	g.t.Helper()
	token, _, err := g.issuer.Issue(context.Background(), user, append(roles, auth.RoleUser))
	if err != nil {
		g.t.Fatal(err)
	}
	return token
}

// request makes a request; headers are pairs of name and value.
func (g *gatewayUnderTest) request(ctx context.Context, method, path, body string, headers ...string) *http.Request {
	g.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return req
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func (g *gatewayUnderTest) do(method, path, body string, headers ...string) answer {
	g.t.Helper()
	resp, err := g.client.Do(g.request(context.Background(), method, path, body, headers...))
	if err != nil {
		g.t.Fatal(err)
	}
	return read(g.t, resp)
}

// raw sends the bytes of a request as they are.
func (g *gatewayUnderTest) raw(request string) answer {
	g.t.Helper()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(context.Background(), "tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // read to its end
	if _, err := io.WriteString(conn, request); err != nil {
		g.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return read(g.t, resp)
}

func read(t testing.TB, resp *http.Response) answer {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// code is that of the problem in the answer, or "".
func (a answer) code() string {
	var p contract.Problem
	if json.Unmarshal([]byte(a.body), &p) != nil {
		return ""
	}
	return p.Code
}

// wantProblem fails the test unless the answer is a problem with status and code.
func wantProblem(t testing.TB, a answer, status int, code string) {
	t.Helper()
	var p contract.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.header.Get("Content-Type") != contract.ProblemContentType {
		t.Fatalf("no problem document: %d %v %q", a.status, a.header, a.body)
	}
	if a.status != status || p.Status != status || p.Code != code {
		t.Fatalf("got %d %s (%s), want %d %s", a.status, p.Code, a.body, status, code)
	}
	if p.TraceID == "" || p.TraceID != a.header.Get("X-Request-Id") {
		t.Errorf("trace id %q, request id %q", p.TraceID, a.header.Get("X-Request-Id"))
	}
}

// echo answers with the request that arrived.
type arrived struct {
	Method, Path, Query, Host, Remote string
	Header                            http.Header
	Body                              string
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(arrived{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Host, r.RemoteAddr, r.Header, string(body)})
}

func (a answer) arrived(t testing.TB) arrived {
	t.Helper()
	var got arrived
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("the request did not arrive: %d %s", a.status, a.body)
	}
	return got
}
