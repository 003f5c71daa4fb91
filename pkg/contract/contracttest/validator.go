package contracttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

type badKey struct{}

// BadRequest marks the requests made with the context as deliberately bad: they
// may break the document or match no operation of it. They must be answered with
// a documented 4xx, or, where there is no operation, with a problem document.
func BadRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, badKey{}, true)
}

func isBad(ctx context.Context) bool {
	bad, _ := ctx.Value(badKey{}).(bool)
	return bad
}

// Validator is an http.RoundTripper that fails the test when a request or its
// answer is not as the document says. It may be used by many goroutines.
type Validator struct {
	t      testing.TB
	base   http.RoundTripper
	doc    *openapi3.T
	router routers.Router

	mu     sync.Mutex
	driven map[string]map[int]int // operationId → status → times
}

// NewValidator returns a Validator of a document on top of base; nil means
// http.DefaultTransport. The servers of the document are not compared, so that
// tests may listen anywhere. It ends the test if the document is not valid.
func NewValidator(t testing.TB, spec []byte, base http.RoundTripper) *Validator {
	t.Helper()
	if base == nil {
		base = http.DefaultTransport
	}
	doc := Load(t, spec)
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatalf("openapi: the paths cannot be routed: %v", err)
	}
	registerDecoders(doc)
	return &Validator{t: t, base: base, doc: doc, router: router, driven: map[string]map[int]int{}}
}

// Client returns an HTTP client that goes through the Validator. It follows no
// redirect, so that each answer is seen.
func (v *Validator) Client() *http.Client {
	return &http.Client{
		Transport:     v,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip implements http.RoundTripper. What breaks the document fails the
// test and is returned to the caller unchanged.
func (v *Validator) RoundTrip(req *http.Request) (*http.Response, error) {
	bad := isBad(req.Context())
	route, params, err := v.router.FindRoute(req)
	if err != nil && !bad {
		v.fail(req, nil, "no operation of the document", err)
	}
	if err != nil {
		return v.undocumented(req, bad)
	}
	checked := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus:             true,
			RejectWhenRequestBodyNotSpecified: true,
			SkipSettingDefaults:               true,
			AuthenticationFunc:                hasToken,
		},
	}
	if !bad {
		if req, err = v.checkRequest(checked); err != nil {
			return nil, err
		}
	}
	resp, err := v.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	v.record(route.Operation.OperationID, resp.StatusCode)
	v.checkResponse(checked, resp, bad)
	return resp, nil
}

// checkRequest validates a copy of the request and returns another to send,
// since validation reads the body.
func (v *Validator) checkRequest(in *openapi3filter.RequestValidationInput) (*http.Request, error) {
	req := in.Request
	send, check := req.Clone(req.Context()), req.Clone(req.Context())
	if req.Body != nil && req.Body != http.NoBody {
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("openapi: read the request's body: %w", err)
		}
		send.Body, check.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		send.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		check.GetBody = nil
	}
	in.Request = check
	if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil {
		v.fail(req, nil, "the request is not as documented", err)
	}
	in.Request = send
	return send, nil
}

// checkResponse validates an answer. The body of an event stream is left alone.
func (v *Validator) checkResponse(in *openapi3filter.RequestValidationInput, resp *http.Response, bad bool) {
	req, op := in.Request, in.Route.Operation
	if bad && (resp.StatusCode < 400 || resp.StatusCode > 499) {
		v.fail(req, resp, "a deliberately bad request is not answered with a 4xx", nil)
	}
	want := documented(op, resp.StatusCode)
	if want == nil {
		v.fail(req, resp, "the status is not documented", nil)
		return
	}
	mediaType := resp.Header.Get("Content-Type")
	if len(want.Content) > 0 && want.Content.Get(mediaType) == nil && req.Method != http.MethodHead {
		v.fail(req, resp, fmt.Sprintf("the content type %q is not documented", mediaType), nil)
		return
	}
	options := *in.Options
	options.ExcludeResponseBody = strings.HasPrefix(mediaType, "text/event-stream")
	check := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: &options,
	}
	if !options.ExcludeResponseBody {
		body, err := replaceBody(resp)
		if err != nil {
			v.fail(req, resp, "the answer's body cannot be read", err)
			return
		}
		if len(body) > 0 && len(want.Content) == 0 {
			v.fail(req, resp, "the answer has a body but none is documented", nil)
		}
		check.SetBodyBytes(body)
	}
	if err := openapi3filter.ValidateResponse(req.Context(), check); err != nil {
		v.fail(req, resp, "the answer is not as documented", err)
	}
}

// undocumented sends a request that matches no operation and wants a problem.
func (v *Validator) undocumented(req *http.Request, bad bool) (*http.Response, error) {
	resp, err := v.base.RoundTrip(req)
	if err != nil || !bad {
		return resp, err
	}
	body, err := replaceBody(resp)
	if err != nil {
		return nil, err
	}
	if problem := checkProblem(v.doc, resp, body); problem != "" {
		v.fail(req, resp, problem, nil)
	}
	return resp, nil
}

// replaceBody reads the body and puts a fresh reader in its place.
func replaceBody(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// hasToken wants a bearer token where the document wants one.
func hasToken(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	scheme := in.SecurityScheme
	if scheme.Type != "http" || !strings.EqualFold(scheme.Scheme, "bearer") {
		return nil
	}
	if !strings.HasPrefix(in.RequestValidationInput.Request.Header.Get("Authorization"), "Bearer ") {
		return errors.New("the Authorization header has no bearer token")
	}
	return nil
}
