package auth

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// The algorithms that a token may be signed with.
const (
	EdDSA = "EdDSA"
	RS256 = "RS256"
)

// Limits on what a key set may hold: it comes from outside.
const (
	maxKeys     = 100
	maxKeyID    = 128
	minRSABits  = 2048
	maxRSABits  = 8192
	minExponent = 3
)

// Key is a public key with the one algorithm it is good for.
type Key struct {
	// Alg is EdDSA or RS256.
	Alg string
	// Public is an ed25519.PublicKey or an *rsa.PublicKey, as Alg says.
	Public crypto.PublicKey
}

// equal reports whether both are the same key.
func (k Key) equal(other Key) bool {
	p, ok := k.Public.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && k.Alg == other.Alg && p.Equal(other.Public)
}

// KeySource finds public keys.
type KeySource interface {
	// Key returns the key of this id. ErrUnknownKey if there is none; an error of
	// class Unavailable if the source cannot say. It is called for each token, so
	// it must be quick in the common case.
	Key(ctx context.Context, kid string) (Key, error)
}

// StaticKeys is a KeySource that never changes.
type StaticKeys map[string]Key

// Key returns the key of this id, or ErrUnknownKey.
func (s StaticKeys) Key(_ context.Context, kid string) (Key, error) {
	if k, ok := s[kid]; ok {
		return k, nil
	}
	return Key{}, ErrUnknownKey
}

// jwk is the public part of a key, RFC 7517, 7518 and 8037.
type jwk struct {
	Kty string `json:"kty"`
	Kid string `json:"kid"`
	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
}

type jwkSet struct {
	Keys []jwk `json:"keys"`
}

// publicJWK returns the JWK of an Ed25519 public key.
func publicJWK(kid string, public ed25519.PublicKey) jwk {
	return jwk{
		Kty: "OKP", Kid: kid, Use: "sig", Alg: EdDSA, Crv: "Ed25519",
		X: base64.RawURLEncoding.EncodeToString(public),
	}
}

// ParseJWKS reads a key set (RFC 7517). Keys that are not for signatures, have no
// id or are of another kind are skipped; a key of a known kind that is broken
// or weak is an error.
func ParseJWKS(data []byte) (map[string]Key, error) {
	var set jwkSet
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("auth: key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("auth: key set: %d keys, at most %d are allowed", len(set.Keys), maxKeys)
	}
	keys := make(map[string]Key, len(set.Keys))
	for _, j := range set.Keys {
		if j.Kid == "" || len(j.Kid) > maxKeyID || (j.Use != "" && j.Use != "sig") {
			continue
		}
		key, known, err := j.key()
		if err != nil {
			return nil, fmt.Errorf("auth: key set: key %q: %w", j.Kid, err)
		}
		if _, twice := keys[j.Kid]; known && !twice {
			keys[j.Kid] = key
		}
	}
	return keys, nil
}

// key returns the key; known is false for a kind that this package does not use.
func (j jwk) key() (key Key, known bool, err error) {
	switch {
	case j.Kty == "OKP" && j.Crv == "Ed25519" && (j.Alg == "" || j.Alg == EdDSA || j.Alg == "Ed25519"):
		x, err := base64.RawURLEncoding.DecodeString(j.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return Key{}, true, errors.New("x is not an Ed25519 public key")
		}
		return Key{Alg: EdDSA, Public: ed25519.PublicKey(x)}, true, nil
	case j.Kty == "RSA" && (j.Alg == "" || j.Alg == RS256):
		public, err := j.rsa()
		return Key{Alg: RS256, Public: public}, true, err
	}
	return Key{}, false, nil
}

func (j jwk) rsa() (*rsa.PublicKey, error) {
	n, errN := base64.RawURLEncoding.DecodeString(j.N)
	e, errE := base64.RawURLEncoding.DecodeString(j.E)
	if err := errors.Join(errN, errE); err != nil {
		return nil, err
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n)}
	if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return nil, fmt.Errorf("modulus of %d bits, want %d to %d", bits, minRSABits, maxRSABits)
	}
	exponent := new(big.Int).SetBytes(e)
	if !exponent.IsInt64() || exponent.Int64() < minExponent || exponent.Int64() > 1<<31-1 || exponent.Bit(0) == 0 {
		return nil, errors.New("the exponent is out of range")
	}
	public.E = int(exponent.Int64())
	return public, nil
}
