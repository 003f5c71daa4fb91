package users

import (
	_ "embed"
	"strings"
	"unicode/utf8"
)

// Limits of a password in characters. There are no rules of composition: they
// make passwords worse.
const (
	MinPasswordLength = 8
	MaxPasswordLength = 128
)

// commonPasswords holds the passwords that guessing begins with, one per line, in
// lower case: well-known leaked ones of at least 8 characters, runs of the keyboard and of
// digits, and common words with their usual tails.
//
//go:embed common_passwords.txt
var commonPasswords string

// passwordPolicy says which passwords may be chosen.
type passwordPolicy struct{ common map[string]struct{} }

func newPasswordPolicy() passwordPolicy {
	p := passwordPolicy{common: make(map[string]struct{}, 1+strings.Count(commonPasswords, "\n"))}
	for line := range strings.Lines(commonPasswords) {
		p.common[strings.TrimSpace(line)] = struct{}{}
	}
	return p
}

// problem says what is wrong with a new password, "" for nothing. It never
// repeats the password.
func (p passwordPolicy) problem(password string) string {
	length := utf8.RuneCountInString(password)
	_, common := p.common[strings.ToLower(password)]
	switch {
	case password == "":
		return "is required"
	case !utf8.ValidString(password):
		return "is not valid UTF-8"
	case length < MinPasswordLength:
		return "is shorter than 8 characters"
	case length > MaxPasswordLength:
		return "is longer than 128 characters"
	case common:
		return "is one of the passwords that everybody tries first; choose another"
	}
	return ""
}
