package httpapi

import (
	"context"
	"net/http"
	"strings"

	"gamestore.example/games/transport/dto"
)

// ifMatch returns the version in If-Match, 0 without one.
func ifMatch(r *http.Request) (int64, error) { return dto.ToIfMatch(r.Header.Values("If-Match")...) }

type ifNoneMatchKey struct{}

// keepIfNoneMatch takes the header to where the answer is encoded.
func keepIfNoneMatch(ctx context.Context, r *http.Request) context.Context {
	if values := r.Header.Values("If-None-Match"); len(values) > 0 {
		return context.WithValue(ctx, ifNoneMatchKey{}, strings.Join(values, ","))
	}
	return ctx
}

// unchanged reports whether the client has this tag.
func unchanged(ctx context.Context, tag string) bool {
	have, _ := ctx.Value(ifNoneMatchKey{}).(string)
	return dto.Unchanged(have, tag)
}
