package rpc

import (
	"context"

	"gamestore.example/pkg/errs"
)

// The headers of requests and answers. All names are lower-case.
const (
	// HeaderAuthorization is "Bearer " and the caller's access token.
	HeaderAuthorization = "authorization"
	// HeaderRequestID is the id of the request of the person behind all this.
	HeaderRequestID = "x-request-id"
	// HeaderIdempotencyKey makes the repetition of a command harmless.
	HeaderIdempotencyKey = "idempotency-key"
	// HeaderIfMatch is the entity tag of what a command changes.
	HeaderIfMatch = "if-match"
	// HeaderIfNoneMatch is the entity tags that the caller has: an answer with one of
	// them may be 304 without a body.
	HeaderIfNoneMatch = "if-none-match"
	// HeaderForwardedFor is the address of the person behind all this.
	HeaderForwardedFor = "x-forwarded-for"

	// HeaderETag is the entity tag of what was answered.
	HeaderETag = "etag"
	// HeaderLocation is the path over HTTP of what was made.
	HeaderLocation = "location"
	// HeaderCacheControl says who may keep the answer.
	HeaderCacheControl = "cache-control"
	// HeaderReplayed is "true" on the stored answer for an idempotency key.
	HeaderReplayed = "idempotency-replayed"
	// HeaderRetryAfter is when to ask again, in seconds.
	HeaderRetryAfter = "retry-after"
)

// AnswerHeaders returns the names of the headers of answers. Each means what it does
// over HTTP.
func AnswerHeaders() []string {
	return []string{HeaderETag, HeaderLocation, HeaderCacheControl, HeaderReplayed, HeaderRetryAfter}
}

// ContentType is the media type of requests, and of most answers that are no problem.
const ContentType = "application/json"

// Request asks for an operation.
type Request struct {
	// Operation is the name, such as "games.PurchaseGame".
	Operation string
	// Headers are those above and the trace context.
	Headers map[string]string
	// Body is JSON.
	Body []byte
	// Redelivered says that it may have been carried out before.
	Redelivered bool
}

// Answer is what came of a request.
type Answer struct {
	// Status is as in HTTP.
	Status int
	// ContentType is of the body: ContentType, or that of a problem document, or another
	// one of JSON.
	ContentType string
	Headers     map[string]string
	Body        []byte
}

// Handler answers requests. It is safe for concurrent use. What it could not do is a
// problem document in the answer.
type Handler interface {
	Serve(ctx context.Context, r Request) Answer
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, r Request) Answer

// Serve implements Handler.
func (f HandlerFunc) Serve(ctx context.Context, r Request) Answer { return f(ctx, r) }

// ErrLost says that the connection was lost before the answer came: nobody will know
// what became of the request.
var ErrLost = errs.New(errs.Unavailable, "session-lost", "the connection to the service was lost before the answer came")

// Caller sends a request to a service and waits for the answer until ctx ends. Its
// errors say why there is none: Unavailable when the service or the broker cannot be
// reached, ErrLost when it was lost, Timeout when ctx ended. After the last two
// it is unknown whether the request was carried out; after any other it was not. A
// problem is an Answer, not an error.
type Caller interface {
	Call(ctx context.Context, r Request) (Answer, error)
}

// CallerFunc is a function as a Caller.
type CallerFunc func(ctx context.Context, r Request) (Answer, error)

// Call implements Caller.
func (f CallerFunc) Call(ctx context.Context, r Request) (Answer, error) { return f(ctx, r) }
