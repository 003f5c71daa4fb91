package dto

import (
	"strconv"
	"strings"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

// ETag is the entity tag of a version.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ToVersion is the inverse of ETag; 0 for anything else.
func ToVersion(tag string) int64 {
	inner, opened := strings.CutPrefix(tag, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	if !opened || !closed || strings.HasPrefix(inner, "+") {
		return 0
	}
	n, err := strconv.ParseInt(inner, 10, 64)
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// IfMatch is what a command says in If-Match: nothing for 0.
func IfMatch(version int64) string {
	switch version {
	case 0:
		return ""
	case games.AnyVersion:
		return "*"
	}
	return ETag(version)
}

// ToIfMatch returns the version in the values of If-Match, 0 if there are none. A tag
// that is not of this service, or a weak one, matches nothing.
func ToIfMatch(values ...string) (int64, error) {
	if len(values) == 0 {
		return 0, nil
	}
	tag := strings.TrimSpace(values[0])
	switch {
	case len(values) > 1 || strings.Contains(tag, ","):
	case tag == "*":
		return games.AnyVersion, nil
	case ToVersion(tag) > 0:
		return ToVersion(tag), nil
	case isTag(tag):
		return 0, games.ErrVersionMismatch
	}
	return 0, errs.InvalidFields(errs.Field{Name: "If-Match", Message: `must be one entity tag, such as "3", or *`})
}

func isTag(s string) bool {
	s = strings.TrimPrefix(s, "W/")
	return len(s) >= 2 && s[0] == '"' && strings.IndexByte(s[1:], '"') == len(s)-2
}

// Unchanged reports whether a tag is among those in If-None-Match, by the weak
// comparison that RFC 9110 asks for.
func Unchanged(have, tag string) bool {
	for one := range strings.SplitSeq(have, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}
