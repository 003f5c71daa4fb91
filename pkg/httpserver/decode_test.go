package httpserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

type price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type order struct {
	Name     string     `json:"name"`
	Count    int32      `json:"count"`
	Stars    uint8      `json:"stars"`
	Gift     bool       `json:"gift"`
	Weight   float64    `json:"weight"`
	Price    price      `json:"price"`
	Expected *price     `json:"expected"`
	Tags     []string   `json:"tags"`
	Lines    []price    `json:"lines"`
	At       *time.Time `json:"at"`
	Deep     any        `json:"deep"`
	Coded    coded      `json:"coded"`
}

// coded is a value whose type has an error of its own.
type coded string

func (c *coded) UnmarshalText(b []byte) error {
	if string(b) == "bad" {
		return errs.New(errs.Unprocessable, "bad-code", "this code is bad")
	}
	if string(b) == "secret" {
		return errors.New("/etc/secret: no such file")
	}
	*c = coded(b)
	return nil
}

// post returns a request with a body; the media type may be changed.
func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestDecodeJSONTakesOnlyWhatItKnows(t *testing.T) {
	deep := func(n int) string { return `{"deep":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	field := func(name string) []errs.Field { return []errs.Field{{Name: name}} }
	for _, tc := range []struct {
		name   string
		body   string
		code   errs.Code // "" is good
		fields []errs.Field
		says   string // in the message of the error or of its first field
	}{
		{name: "all fields", body: `{"name":"Ä😀\u00e9","count":-3,"stars":255,"gift":true,"weight":1e3,"price":{"amount":1999,"currency":"BRL"},"tags":["a"],"at":"2026-01-02T03:04:05Z"}`},
		{name: "white space around", body: " \r\n\t{} \n"},
		{name: "brackets in strings", body: `{"name":"` + strings.Repeat(`[{\"\\`, 100) + `"}`},
		{name: "deep enough", body: deep(31)},
		{name: "null fields", body: `{"name":null,"expected":null,"tags":null}`},

		{name: "empty", body: "", code: "body-required"},
		{name: "only white space", body: " \n ", code: "body-required"},
		{name: "null", body: "null", code: "body-required"},
		{name: "too deep", body: deep(32), code: "too-deep"},
		{name: "ten thousand deep", body: strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), code: "too-deep"},
		{name: "ten thousand objects deep", body: strings.Repeat(`{"deep":`, 10_000), code: "too-deep"},
		{name: "cut off", body: `{"name":"a`, code: "malformed-json"},
		{name: "cut off in an escape", body: `{"name":"a\`, code: "malformed-json"},
		{name: "not JSON", body: `name=a&count=3`, code: "malformed-json"},
		{name: "single quotes", body: `{'name':'a'}`, code: "malformed-json"},
		{name: "a comma too many", body: `{"name":"a",}`, code: "malformed-json"},
		{name: "a comment", body: `{"name":"a"} // hi`, code: "malformed-json"},
		{name: "two values", body: `{"name":"a"}{"name":"b"}`, code: "malformed-json", says: ""},
		{name: "a bracket too many", body: `{"name":"a"}}`, code: "malformed-json"},
		{name: "NaN", body: `{"weight":NaN}`, code: "malformed-json"},
		{name: "a control character", body: "{\"name\":\"a\nb\"}", code: "malformed-json"},
		{name: "not UTF-8", body: "{\"name\":\"\xff\xfe\"}", code: "malformed-json"},
		{name: "a byte order mark", body: "\ufeff{}", code: "malformed-json"},

		{name: "unknown field", body: `{"name":"a","admin":true}`, code: "invalid", fields: field("admin"), says: "not a known field"},
		{name: "unknown field inside", body: `{"price":{"amount":1,"hack":2}}`, code: "invalid", fields: field("hack")},
		{name: "number for a string", body: `{"name":7}`, code: "invalid", fields: field("name"), says: "must be a string, not a number"},
		{name: "string for a number", body: `{"count":"7"}`, code: "invalid", fields: field("count"), says: "must be an integer from -2147483648 to 2147483647, not a string"},
		{name: "object for a string", body: `{"name":{}}`, code: "invalid", fields: field("name"), says: "not an object"},
		{name: "array for an object", body: `{"price":[]}`, code: "invalid", fields: field("price"), says: "must be an object, not an array"},
		{name: "string for a list", body: `{"tags":"a"}`, code: "invalid", fields: field("tags"), says: "must be an array"},
		{name: "string for true", body: `{"gift":"yes"}`, code: "invalid", fields: field("gift"), says: "must be true or false"},
		{name: "inside an object", body: `{"price":{"amount":"19.99"}}`, code: "invalid", fields: field("price.amount")},
		{name: "inside a pointer", body: `{"expected":{"currency":1}}`, code: "invalid", fields: field("expected.currency")},
		{name: "a fraction", body: `{"count":1.5}`, code: "invalid", fields: field("count"), says: "must be an integer from"},
		{name: "too large", body: `{"price":{"amount":9223372036854775808}}`, code: "invalid", fields: field("price.amount"), says: "to 9223372036854775807"},
		{name: "far too large", body: `{"price":{"amount":1e400}}`, code: "invalid", fields: field("price.amount")},
		{name: "too large for a float", body: `{"weight":1e400}`, code: "invalid", fields: field("weight"), says: "must be a number"},
		{name: "negative for unsigned", body: `{"stars":-1}`, code: "invalid", fields: field("stars"), says: "from 0 to 255"},
		{name: "the whole is an array", body: `[1]`, code: "invalid", says: "the body must be an object, not an array"},
		{name: "the whole is a string", body: `"hi"`, code: "invalid", says: "the body must be an object, not a string"},
		{name: "the whole is a number", body: `42`, code: "invalid", says: "not a number"},
		{name: "not a time", body: `{"at":"yesterday"}`, code: "invalid", says: "RFC 3339"},
		{name: "an error of the type", body: `{"coded":"bad"}`, code: "bad-code"},
		{name: "an unclassified error of the type", body: `{"coded":"secret"}`, code: "invalid", says: "wrong format"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := httpserver.DecodeJSON[order](post(tc.body))
			if got := errs.CodeOf(err); got != tc.code {
				t.Fatalf("got %v, want code %q", err, tc.code)
			}
			if err == nil {
				return
			}
			e := errs.From(err)
			if s := e.Class.HTTPStatus(); s < 400 || s > 499 {
				t.Errorf("status %d", s)
			}
			message := e.Message
			var names []errs.Field
			for _, f := range e.Fields {
				message = f.Message
				names = append(names, errs.Field{Name: f.Name})
			}
			if diff := cmp.Diff(tc.fields, names); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(message, tc.says) || strings.Contains(message, "secret") || strings.Contains(message, "Go ") {
				t.Errorf("it says %q, want %q", message, tc.says)
			}
		})
	}
}

func TestDecodeJSONGivesWhatWasSent(t *testing.T) {
	got, err := httpserver.DecodeJSON[order](post(`{"name":"a","count":2,"price":{"amount":1999,"currency":"BRL"},"tags":["x","y"]}`))
	want := order{Name: "a", Count: 2, Price: price{1999, "BRL"}, Tags: []string{"x", "y"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestAnOptionalBodyMayBeLeftOut(t *testing.T) {
	empty := httptest.NewRequest(http.MethodPost, "/orders", nil) // no media type either
	for name, r := range map[string]*http.Request{"none": empty, "white space": post(" ")} {
		if got, err := httpserver.DecodeOptionalJSON[price](r); err != nil || got != (price{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := httpserver.DecodeOptionalJSON[price](post(`{"amount":3}`)); err != nil || got.Amount != 3 {
		t.Errorf("with a body: %+v, %v", got, err)
	}
	if _, err := httpserver.DecodeOptionalJSON[price](post(`{"amount":"3"}`)); errs.ClassOf(err) != errs.Invalid {
		t.Errorf("with a bad body: %v", err)
	}
}

func TestOnlyJSONInUTF8IsRead(t *testing.T) {
	for _, tc := range []struct {
		contentType, encoding string
		ok                    bool
	}{
		{"application/json", "", true},
		{"application/json; charset=utf-8", "", true},
		{"Application/JSON;charset=UTF-8", "identity", true},
		{"", "", false},
		{"text/plain", "", false},
		{"text/json", "", false},
		{"application/x-www-form-urlencoded", "", false},
		{"multipart/form-data; boundary=x", "", false},
		{"application/json; charset=utf-16", "", false},
		{"application/json; charset", "", false},
		{"application/json", "gzip", false},
	} {
		r := post("{}")
		r.Header.Set("Content-Type", tc.contentType)
		if tc.encoding != "" {
			r.Header.Set("Content-Encoding", tc.encoding)
		}
		_, err := httpserver.DecodeJSON[price](r)
		if want := !tc.ok; errors.Is(err, httpserver.ErrMediaType) != want {
			t.Errorf("%q %q: %v", tc.contentType, tc.encoding, err)
		}
	}
}

func TestABodyThatDoesNotArriveIsTheClientsFault(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		body io.Reader
		want errs.Class
	}{
		{"cut off", t.Context(), io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)), errs.Invalid},
		{"the client went away", ended, iotest.ErrReader(errors.New("reset")), errs.Timeout},
		{"without end", t.Context(), endless{}, errs.TooLarge},
	} {
		r := httptest.NewRequestWithContext(tc.ctx, http.MethodPost, "/", tc.body)
		r.Header.Set("Content-Type", "application/json")
		if _, err := httpserver.DecodeJSON[price](r); errs.ClassOf(err) != tc.want {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// FuzzDecodeJSON looks for a body that gives something else than a value or a 4xx.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"name":"a"}`, `{"price":{"amount":1e400}}`, "[[[[", `{"at":"x"}`, "null", "\xff", `{"a":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		_, err := httpserver.DecodeJSON[order](post(body))
		if err == nil {
			return
		}
		if s := errs.ClassOf(err).HTTPStatus(); s < 400 || s > 499 {
			t.Fatalf("%q gives status %d: %v", body, s, err)
		}
	})
}
