package httpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"time"

	"gamestore.example/pkg/contract"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/observe"
)

const (
	// problemTypes is what the type of each problem begins with; its code follows.
	problemTypes = "https://gamestore.example/problems/"
	// maxProblem bounds the problem document that a client reads, in bytes.
	maxProblem = 64 << 10
)

// WriteError answers with err as a problem document (RFC 9457). Only what the error
// says for clients gets out, never its cause; an error without a class is
// "internal error". It writes no log: that is what the endpoint middlewares do.
// If the answer has begun already, it does nothing.
func WriteError(ctx context.Context, w http.ResponseWriter, err error) {
	if rec, ok := w.(*recorder); ok && rec.status != 0 {
		return
	}
	e := errs.From(err)
	if e == nil {
		e = errs.New(errs.Internal, "", "internal error")
	}
	status := e.Class.HTTPStatus()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(e.RetryAfter.Seconds())), 10))
	}
	switch e.Class { //nolint:exhaustive // the others need no header
	case errs.Unauthenticated:
		h.Set("WWW-Authenticate", challenge(e.Code))
	case errs.TooLarge:
		h.Set("Connection", "close") // do not read the rest
	}
	// Details that cannot be encoded are a mistake of ours; the rest is still true.
	if writeJSON(ctx, w, status, contract.ProblemContentType, problem(ctx, e, status)) != nil {
		bare := *e
		bare.Details = nil
		_ = writeJSON(ctx, w, status, contract.ProblemContentType, problem(ctx, &bare, status))
	}
}

// EncodeError is WriteError as a go-kit ErrorEncoder.
func EncodeError(ctx context.Context, err error, w http.ResponseWriter) { WriteError(ctx, w, err) }

// challenge is the WWW-Authenticate header, RFC 6750.
func challenge(code errs.Code) string {
	switch code {
	case "token-invalid", "token-expired", "unknown-key":
		return `Bearer error="invalid_token"`
	}
	return "Bearer"
}

// problem returns the members of the document. The standard ones cannot be
// replaced by details.
func problem(ctx context.Context, e *errs.Error, status int) map[string]any {
	m := make(map[string]any, len(e.Details)+7)
	for k, v := range e.Details {
		m[k] = v
	}
	m["type"] = problemTypes + string(e.Code)
	m["title"] = e.Message
	m["status"] = status
	m["code"] = e.Code
	m["traceId"] = observe.TraceID(ctx)
	delete(m, "detail")
	delete(m, "instance")
	delete(m, "errors")
	if info := infoFrom(ctx); info != nil {
		m["instance"] = info.path
	}
	if len(e.Fields) > 0 {
		m["errors"] = e.Fields
	}
	return m
}

// DecodeError is the client's side of WriteError: it returns nil for a status below
// 400, and otherwise an *errs.Error with the class, code, message, fields, details
// and RetryAfter that the server had. An answer that is no problem document
// gets the class of its status. It reads the body, and does not close it.
func DecodeError(resp *http.Response) error {
	if resp.StatusCode < http.StatusBadRequest {
		return nil
	}
	class := errs.ClassOfStatus(resp.StatusCode)
	e := errs.New(class, "", http.StatusText(resp.StatusCode))
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == contract.ProblemContentType {
		if data, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem)); err == nil {
			fillError(e, data)
		}
	}
	if class == errs.Internal { // what the peer calls internal is our cause, not our answer
		e = e.WithCause(fmt.Errorf("the server answered %s", resp.Status))
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e = e.WithRetryAfter(time.Duration(seconds) * time.Second)
	}
	return e
}

// fillError takes over what the document says; a broken one changes nothing.
func fillError(e *errs.Error, data []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return
	}
	var (
		code  errs.Code
		title string
	)
	if json.Unmarshal(members["code"], &code) == nil && code != "" {
		e.Code = code
	}
	if json.Unmarshal(members["title"], &title) == nil && title != "" {
		e.Message = title
	}
	if raw, ok := members["errors"]; ok {
		_ = json.Unmarshal(raw, &e.Fields)
	}
	for _, standard := range []string{"type", "title", "status", "detail", "instance", "code", "traceId", "errors"} {
		delete(members, standard)
	}
	for k, raw := range members {
		var v any
		if json.Unmarshal(raw, &v) != nil {
			continue
		}
		if e.Details == nil {
			e.Details = map[string]any{}
		}
		e.Details[k] = v
	}
}
