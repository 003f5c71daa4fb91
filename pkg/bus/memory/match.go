package memory

import "strings"

// Match reports whether a routing key matches a topic pattern as in AMQP 0-9-1:
// words are joined by dots, "*" in the pattern is exactly one word, "#" is
// zero or more. The empty key has no words.
func Match(pattern, key string) bool { return match(words(pattern), words(key)) }

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ".")
}

func match(pattern, key []string) bool {
	for len(pattern) > 0 {
		switch {
		case pattern[0] == "#":
			return matchRest(pattern[1:], key)
		case len(key) == 0 || pattern[0] != "*" && pattern[0] != key[0]:
			return false
		}
		pattern, key = pattern[1:], key[1:]
	}
	return len(key) == 0
}

// matchRest tries what follows a "#" on every end of the key.
func matchRest(pattern, key []string) bool {
	for {
		if match(pattern, key) {
			return true
		}
		if len(key) == 0 {
			return false
		}
		key = key[1:]
	}
}
