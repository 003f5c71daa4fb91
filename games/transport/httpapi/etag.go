package httpapi

import (
	"context"
	"net/http"
	"strings"

	"gamestore.example/games"
	"gamestore.example/games/transport/dto"
	"gamestore.example/pkg/errs"
)

// ifMatch returns the version in If-Match, 0 without one. A tag that is not of this
// service, or a weak one, matches nothing.
func ifMatch(r *http.Request) (int64, error) {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return 0, nil
	}
	tag := strings.TrimSpace(values[0])
	switch {
	case len(values) > 1 || strings.Contains(tag, ","):
	case tag == "*":
		return games.AnyVersion, nil
	case dto.ToVersion(tag) > 0:
		return dto.ToVersion(tag), nil
	case isTag(tag):
		return 0, games.ErrVersionMismatch
	}
	return 0, errs.InvalidFields(errs.Field{Name: "If-Match", Message: `must be one entity tag, such as "3", or *`})
}

func isTag(s string) bool {
	s = strings.TrimPrefix(s, "W/")
	return len(s) >= 2 && s[0] == '"' && strings.IndexByte(s[1:], '"') == len(s)-2
}

type ifNoneMatchKey struct{}

// keepIfNoneMatch takes the header to where the answer is encoded.
func keepIfNoneMatch(ctx context.Context, r *http.Request) context.Context {
	if values := r.Header.Values("If-None-Match"); len(values) > 0 {
		return context.WithValue(ctx, ifNoneMatchKey{}, strings.Join(values, ","))
	}
	return ctx
}

// unchanged reports whether the client has this tag, by the weak comparison that
// RFC 9110 asks for.
func unchanged(ctx context.Context, tag string) bool {
	have, _ := ctx.Value(ifNoneMatchKey{}).(string)
	for one := range strings.SplitSeq(have, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}
