package rpc

import "context"

// The headers of requests and answers. All names are lower-case.
const (
	// HeaderAuthorization is "Bearer " and the caller's access token.
	HeaderAuthorization = "authorization"
	// HeaderRequestID is the id of the request of the person behind all this.
	HeaderRequestID = "x-request-id"
	// HeaderIdempotencyKey makes the repetition of a command harmless.
	HeaderIdempotencyKey = "idempotency-key"

	// HeaderETag is the entity tag of what was answered.
	HeaderETag = "etag"
	// HeaderReplayed is "true" on the stored answer for an idempotency key.
	HeaderReplayed = "idempotency-replayed"
	// HeaderRetryAfter is when to ask again, in seconds.
	HeaderRetryAfter = "retry-after"
)

// ContentType is the media type of requests, and of answers that are no problem.
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
	// ContentType is ContentType, or that of a problem document.
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

// Caller sends a request to a service and waits for the answer until ctx ends. Its
// errors say why there is none: Unavailable when the service or the broker cannot be
// reached or was lost, Timeout when ctx ended. Whether the request was carried
// out is then unknown. A problem is an Answer, not an error.
type Caller interface {
	Call(ctx context.Context, r Request) (Answer, error)
}

// CallerFunc is a function as a Caller.
type CallerFunc func(ctx context.Context, r Request) (Answer, error)

// Call implements Caller.
func (f CallerFunc) Call(ctx context.Context, r Request) (Answer, error) { return f(ctx, r) }
