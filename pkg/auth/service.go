package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
)

// minServiceToken is how many characters a service's token has at least: 128 bits
// in hexadecimal digits.
const minServiceToken = 32

// PrincipalVerifier says who a token speaks for, as Verifier does.
type PrincipalVerifier interface {
	Verify(ctx context.Context, raw string) (Principal, error)
}

var _ PrincipalVerifier = (*ServiceVerifier)(nil)

// ServiceVerifier knows the secret tokens of other services, and leaves all others to the
// verifier behind it. A service that uses it is the only one that takes them: they
// open nothing elsewhere. It keeps their hashes alone. It is safe for concurrent use.
type ServiceVerifier struct {
	next   PrincipalVerifier
	hashes [][sha256.Size]byte
}

// NewServiceVerifier returns a verifier of the tokens in a list with commas between them:
// the second one is for as long as a token is being replaced. With an empty list
// it takes what next takes. A token that can be guessed is an error, which does not show it.
func NewServiceVerifier(next PrincipalVerifier, tokens string) (*ServiceVerifier, error) {
	v := &ServiceVerifier{next: next}
	if tokens == "" {
		return v, nil
	}
	for i, token := range strings.Split(tokens, ",") {
		if len(token) < minServiceToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, fmt.Errorf("auth: service token %d: want %d or more printable ASCII characters without spaces", i+1, minServiceToken)
		}
		v.hashes = append(v.hashes, sha256.Sum256([]byte(token)))
	}
	return v, nil
}

// Verify returns a principal with the role of a service and without a user, or what
// the verifier behind it says.
func (v *ServiceVerifier) Verify(ctx context.Context, raw string) (Principal, error) {
	sum, known := sha256.Sum256([]byte(raw)), 0
	for _, h := range v.hashes {
		known |= subtle.ConstantTimeCompare(h[:], sum[:])
	}
	if known == 1 {
		return Principal{Roles: []string{RoleService}}, nil
	}
	return v.next.Verify(ctx, raw)
}
