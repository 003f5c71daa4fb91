package dto

import (
	"strconv"
	"strings"
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
