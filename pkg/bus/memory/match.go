package memory

import "strings"

// words splits a routing key or a pattern. The empty one has no words.
func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ".")
}

// match reports whether the words of a key match those of a topic pattern as in
// AMQP 0-9-1: "*" is exactly one word, "#" is zero or more. When a word does not
// fit, the last "#" takes one word more; earlier ones need no second try, because
// what they could take the last one can take too.
func match(pattern, key []string) bool {
	p, k := 0, 0
	hash, taken := -1, 0 // where the last "#" is, and where what it takes ends
	for k < len(key) {
		switch {
		case p < len(pattern) && pattern[p] == "#":
			hash, taken = p, k
			p++
		case p < len(pattern) && (pattern[p] == "*" || pattern[p] == key[k]):
			p++
			k++
		case hash >= 0:
			taken++
			p, k = hash+1, taken
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "#" {
		p++
	}
	return p == len(pattern)
}
