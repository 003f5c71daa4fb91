package event

import "context"

// Origin says what a piece of work was caused by. Transports put it into the
// context; what writes events copies it into them.
type Origin struct {
	// CorrelationID is the request id of the client's call that started it all.
	CorrelationID string
	// CausationID is the id of the event being handled, if any.
	CausationID string
}

type originKey struct{}

// WithOrigin returns a context that carries o.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginFrom returns the origin in the context, or the zero one.
func OriginFrom(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
