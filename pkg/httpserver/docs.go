package httpserver

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

var (
	//go:embed docs.html
	docsHTML string
	//go:embed docs.css
	docsCSS string
)

// document is a file that never changes while the process runs.
type document struct {
	contentType string
	csp         string // replaces the strict default if it is not empty
	etag        string
	body        []byte
}

// Docs serves the OpenAPI document at /openapi.json, and at /docs a reference that is
// rendered from it when somebody asks first: plain HTML without scripts and
// without anything from elsewhere. A document that cannot be read is answered
// with an internal error at /docs.
func Docs(spec []byte) http.Handler {
	openAPI := newDocument("application/json", "", spec)
	reference := sync.OnceValues(func() (*document, error) {
		page, err := renderDocs(spec)
		return newDocument("text/html; charset=utf-8", docsPolicy(), page), err
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, r = withInfo(r)
		file, err := openAPI, error(nil)
		switch r.URL.Path {
		case "/openapi.json":
		case "/docs":
			file, err = reference()
		default:
			WriteError(r.Context(), w, ErrNoRoute)
			return
		}
		SetRoute(r.Context(), r.URL.Path)
		switch {
		case err != nil:
			WriteError(r.Context(), w, err)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			WriteError(r.Context(), w, ErrMethodNotAllowed)
		default:
			file.serve(w, r)
		}
	})
}

func newDocument(contentType, csp string, body []byte) *document {
	return &document{contentType: contentType, csp: csp, etag: `"` + hash(body)[:16] + `"`, body: body}
}

// WithDocs serves /docs and /openapi.json from an OpenAPI document, and everything
// else from api.
func WithDocs(api http.Handler, spec []byte) http.Handler {
	docs := Docs(spec)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/docs", "/openapi.json":
			docs.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

func (d *document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", d.etag)
	h.Set("Cache-Control", "no-cache")
	if d.csp != "" {
		h.Set("Content-Security-Policy", d.csp)
	}
	if r.Header.Get("If-None-Match") == d.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", d.contentType)
	h.Set("Content-Length", strconv.Itoa(len(d.body)))
	_, _ = w.Write(d.body) // net/http leaves it out for HEAD
}

// docsPolicy lets the page use its own style sheet, by its hash, and nothing else.
func docsPolicy() string {
	return "default-src 'none'; style-src 'sha256-" + hash([]byte(docsCSS)) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func renderDocs(spec []byte) ([]byte, error) {
	page, err := newDocsPage(spec)
	if err != nil {
		return nil, fmt.Errorf("httpserver: OpenAPI document: %w", err)
	}
	page.Style = template.CSS(docsCSS) //nolint:gosec // our own file
	t, err := template.New("docs").Funcs(template.FuncMap{"prose": prose}).Parse(docsHTML)
	if err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, page); err != nil {
		return nil, fmt.Errorf("httpserver: %w", err)
	}
	return out.Bytes(), nil
}

// prose is a description whose `words` in backticks are code.
func prose(text string) template.HTML {
	var out strings.Builder
	parts := strings.Split(text, "`")
	for i, part := range parts {
		part = template.HTMLEscapeString(part)
		switch {
		case i%2 == 0:
			out.WriteString(part)
		case i == len(parts)-1: // no second backtick
			out.WriteString("`" + part)
		default:
			out.WriteString("<code>" + part + "</code>")
		}
	}
	return template.HTML(out.String()) //nolint:gosec // each part is escaped
}
