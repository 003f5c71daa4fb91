package httpserver_test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	escape "html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"gamestore.example/pkg/httpserver"
)

//go:embed testdata/openapi.json
var toySpec []byte

// page returns the reference with its white space folded, and its headers.
func page(t *testing.T, spec []byte) (string, http.Header) {
	t.Helper()
	resp := answerTo(httpserver.Docs(spec), httptest.NewRequest(http.MethodGet, "/docs", nil))
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d %s %v", resp.StatusCode, body, err)
	}
	return strings.Join(strings.Fields(string(body)), " "), resp.Header
}

func TestTheReferenceTellsEverythingOfTheDocument(t *testing.T) {
	html, _ := page(t, toySpec)
	_, markup, _ := strings.Cut(html, "</style>")
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(markup, " ")
	text = strings.Join(strings.Fields(escape.UnescapeString(text)), " ")
	for _, want := range []string{
		"Toy <shop> 1.2.3", "Second <script>alert(1)</script> line.",
		"GET /zebras/{id}", "One zebra", "POST /zebras/{id}", "Feed it needs a token deprecated", "GET /apples", "Striped.",
		"id * path string matches ^[a-z]+$",
		"limit query integer 1 to 100; default 20 How <many> of `them.",
		"200 OK The zebra.", "ETag string Its version.",
		"404 Not Found 409 Conflict The error.", "default The error.", "204 No Content Fed.",
		"food * string one of hay, grass What it gets.",
		"place.name string at most 9 characters",
		"friends array of Zebra", "stops[].at string (date-time)",
		"Example: A hungry one { \"food\": \"hay\", \"a\": 1 }",
		"event: apple data: {}",
		"mother null or Zebra", "stripes integer or null more than 0",
		"code string always x",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if strings.Count(text, "needs a token") != 1 {
		t.Error("operations without a token are marked, too")
	}
	if strings.Contains(text, "Empty") {
		t.Error("a group without operations is shown")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestTheReferenceNeedsNothingFromElsewhere(t *testing.T) {
	html, header := page(t, toySpec)
	for _, bad := range []string{"<script", "http://", "https://", "<link", "<img", "src=", "@import", " style=", "url("} {
		if strings.Contains(html, bad) {
			t.Errorf("it contains %q", bad)
		}
	}
	for _, want := range []string{`<!DOCTYPE html>`, `<html lang="en">`, `name="viewport"`, "prefers-color-scheme: dark"} {
		if !strings.Contains(html, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		if anchor, ok := strings.CutPrefix(m[1], "#"); ok && !strings.Contains(html, `id="`+anchor+`"`) || !ok && m[1] != "openapi.json" {
			t.Errorf("a link leads nowhere: %q", m[1])
		}
	}
	if csp := header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
}

func TestThePolicyAllowsTheStyleSheet(t *testing.T) {
	resp := answerTo(httpserver.Docs(toySpec), httptest.NewRequest(http.MethodGet, "/docs", nil))
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(body), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(resp.Header.Get("Content-Security-Policy"), want) {
		t.Errorf("a browser would refuse the style sheet: %s", resp.Header.Get("Content-Security-Policy"))
	}
}

func TestDocsServesTheDocumentAndCaches(t *testing.T) {
	h := wrap(httpserver.Docs(toySpec), httpserver.SecurityHeaders)
	resp := answerTo(h, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != string(toySpec) || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v %v", err, resp.Header)
	}
	r := httptest.NewRequest(http.MethodGet, "/openapi.json", nil)
	r.Header.Set("If-None-Match", resp.Header.Get("ETag"))
	if resp := answerTo(h, r); resp.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: %d", resp.StatusCode)
	}
	for _, tc := range []struct {
		method, path string
		status       int
	}{{"HEAD", "/docs", 200}, {"POST", "/docs", 405}, {"GET", "/docs/x", 404}} {
		if resp := answerTo(h, httptest.NewRequest(tc.method, tc.path, nil)); resp.StatusCode != tc.status {
			t.Errorf("%s %s: %d", tc.method, tc.path, resp.StatusCode)
		}
	}
}

func TestADocumentThatCannotBeReadIsAnInternalError(t *testing.T) {
	resp := answerTo(httpserver.Docs([]byte("{")), httptest.NewRequest(http.MethodGet, "/docs", nil))
	if m := members(t, resp); resp.StatusCode != 500 || m["code"] != "internal" {
		t.Errorf("%d %v", resp.StatusCode, m)
	}
}

// FuzzDocs looks for a document that the renderer cannot bear.
func FuzzDocs(f *testing.F) {
	f.Add(toySpec)
	f.Add([]byte(`{"paths":{"/":{"get":{"parameters":7,"responses":[]}}}}`))
	f.Add([]byte(`{"components":{"schemas":{"A":{"$ref":"#/components/schemas/A"}}}}`))
	f.Fuzz(func(_ *testing.T, spec []byte) {
		answerTo(httpserver.Docs(spec), httptest.NewRequest(http.MethodGet, "/docs", nil))
	})
}
