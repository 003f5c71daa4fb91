package httpserver_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"gamestore.example/pkg/event"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/observe"
)

// wrap puts middlewares around a handler, the first outermost.
func wrap(h http.Handler, ms ...func(http.Handler) http.Handler) http.Handler {
	for i := len(ms) - 1; i >= 0; i-- {
		h = ms[i](h)
	}
	return h
}

func TestRequestIDs(t *testing.T) {
	v7 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, tc := range []struct {
		name, sent string
		taken      bool
	}{
		{"a good one", "Abc-123_x.y", true},
		{"the longest", strings.Repeat("a", 128), true},
		{"none", "", false},
		{"too long", strings.Repeat("a", 129), false},
		{"white space", "a b", false},
		{"a line break", "a\r\nlevel=ERROR", false},
		{"quotes", `a"b`, false},
		{"not ASCII", "ä", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var seen string
			h := httpserver.RequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen = observe.RequestID(r.Context())
				if got := event.OriginFrom(r.Context()).CorrelationID; got != seen {
					t.Errorf("the correlation id is %q, the request id %q", got, seen)
				}
			}))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("X-Request-Id", tc.sent)
			resp := answerTo(h, r)
			if got := resp.Header.Get("X-Request-Id"); got != seen {
				t.Errorf("echoed %q, used %q", got, seen)
			}
			if tc.taken && seen != tc.sent || !tc.taken && !v7.MatchString(seen) {
				t.Errorf("sent %q, used %q", tc.sent, seen)
			}
		})
	}
}

func TestRecoverAnswersAndLogsAPanic(t *testing.T) {
	var log bytes.Buffer
	h := httpserver.Recover(slog.New(slog.NewTextHandler(&log, nil)))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("secret")
	}))
	resp := answerTo(h, httptest.NewRequest(http.MethodGet, "/", nil))
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 500 || strings.Contains(string(body), "secret") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if !strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "chain_test.go") {
		t.Errorf("the log lacks the value or the stack: %s", &log)
	}
}

func TestAPanicAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	for name, v := range map[string]any{"panic": "boom", "abort": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(httpserver.Recover(logger)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"half":`)
				_ = http.NewResponseController(w).Flush()
				panic(v)
			})))
			defer srv.Close()
			resp, err := srv.Client().Get(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if _, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the client takes the half answer for a whole one: %v", err)
			}
		})
	}
}

func TestBodiesAreBounded(t *testing.T) {
	const limit, huge = 100, 10 << 20
	read := 0
	h := httpserver.LimitBody(limit)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &counter{r.Body, &read}
		r.Body = counted
		v, err := httpserver.DecodeJSON[order](r)
		if err != nil {
			httpserver.WriteError(r.Context(), w, err)
			return
		}
		_ = httpserver.WriteJSON(r.Context(), w, 200, v.Name)
	}))
	srv := httptest.NewServer(h)
	defer srv.Close()
	body := func(n int) string { return `{"name":"` + strings.Repeat("a", n-11) + `"}` }
	for _, tc := range []struct {
		name    string
		n       int
		chunked bool
		status  int
	}{
		{"as long as allowed", limit, false, 200},
		{"as long as allowed, chunked", limit, true, 200},
		{"one byte more", limit + 1, false, 413},
		{"one byte more, chunked", limit + 1, true, 413},
		{"10 MiB", huge, false, 413},
		{"10 MiB, chunked", huge, true, 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			read = 0
			var reader io.Reader = strings.NewReader(body(tc.n))
			if tc.chunked {
				reader = struct{ io.Reader }{reader} // hides its length
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, reader)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tc.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tc.status)
			}
			if tc.status == 413 {
				if m := members(t, resp); m["maxBytes"] != float64(limit) {
					t.Errorf("the limit is not told: %v", m)
				}
			}
			if read > limit+1 {
				t.Errorf("%d bytes were read", read)
			}
		})
	}
}

// counter counts what is read.
type counter struct {
	io.ReadCloser
	n *int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	*c.n += n
	return n, err
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	h := wrap(httpserver.NotFound(), httpserver.SecurityHeaders)
	header := answerTo(h, httptest.NewRequest(http.MethodGet, "/", nil)).Header
	for name, want := range map[string]string{
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
		"Referrer-Policy":         "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
