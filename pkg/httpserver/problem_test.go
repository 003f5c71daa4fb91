package httpserver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
)

// answerTo runs a request through a handler.
func answerTo(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// failing answers every request with err, behind RequestID.
func failing(err error) http.Handler {
	return httpserver.RequestID(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpserver.WriteError(r.Context(), w, err)
	}))
}

// members reads a problem document.
func members(t *testing.T, resp *http.Response) map[string]any {
	t.Helper()
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("media type %q", got)
	}
	var m map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWriteErrorIsAProblemDocument(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/api/games/7/purchase?token=secret", nil)
	r.Header.Set("X-Request-Id", "r-1")
	err := fmt.Errorf("purchase: %w", errs.New(errs.Conflict, "already-owned", "you own this game").
		WithDetail("purchase", "/api/purchases/1").
		WithDetail("status", 200).WithDetail("instance", "x").WithDetail("traceId", "x").WithDetail("code", "x").
		WithCause(errors.New("UNIQUE constraint failed: purchases.user_id")))
	resp := answerTo(failing(err), r)
	want := map[string]any{
		"type": "https://gamestore.example/problems/already-owned", "title": "you own this game", "status": 409.0,
		"code": "already-owned", "instance": "/api/games/7/purchase", "traceId": "r-1", "purchase": "/api/purchases/1",
	}
	if diff := cmp.Diff(want, members(t, resp)); diff != "" {
		t.Error(diff)
	}
	if resp.StatusCode != 409 || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, headers %v", resp.StatusCode, resp.Header)
	}
}

func TestWriteErrorNeverTellsAnInternalCause(t *testing.T) {
	const secret = "SELECT * FROM users: dsn=sqlserver://sa:hunter2@db"
	for name, err := range map[string]error{
		"unclassified": errors.New(secret),
		"internal":     errs.Wrap(errors.New(secret), errs.Internal, "internal error"),
		"unavailable":  errs.Wrap(errors.New(secret), errs.Unavailable, "try again later"),
		"wrapped":      fmt.Errorf("%s: %w", secret, errs.New(errs.NotFound, "", "no such game")),
		"nil":          nil,
	} {
		resp := answerTo(failing(err), httptest.NewRequest(http.MethodGet, "/", nil))
		body, _ := io.ReadAll(resp.Body)
		if strings.Contains(string(body), "hunter2") || strings.Contains(string(body), "SELECT") {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestWriteErrorSetsTheHeadersOfItsClass(t *testing.T) {
	for _, tc := range []struct {
		err                  error
		status               int
		challenge, retry, cn string
	}{
		{auth.ErrTokenRequired, 401, "Bearer", "", ""},
		{auth.ErrTokenExpired, 401, `Bearer error="invalid_token"`, "", ""},
		{auth.ErrForbidden, 403, "", "", ""},
		{errs.New(errs.RateLimited, "", "slow down").WithRetryAfter(1500 * time.Millisecond), 429, "", "2", ""},
		{errs.New(errs.Unavailable, "", "down").WithRetryAfter(time.Millisecond), 503, "", "1", ""},
		{errs.New(errs.TooLarge, "", "too large"), 413, "", "", "close"},
	} {
		resp := answerTo(failing(tc.err), httptest.NewRequest(http.MethodGet, "/", nil))
		h := resp.Header
		if resp.StatusCode != tc.status || h.Get("WWW-Authenticate") != tc.challenge || h.Get("Retry-After") != tc.retry || h.Get("Connection") != tc.cn {
			t.Errorf("%v: %d %v", tc.err, resp.StatusCode, h)
		}
	}
}

func TestAnAnswerThatBeganIsNotSpoiled(t *testing.T) {
	h := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		httpserver.WriteError(r.Context(), w, errors.New("bug"))
	}), httpserver.AccessLog(slog.New(slog.DiscardHandler)))
	resp := answerTo(h, httptest.NewRequest(http.MethodGet, "/", nil))
	if body, _ := io.ReadAll(resp.Body); string(body) != "half" || resp.StatusCode != 200 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestDetailsCannotReplaceWhatIsMissing(t *testing.T) {
	w := httptest.NewRecorder()
	err := errs.New(errs.Conflict, "busy", "busy").WithDetail("instance", "x").WithDetail("errors", "x").WithDetail("detail", "x")
	httpserver.WriteError(t.Context(), w, err)
	want := map[string]any{"type": "https://gamestore.example/problems/busy", "title": "busy", "status": 409.0, "code": "busy", "traceId": ""}
	if diff := cmp.Diff(want, members(t, w.Result())); diff != "" {
		t.Error(diff)
	}
}

func TestDetailsThatCannotBeEncodedAreLeftOut(t *testing.T) {
	err := errs.New(errs.Conflict, "busy", "busy").WithDetail("why", func() {})
	resp := answerTo(failing(err), httptest.NewRequest(http.MethodGet, "/", nil))
	if m := members(t, resp); resp.StatusCode != 409 || m["code"] != "busy" {
		t.Errorf("%d %v", resp.StatusCode, m)
	}
}

func TestAClientGetsTheErrorOfTheServer(t *testing.T) {
	for class := errs.Internal; class <= errs.Timeout; class++ {
		sent := errs.New(class, "some-code", "some message").WithRetryAfter(7 * time.Second)
		if class == errs.Invalid {
			sent.Fields = []errs.Field{{Name: "price.amount", Message: "must not be negative"}}
			sent = sent.WithDetail("offset", "3")
		}
		resp := answerTo(failing(sent), httptest.NewRequest(http.MethodGet, "/", nil))
		got := errs.From(httpserver.DecodeError(resp))
		if diff := cmp.Diff(sent, got, cmpopts.IgnoreUnexported(errs.Error{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("class %d:\n%s", class, diff)
		}
		if !errors.Is(got, sent) {
			t.Errorf("class %d: a sentinel does not match", class)
		}
	}
}

func TestAnAnswerThatIsNoProblemHasTheClassOfItsStatus(t *testing.T) {
	for _, tc := range []struct {
		status      int
		contentType string
		body        string
		want        errs.Class
	}{
		{404, "text/html", "<h1>not here</h1>", errs.NotFound},
		{502, "text/plain", "bad gateway", errs.Unavailable},
		{500, "application/problem+json", "{", errs.Internal},
		{429, "application/problem+json", `{"code":7,"title":[],"errors":"x"}`, errs.RateLimited},
		{418, "", "", errs.Invalid},
	} {
		resp := &http.Response{StatusCode: tc.status, Header: http.Header{"Content-Type": {tc.contentType}}, Body: io.NopCloser(strings.NewReader(tc.body))}
		e := errs.From(httpserver.DecodeError(resp))
		if e.Class != tc.want || e.Code != tc.want.DefaultCode() || strings.Contains(e.Message, "not here") {
			t.Errorf("%d: %+v", tc.status, e)
		}
	}
	if err := httpserver.DecodeError(&http.Response{StatusCode: 202}); err != nil {
		t.Errorf("202: %v", err)
	}
}

func TestWriteJSONWritesAllOrNothing(t *testing.T) {
	w := httptest.NewRecorder()
	if err := httpserver.WriteJSON(t.Context(), w, 200, map[string]any{"a": func() {}}); err == nil || w.Body.Len() > 0 {
		t.Errorf("got %v, wrote %q", err, w.Body)
	}
	httpserver.EncodeError(observe.WithRequestID(t.Context(), "r"), errors.New("bug"), w)
	if w.Code != 500 {
		t.Errorf("the error after it has status %d", w.Code)
	}
	w = httptest.NewRecorder()
	if err := httpserver.WriteJSON(t.Context(), w, 201, map[string]string{"a": "<&>"}); err != nil {
		t.Fatal(err)
	}
	if got := w.Body.String(); got != `{"a":"<&>"}`+"\n" || w.Code != 201 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Content-Length") != "12" {
		t.Errorf("%d %v %q", w.Code, w.Header(), got)
	}
	w = httptest.NewRecorder()
	if err := httpserver.WriteJSON(t.Context(), w, 204, nil); err != nil || w.Code != 204 || w.Body.Len() > 0 {
		t.Errorf("204: %v %d %q", err, w.Code, w.Body)
	}
}
