package rpc

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"gamestore.example/pkg/contract"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

// Problem returns err as the problem document that HTTP clients get.
func Problem(ctx context.Context, err error) Answer {
	w := &page{header: http.Header{}}
	httpserver.WriteError(ctx, w, err)
	a := Answer{Status: w.status, ContentType: contract.ProblemContentType, Body: w.body.Bytes(), Headers: map[string]string{}}
	if after := w.header.Get("Retry-After"); after != "" {
		a.Headers[HeaderRetryAfter] = after
	}
	return a
}

// page keeps what is written to it.
type page struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (p *page) Header() http.Header         { return p.header }
func (p *page) WriteHeader(status int)      { p.status = status }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }

// errUnexpected says that what came back is no answer.
var errUnexpected = errs.New(errs.Unavailable, "", "the service answered something unexpected")

// Err returns the error that a problem in the answer tells of, or nil.
func (a Answer) Err() error {
	if a.Status < http.StatusOK || a.Status > 599 {
		return errUnexpected
	}
	h := http.Header{"Content-Type": {a.ContentType}}
	if after := a.Headers[HeaderRetryAfter]; after != "" {
		h.Set("Retry-After", after)
	}
	return httpserver.DecodeError(&http.Response{
		StatusCode: a.Status, Status: http.StatusText(a.Status), Header: h, Body: io.NopCloser(bytes.NewReader(a.Body)),
	})
}
