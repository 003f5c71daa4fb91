package users

import "strings"

// Limits of an e-mail address in characters, from RFC 5321.
const (
	MaxEmailLength      = 254
	maxEmailLocalLength = 64
	maxEmailLabelLength = 63
)

// NormalizeEmail returns the address in the one form that is stored and compared:
// without surrounding space and in lower case. The second result says what is wrong
// with it, "" for nothing.
//
// It takes plain ASCII addresses with a dotted domain; an international domain
// comes in its xn-- form. Quoted local parts and address literals are refused: nobody
// signs up with them, and they invite mistakes in what sends mail.
func NormalizeEmail(s string) (email, problem string) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", "is required"
	case len(s) > MaxEmailLength:
		return "", "is longer than 254 characters"
	}
	// Before lower-casing, which turns some letters outside ASCII into plain ones.
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return "", "is not an e-mail address"
		}
	}
	s = strings.ToLower(s)
	local, domain, ok := strings.Cut(s, "@")
	if !ok || !validLocal(local) || !validDomain(domain) {
		return "", "is not an e-mail address"
	}
	return s, ""
}

func validLocal(s string) bool {
	if len(s) > maxEmailLocalLength {
		return false
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.Trim(atom, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-") != "" {
			return false
		}
	}
	return true
}

func validDomain(s string) bool {
	if !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

func validLabel(s string) bool {
	if s == "" || len(s) > maxEmailLabelLength || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
