package auth_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"testing"
	"time"

	"gamestore.example/pkg/auth"
)

// FuzzParseJWKS wants keys that a signature can be checked with, whoever wrote the set.
func FuzzParseJWKS(f *testing.F) {
	ring, err := auth.OpenKeyring(f.TempDir(), time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ring.JWKS())
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"r","n":"AQ","e":"AQAB"},{"kty":"OKP","crv":"X25519","kid":"x","x":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"../../etc/passwd","k":"c2VjcmV0"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := auth.ParseJWKS(data)
		if err != nil {
			return
		}
		for kid, key := range keys {
			switch public := key.Public.(type) {
			case ed25519.PublicKey:
				if key.Alg != auth.EdDSA || len(public) != ed25519.PublicKeySize {
					t.Errorf("%q: %s with %d bytes", kid, key.Alg, len(public))
				}
			case *rsa.PublicKey:
				if key.Alg != auth.RS256 || public.N.BitLen() < 2048 || public.E < 3 {
					t.Errorf("%q: %s with %d bits and e=%d", kid, key.Alg, public.N.BitLen(), public.E)
				}
			default:
				t.Errorf("%q: a %T", kid, public)
			}
		}
	})
}
