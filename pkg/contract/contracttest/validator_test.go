package contracttest_test

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/pkg/contract/contracttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

//go:embed testdata/shelf.json
var shelf []byte

// recorder is a testing.TB that keeps what would have failed the test.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.errors = append(r.errors, fmt.Sprint(args...)) }

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// answer is a transport that answers every request alike.
type answer struct {
	status int
	header http.Header
	body   string
	got    string // the request's body
}

func (a *answer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		a.got = string(b)
	}
	w := httptest.NewRecorder()
	for k, vs := range a.header {
		w.Header()[k] = vs
	}
	w.WriteHeader(a.status)
	_, _ = w.WriteString(a.body)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

func jsonHeader(more ...string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

var problem = http.Header{"Content-Type": {"application/problem+json"}}

func TestEachExchangeIsComparedWithTheDocument(t *testing.T) {
	const book = `{"title":"Iracema","pages":null}`
	created := jsonHeader("Location", "/books/1")
	for _, tc := range []struct {
		name         string
		method, path string
		body         string
		noToken, bad bool
		answer       answer
		want         string // part of the only failure; "" wants none
	}{
		{name: "good", method: "POST", path: "/books", body: book, answer: answer{201, created, book, ""}},
		{name: "request field of another type", method: "POST", path: "/books", body: `{"title":7}`, answer: answer{201, created, book, ""}, want: "/title"},
		{name: "unknown request field", method: "POST", path: "/books", body: `{"title":"a","x":1}`, answer: answer{201, created, book, ""}, want: "x"},
		{name: "no body", method: "POST", path: "/books", answer: answer{201, created, book, ""}, want: "required"},
		{name: "3.1 keyword of the request", method: "POST", path: "/books", body: `{"title":"a","pages":0}`, answer: answer{201, created, book, ""}, want: "/pages"},
		{name: "deep in a reference", method: "POST", path: "/books", body: `{"title":"a","author":{}}`, answer: answer{201, created, book, ""}, want: "/author"},
		{name: "no token", method: "POST", path: "/books", body: book, noToken: true, answer: answer{201, created, book, ""}, want: "bearer token"},
		{name: "path parameter too long", method: "GET", path: "/books/123456789", answer: answer{200, jsonHeader(), book, ""}, want: `parameter "id" in path`},
		{name: "body where none is documented", method: "GET", path: "/books/1", body: book, answer: answer{200, jsonHeader(), book, ""}, want: "body not allowed"},
		{name: "no operation", method: "GET", path: "/nowhere", answer: answer{404, problem, `{"code":"x","status":404}`, ""}, want: "no operation"},
		{name: "status not documented", method: "GET", path: "/books/1", answer: answer{500, problem, `{"code":"x","status":500}`, ""}, want: "500 Internal Server Error: the status is not documented"},
		{name: "redirect not documented", method: "GET", path: "/books/1", answer: answer{307, nil, "", ""}, want: "status is not documented"},
		{name: "304 is documented", method: "GET", path: "/books/1", answer: answer{304, nil, "", ""}},
		{name: "content type", method: "GET", path: "/books/1", answer: answer{200, http.Header{"Content-Type": {"text/plain"}}, book, ""}, want: `"text/plain" is not documented`},
		{name: "charset is fine", method: "GET", path: "/books/1", answer: answer{200, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, book, ""}},
		{name: "schema of the answer", method: "GET", path: "/books/1", answer: answer{200, jsonHeader(), `{"pages":1}`, ""}, want: "title"},
		{name: "broken JSON", method: "GET", path: "/books/1", answer: answer{200, jsonHeader(), `{`, ""}, want: "decode"},
		{name: "required header", method: "POST", path: "/books", body: book, answer: answer{201, jsonHeader(), book, ""}, want: `header "Location" missing`},
		{name: "header's schema", method: "POST", path: "/books", body: book, answer: answer{201, jsonHeader("Location", "elsewhere"), book, ""}, want: `header "Location"`},
		{name: "204 is empty", method: "DELETE", path: "/books/1", answer: answer{204, nil, "", ""}},
		{name: "body that is not documented", method: "DELETE", path: "/books/1", answer: answer{204, jsonHeader(), "{}", ""}, want: "none is documented"},
		{name: "JSON type of its own", method: "GET", path: "/keys", answer: answer{200, http.Header{"Content-Type": {"application/jwk-set+json"}}, `{"keys":[]}`, ""}},
		{name: "its schema", method: "GET", path: "/keys", answer: answer{200, http.Header{"Content-Type": {"application/jwk-set+json"}}, `{}`, ""}, want: "keys"},

		{name: "bad on purpose", method: "POST", path: "/books", body: `{`, bad: true, noToken: true, answer: answer{400, problem, `{"code":"invalid","status":400}`, ""}},
		{name: "bad but accepted", method: "POST", path: "/books", body: `{`, bad: true, answer: answer{201, created, book, ""}, want: "not answered with a 4xx"},
		{name: "bad and the answer too", method: "POST", path: "/books", body: `{`, bad: true, answer: answer{400, problem, `{"status":400}`, ""}, want: "code"},
		{name: "bad path", method: "GET", path: "/nowhere", bad: true, answer: answer{404, problem, `{"code":"not-found","status":404}`, ""}},
		{name: "bad method", method: "PUT", path: "/books", bad: true, answer: answer{405, problem, `{"code":"method-not-allowed","status":405}`, ""}},
		{name: "bad path without a problem", method: "GET", path: "/nowhere", bad: true, answer: answer{404, nil, "404", ""}, want: "want an error as application/problem+json"},
		{name: "bad path with a bad problem", method: "GET", path: "/nowhere", bad: true, answer: answer{404, problem, `{}`, ""}, want: "not as documented"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := &recorder{TB: t}
			v := contracttest.NewValidator(rec, shelf, &tc.answer)
			ctx := t.Context()
			if tc.bad {
				ctx = contracttest.BadRequest(ctx)
			}
			req, err := http.NewRequestWithContext(ctx, tc.method, "http://127.0.0.1:1"+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if tc.body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			if !tc.noToken {
				req.Header.Set("Authorization", "Bearer x")
			}
			resp, err := v.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.Body.Close() != nil {
				t.Fatal(err)
			}
			if string(body) != tc.answer.body || tc.answer.got != tc.body {
				t.Errorf("the validator changed a body: sent %q, got %q", tc.answer.got, body)
			}
			failures := strings.Join(rec.errors, "\n")
			switch {
			case tc.want == "" && failures != "":
				t.Errorf("unexpected failure: %s", failures)
			case tc.want != "" && !strings.Contains(failures, tc.want):
				t.Errorf("failures = %q, want one with %q", failures, tc.want)
			case len(failures) > 400:
				t.Errorf("the failure is too long to read: %s", failures)
			}
		})
	}
}

func TestAnEventStreamIsNotConsumed(t *testing.T) {
	next := make(chan string)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for event := range next {
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
		}
	}))
	defer srv.Close()
	defer close(next)
	base := &http.Transport{}
	defer base.CloseIdleConnections()

	v := contracttest.NewValidator(t, shelf, base)
	go func() { next <- "data: 1\n\n" }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := v.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	r := bufio.NewReader(resp.Body)
	if line, err := r.ReadString('\n'); line != "data: 1\n" {
		t.Fatalf("got %q, %v", line, err)
	}
}

func TestCoverageOfOperationsAndStatuses(t *testing.T) {
	a := &answer{status: 404, header: problem, body: `{"code":"x","status":404}`}
	v := contracttest.NewValidator(t, shelf, a)
	get := func(path string) {
		t.Helper()
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://x"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := v.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	get("/books/1")
	rec := &recorder{TB: t}
	v.AssertAllDriven(rec, "watch", "keys")
	got := strings.Join(rec.errors, "\n")
	for _, want := range []string{"addBook (POST /books) was never driven", "deleteBook", "getBook (GET /books/{id}) was never driven to a success, only to [404]"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "watch") {
		t.Errorf("an exception is reported: %s", got)
	}

	rec = &recorder{TB: t}
	v.AssertAllStatusesOf(rec, "getBook", 304)
	if len(rec.errors) != 1 || !strings.Contains(rec.errors[0], "200 OK") {
		t.Errorf("statuses: %q", rec.errors)
	}
	*a = answer{status: 200, header: jsonHeader(), body: `{"title":"x"}`}
	get("/books/1")
	rec = &recorder{TB: t}
	v.AssertAllStatusesOf(rec, "getBook", 304)
	v.AssertAllDriven(rec, "watch", "keys", "addBook", "deleteBook")
	if len(rec.errors) != 0 {
		t.Errorf("all is driven, yet: %q", rec.errors)
	}
	v.AssertAllStatusesOf(rec, "nobody")
	if len(rec.errors) != 1 {
		t.Errorf("an unknown operation is not reported: %q", rec.errors)
	}
}

func TestCheckDocument(t *testing.T) {
	contracttest.CheckDocument(t, shelf)
	for _, tc := range []struct{ name, old, new, want string }{
		{"operationId twice", `"operationId": "getBook"`, `"operationId": "addBook"`, "same operation id"},
		{"no operationId", `"operationId": "getBook",`, "", "GET /books/{id}: there is no operationId"},
		{"plain error", `"application/problem+json"`, `"application/json"`, "not answered as"},
		{"no success", `"204"`, `"404"`, "no success"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := &fatal{recorder{TB: t}}
			func() {
				defer func() { _ = recover() }()
				contracttest.CheckDocument(rec, []byte(strings.Replace(string(shelf), tc.old, tc.new, 1)))
			}()
			if got := strings.Join(rec.errors, "\n"); !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAnInvalidDocumentEndsTheTest(t *testing.T) {
	for _, tc := range []struct{ name, old, new string }{
		{"not JSON", "{", ""},
		{"another version", "3.1.0", "3.0.3"},
		{"wrong example", `"title": "Dom Casmurro"`, `"title": 7`},
		{"broken reference", "#/components/schemas/Author", "#/components/schemas/Nobody"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := &fatal{recorder{TB: t}}
			func() {
				defer func() { _ = recover() }()
				contracttest.Load(rec, []byte(strings.Replace(string(shelf), tc.old, tc.new, 1)))
			}()
			if len(rec.errors) == 0 {
				t.Error("the document was taken")
			}
		})
	}
}

// fatal is a recorder whose Fatalf stops by a panic.
type fatal struct{ recorder }

func (f *fatal) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	panic("fatal")
}
