package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/gateway"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/rpc"
)

// behind serves every route by a caller, without what is before it.
func behind(t *testing.T, call rpc.CallerFunc, streams int) http.Handler {
	t.Helper()
	b := gateway.NewBroker(call, call, streams, slog.New(slog.DiscardHandler))
	r, err := gateway.NewRouter(gateway.Routes(), b.Handler)
	if err != nil {
		t.Fatal(err)
	}
	proxies, err := gateway.NewProxies(nil)
	if err != nil {
		t.Fatal(err)
	}
	return httpserver.RequestID(httpserver.SecurityHeaders(proxies.Identify(r)))
}

// ask sends a request; headers are pairs of name and value.
func ask(ctx context.Context, h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Request-Id", "r-1")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Each row of the table, and what it asks for over a broker.
func TestEveryRowIsAnOperation(t *testing.T) {
	const details = `{"name":"G","description":"","category":"c","price":{"amount":1,"currency":"BRL"},"releasedAt":"2026-01-01T00:00:00Z"}`
	rows := []struct{ method, path, body, operation, want string }{
		{"POST", "/api/users", `{"email":"e","password":"p","name":"n"}`, users.OpSignUp, `{"email":"e","password":"p","name":"n"}`},
		{"POST", "/api/auth/login", `{"email":"e","password":"p"}`, users.OpLogin, `{"email":"e","password":"p"}`},
		{"POST", "/api/auth/refresh", `{"refreshToken":"r"}`, users.OpRefresh, `{"refreshToken":"r"}`},
		{"POST", "/api/auth/logout", `{"refreshToken":"r"}`, users.OpLogout, `{"refreshToken":"r"}`},
		{"GET", "/.well-known/jwks.json", "", users.OpKeys, `{}`},
		{"GET", "/api/users/me", "", users.OpProfile, `{}`},
		{"PATCH", "/api/users/me", `{"name":"n"}`, users.OpUpdateProfile, `{"name":"n"}`},
		{"DELETE", "/api/users/me", "", users.OpDeleteAccount, `{}`},
		{"POST", "/api/users/me/password", `{"currentPassword":"p","newPassword":"q"}`, users.OpChangePassword, `{"currentPassword":"p","newPassword":"q"}`},
		{"GET", "/api/users/me/history?limit=2&cursor=c", "", users.OpHistory, `{"limit":2,"cursor":"c"}`},
		{"GET", "/api/games?q=ow+l&category=c&sort=newest&limit=2&cursor=c", "", games.OpSearchGames, `{"q":"ow l","category":"c","sort":"newest","limit":2,"cursor":"c"}`},
		{"GET", "/api/games/g-1", "", games.OpGetGame, `{"gameId":"g-1"}`},
		{"GET", "/api/categories", "", games.OpListCategories, `{}`},
		{"POST", "/api/games", details, games.OpCreateGame, details},
		{"PUT", "/api/games/g", details, games.OpUpdateGame, `{"gameId":"g",` + details[1:]},
		{"DELETE", "/api/games/g", "", games.OpDeleteGame, `{"gameId":"g"}`},
		{"GET", "/api/me/purchases?limit=2", "", games.OpListPurchases, `{"limit":2}`},
		{"GET", "/api/me/library", "", games.OpLibrary, `{}`},
		{"GET", "/api/me/recommendations?limit=50", "", games.OpRecommendations, `{"limit":50}`},
		{"POST", "/api/games/g/purchase", `{"paymentMethod":"tok","expectedPrice":{"amount":1,"currency":"BRL"}}`, games.OpPurchaseGame,
			`{"gameId":"g","paymentMethod":"tok","expectedPrice":{"amount":1,"currency":"BRL"}}`},
		{"POST", "/api/games/g/purchase", "", games.OpPurchaseGame, `{"gameId":"g"}`},
		{"GET", "/api/purchases/p", "", games.OpGetPurchase, `{"purchaseId":"p"}`},
		{"GET", "/api/purchases/p?wait=3", "", games.OpAwaitPurchase, `{"purchaseId":"p","status":"pending","waitMillis":3000}`},
		{"GET", "/api/purchases/p?wait=0&status=failed", "", games.OpAwaitPurchase, `{"purchaseId":"p","status":"failed","waitMillis":0}`},
		{"POST", "/api/purchases/p/cancel", "", games.OpCancelPurchase, `{"purchaseId":"p"}`},
		{"POST", "/api/purchases/p/refund", "{}", games.OpRequestRefund, `{"purchaseId":"p"}`},
		{"GET", "/api/payments?purchase=p", "", payments.OpFindPayment, `{"purchaseId":"p"}`},
		{"GET", "/api/payments/p", "", payments.OpGetPayment, `{"paymentId":"p"}`},
		{"POST", "/api/payments/p/reconcile", "", payments.OpReconcile, `{"paymentId":"p"}`},
	}
	asked := map[string]bool{
		payments.OpHandleWebhook: true, // has a test of its own
		"users.Contact":          true, // is for services alone
	}
	for _, row := range rows {
		asked[row.operation] = true
		var got rpc.Request
		h := behind(t, func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
			got = r
			return rpc.Answer{Status: 200, ContentType: rpc.ContentType, Body: []byte("{}\n")}, nil
		}, 1)
		w := ask(t.Context(), h, row.method, row.path, row.body)
		if w.Code != http.StatusOK || got.Operation != row.operation || string(got.Body) != row.want {
			t.Errorf("%s %s: %d, asked for %s %s, want %s %s", row.method, row.path, w.Code, got.Operation, got.Body, row.operation, row.want)
		}
	}
	for _, all := range [][]string{users.Operations(), games.Operations(), payments.Operations()} {
		for _, name := range all {
			if !asked[name] {
				t.Errorf("no row asks for %s", name)
			}
		}
	}
}

func TestWhatIsSaidBesideTheBody(t *testing.T) {
	var got rpc.Request
	h := behind(t, func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
		got = r
		return rpc.Answer{Status: 200, Body: []byte("{}"), ContentType: rpc.ContentType}, nil
	}, 1)
	all := []string{
		"Authorization", "Bearer t", "Idempotency-Key", "k", "If-Match", `"1"`, "If-None-Match", `"1"`, "If-None-Match", `"2"`,
		"Traceparent", "00-1", "Tracestate", "a=b", "X-Forwarded-For", "6.6.6.6", "X-User-Id", "x", "Cookie", "c",
	}
	ask(t.Context(), h, "POST", "/api/games/g/purchase", "", all...)
	want := map[string]string{
		"authorization": "Bearer t", "idempotency-key": "k", "if-match": `"1"`, "if-none-match": `"1", "2"`, "traceparent": "00-1", "tracestate": "a=b",
		"x-forwarded-for": "192.0.2.1", "x-request-id": "r-1",
	}
	if diff := cmp.Diff(want, got.Headers); diff != "" {
		t.Error(diff)
	}
	ask(t.Context(), h, "GET", "/api/games/g", "", all...)
	if got.Headers["authorization"] != "" {
		t.Error("a token went where nobody reads it")
	}
}

func TestAWebhookPassesAsItCame(t *testing.T) {
	var got rpc.Request
	h := behind(t, func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
		got = r
		return rpc.Answer{Status: 204}, nil
	}, 1)
	w := ask(t.Context(), h, "POST", "/api/payments/webhooks/acme", "{\xff", "X-Acme-Signature", "s", "X-Real-Ip", "6.6.6.6")
	body, err := httpserver.Unmarshal[payments.WebhookRequest](got.Body)
	if err != nil || w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Fatalf("%d, %v", w.Code, err)
	}
	if string(body.Body) != "{\xff" || body.Provider != "acme" || body.Headers["x-acme-signature"] != "s" || body.Headers["x-real-ip"] != "" {
		t.Errorf("got %+v", body)
	}
}

func TestAnAnswerIsPassedOn(t *testing.T) {
	h := behind(t, func(context.Context, rpc.Request) (rpc.Answer, error) {
		return rpc.Answer{Status: 202, ContentType: rpc.ContentType, Body: []byte(`{"id":"p"}`), Headers: map[string]string{
			"etag": `"3"`, "location": "/api/purchases/p", "retry-after": "1", "idempotency-replayed": "true", "cache-control": "private", "x-internal-secret": "s",
		}}, nil
	}, 1)
	w := ask(t.Context(), h, "POST", "/api/games/g/purchase", "")
	for name, want := range map[string]string{
		"ETag": `"3"`, "Location": "/api/purchases/p", "Retry-After": "1", "Idempotency-Replayed": "true", "Content-Type": "application/json",
		"Content-Length": "10", "X-Internal-Secret": "", "Cache-Control": "private",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Code != 202 || w.Body.String() != `{"id":"p"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAProblemIsAsOverHTTP(t *testing.T) {
	sent := errs.New(errs.Conflict, "already-owned", "you own it").WithDetail("purchase", "/api/purchases/p")
	h := behind(t, func(ctx context.Context, _ rpc.Request) (rpc.Answer, error) { return rpc.Problem(ctx, sent), nil }, 1)
	w := ask(t.Context(), h, "POST", "/api/games/g/purchase", "")
	direct := httptest.NewRecorder()
	httpserver.RequestID(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpserver.WriteError(r.Context(), w, sent)
	})).ServeHTTP(direct, func() *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/games/g/purchase", nil)
		r.Header.Set("X-Request-Id", "r-1")
		return r
	}())
	if diff := cmp.Diff(direct.Body.String(), w.Body.String()); diff != "" || w.Code != direct.Code {
		t.Errorf("%d\n%s", w.Code, diff)
	}
}

// When there is no answer, or none that can be passed on, the problem says what the
// client may do.
func TestWithoutAnAnswer(t *testing.T) {
	ok := rpc.Answer{Status: 200, ContentType: rpc.ContentType}
	garbage := map[string]rpc.Answer{
		"no status": {Body: []byte("{}")}, "broken JSON": {Status: 200, Body: []byte(`{"id":`)}, "no body": ok, "HTML": {Status: 502, Body: []byte("<h1>")},
		"a body with 204": {Status: 204, Body: []byte("{}")}, "a huge status": {Status: 70000, Body: []byte("{}")}, "an informational one": {Status: 101, Body: []byte("{}")},
	}
	type outcome struct {
		status int
		code   string
	}
	down, timeout, unknown := outcome{503, "upstream-unavailable"}, outcome{504, "timeout"}, outcome{504, "outcome-unknown"}
	check := func(name string, call rpc.CallerFunc, read, command, keyed outcome) {
		t.Helper()
		h := behind(t, call, 1)
		for _, tc := range []struct {
			method, path string
			headers      []string
			want         outcome
		}{
			{"GET", "/api/purchases/p", nil, read}, {"GET", "/api/purchases/p/events", nil, read},
			{"POST", "/api/games/g/purchase", nil, command}, {"DELETE", "/api/users/me", nil, command},
			{"POST", "/api/games/g/purchase", []string{"Idempotency-Key", "k"}, keyed},
		} {
			w := ask(t.Context(), h, tc.method, tc.path, "", tc.headers...)
			if got := (outcome{w.Code, code(w.Body.String())}); got != tc.want || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s, %s %s: got %v %v, want %v", name, tc.method, tc.path, got, w.Header(), tc.want)
			}
			if (tc.want == down) != (w.Header().Get("Retry-After") == "1") {
				t.Errorf("%s, %s %s: Retry-After %q", name, tc.method, tc.path, w.Header().Get("Retry-After"))
			}
		}
	}
	fails := func(err error) rpc.CallerFunc {
		return func(context.Context, rpc.Request) (rpc.Answer, error) { return rpc.Answer{}, err }
	}
	check("the service is away", fails(errs.New(errs.Unavailable, "no-service", "x")), down, down, down)
	check("the answer is late", fails(errs.Wrap(context.DeadlineExceeded, errs.Timeout, "x")), timeout, timeout, timeout)
	check("the session is lost", fails(rpc.ErrLost), down, unknown, down)
	check("a bug", fails(errors.New("bug")), down, down, down)
	for name, a := range garbage {
		check(name, func(context.Context, rpc.Request) (rpc.Answer, error) { return a, nil }, down, unknown, down)
	}
}

// code is the code of a problem document.
func code(problem string) string {
	_, rest, _ := strings.Cut(problem, `"code":"`)
	c, _, _ := strings.Cut(rest, `"`)
	return c
}

func TestAClientThatWentGetsNothing(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	h := behind(t, func(ctx context.Context, _ rpc.Request) (rpc.Answer, error) {
		leave()
		<-ctx.Done()
		return rpc.Answer{}, errs.Wrap(ctx.Err(), errs.Timeout, "x")
	}, 1)
	if w := ask(ctx, h, "GET", "/api/games/g", ""); w.Code != 499 || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
