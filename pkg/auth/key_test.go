package auth_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"

	"gamestore.example/pkg/auth"
)

func TestParseJWKS(t *testing.T) {
	k := newKeys(t)
	b64 := base64.RawURLEncoding.EncodeToString
	edPublic, _ := k.ed.Public().(ed25519.PublicKey)
	type m = map[string]any
	ed := func(with m) m {
		j := m{"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": b64(edPublic)}
		replace(j, with)
		return j
	}
	rsaKey := func(public *rsa.PublicKey, with m) m {
		j := m{"kty": "RSA", "kid": "rsa", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes())}
		replace(j, with)
		return j
	}
	many := make([]m, 101)
	for i := range many {
		many[i] = ed(nil)
	}
	for _, tc := range []struct {
		name string
		keys []m
		want map[string]string // kid → alg; nil is an error
	}{
		{"both kinds", []m{ed(nil), rsaKey(&k.rsa.PublicKey, nil)}, map[string]string{"ed": auth.EdDSA, "rsa": auth.RS256}},
		{"alg and use are told", []m{ed(m{"alg": "EdDSA", "use": "sig"}), rsaKey(&k.rsa.PublicKey, m{"alg": "RS256"})}, map[string]string{"ed": auth.EdDSA, "rsa": auth.RS256}},
		{"the first of one id counts", []m{ed(nil), rsaKey(&k.rsa.PublicKey, m{"kid": "ed"})}, map[string]string{"ed": auth.EdDSA}},
		{"none", nil, map[string]string{}},
		{"keys for other uses are skipped", []m{
			ed(m{"use": "enc"}), ed(m{"kid": nil}), ed(m{"crv": "X25519"}), ed(m{"alg": "HS256"}),
			rsaKey(&k.rsa.PublicKey, m{"alg": "PS256"}), {"kty": "EC", "kid": "ec"}, {"kty": "oct", "kid": "secret", "k": "AAAA"},
		}, map[string]string{}},
		{"too many", many, nil},
		{"a short Ed25519 key", []m{ed(m{"x": "AAAA"})}, nil},
		{"base64 with padding", []m{ed(m{"x": base64.URLEncoding.EncodeToString(edPublic)})}, nil},
		{"a weak modulus", []m{rsaKey(&rsa.PublicKey{N: big.NewInt(1<<60 + 1), E: 65537}, nil)}, nil},
		{"a huge modulus", []m{rsaKey(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 9000), E: 65537}, nil)}, nil},
		{"exponent 1", []m{rsaKey(&rsa.PublicKey{N: k.rsa.N, E: 1}, nil)}, nil},
		{"an even exponent", []m{rsaKey(&rsa.PublicKey{N: k.rsa.N, E: 65536}, nil)}, nil},
		{"a huge exponent", []m{rsaKey(&k.rsa.PublicKey, m{"e": b64(k.rsa.N.Bytes())})}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data, err := json.Marshal(m{"keys": tc.keys})
			if err != nil {
				t.Fatal(err)
			}
			got, err := auth.ParseJWKS(data)
			if (err != nil) != (tc.want == nil) || len(got) != len(tc.want) {
				t.Fatalf("got %v, %v", got, err)
			}
			for kid, alg := range tc.want {
				if got[kid].Alg != alg {
					t.Errorf("%s is for %q, want %q", kid, got[kid].Alg, alg)
				}
			}
		})
	}
	if _, err := auth.ParseJWKS([]byte(`{"keys":[]}{}`)); err == nil {
		t.Error("two documents are read as one")
	}
}
