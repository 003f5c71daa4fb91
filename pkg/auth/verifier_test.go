package auth_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
)

// keys is one key of each kind, and who knows them.
type keys struct {
	ed  ed25519.PrivateKey
	rsa *rsa.PrivateKey
	src auth.StaticKeys
}

func newKeys(t testing.TB) keys {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return keys{ed: ed, rsa: r, src: auth.StaticKeys{
		"ed":  {Alg: auth.EdDSA, Public: ed.Public()},
		"rsa": {Alg: auth.RS256, Public: r.Public()},
	}}
}

// goodClaims are the claims of a token that is good at c's time.
func goodClaims(c *clock) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "u1", "jti": "t1", "roles": []string{"user"},
		"iat": c.now().Unix(), "nbf": c.now().Unix(), "exp": c.now().Add(time.Minute).Unix(),
	}
}

// forge signs a token of any shape. Values of the headers and claims given replace the
// good ones; nil removes.
func forge(t testing.TB, method jwt.SigningMethod, key any, header map[string]any, base, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, maps.Clone(base))
	token.Header["typ"], token.Header["kid"] = "at+jwt", "ed"
	replace(token.Header, header)
	c, _ := token.Claims.(jwt.MapClaims)
	replace(c, claims)
	raw, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func replace(in, by map[string]any) {
	for k, v := range by {
		if v == nil {
			delete(in, k)
		} else {
			in[k] = v
		}
	}
}

func publicPEM(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestOnlyGoodTokensAreTrusted is promise 1 of the security design.
func TestOnlyGoodTokensAreTrusted(t *testing.T) {
	c := newClock()
	k := newKeys(t)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, _ := k.ed.Public().(ed25519.PublicKey)
	type h = map[string]any
	type m = jwt.MapClaims
	good := goodClaims(c)
	ed := func(header h, claims m) string {
		return forge(t, jwt.SigningMethodEdDSA, k.ed, header, good, claims)
	}
	parts := strings.Split(ed(nil, nil), ".")
	// The last character of a signature has four bits that mean nothing.
	loose := parts[0] + "." + parts[1] + "." + parts[2][:85] + string(parts[2][85]+1)
	at := func(d time.Duration) int64 { return c.now().Add(d).Unix() }
	for _, tc := range []struct {
		name string
		raw  string
		want *errs.Error // nil: good
	}{
		{"good EdDSA", ed(nil, nil), nil},
		{"good RS256", forge(t, jwt.SigningMethodRS256, k.rsa, h{"kid": "rsa"}, good, nil), nil},
		{"typ in its long form", ed(h{"typ": "application/at+jwt"}, nil), nil},
		{"several audiences", ed(nil, m{"aud": []string{"other", audience}}), nil},
		{"expired within the leeway", ed(nil, m{"exp": at(-20 * time.Second)}), nil},
		{"not yet, within the leeway", ed(nil, m{"nbf": at(20 * time.Second)}), nil},

		{"none", "", auth.ErrTokenRequired},
		{"not a token", "hello", auth.ErrTokenInvalid},
		{"two parts", parts[0] + "." + parts[1], auth.ErrTokenInvalid},
		{"no signature", parts[0] + "." + parts[1] + ".", auth.ErrTokenInvalid},
		{"other payload", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"admin"}`)) + "." + parts[2], auth.ErrTokenInvalid},
		{"padded signature", parts[0] + "." + parts[1] + "." + parts[2] + "=", auth.ErrTokenInvalid},
		{"another spelling of the signature", loose, auth.ErrTokenInvalid},
		{"good and huge", ed(nil, m{"more": strings.Repeat("a", 8<<10)}), auth.ErrTokenInvalid},
		{"huge", strings.Repeat("a", 1<<20), auth.ErrTokenInvalid},
		{"null header", base64.RawURLEncoding.EncodeToString([]byte("null")) + "." + parts[1] + "." + parts[2], auth.ErrTokenInvalid},

		{"alg none", forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, good, nil), auth.ErrTokenInvalid},
		{"HS256 with the EdDSA public key", forge(t, jwt.SigningMethodHS256, []byte(edPublic), nil, good, nil), auth.ErrTokenInvalid},
		{"HS256 with the RSA public key in PEM", forge(t, jwt.SigningMethodHS256, publicPEM(t, k.rsa.Public()), h{"kid": "rsa"}, good, nil), auth.ErrTokenInvalid},
		{"PS256 with the RSA key", forge(t, jwt.SigningMethodPS256, k.rsa, h{"kid": "rsa"}, good, nil), auth.ErrTokenInvalid},
		{"RS512 with the RSA key", forge(t, jwt.SigningMethodRS512, k.rsa, h{"kid": "rsa"}, good, nil), auth.ErrTokenInvalid},
		{"RS256 with the kid of the EdDSA key", forge(t, jwt.SigningMethodRS256, k.rsa, h{"kid": "ed"}, good, nil), auth.ErrTokenInvalid},
		{"EdDSA with the kid of the RSA key", ed(h{"kid": "rsa"}, nil), auth.ErrTokenInvalid},
		{"signed by a stranger", forge(t, jwt.SigningMethodEdDSA, stranger, nil, good, nil), auth.ErrTokenInvalid},
		{"a key of its own in jwk", forge(t, jwt.SigningMethodEdDSA, stranger, h{"jwk": h{
			"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(stranger.Public().(ed25519.PublicKey)),
		}}, good, nil), auth.ErrTokenInvalid},
		{"a key set of its own in jku", forge(t, jwt.SigningMethodEdDSA, stranger, h{"jku": "https://evil.example/jwks.json"}, good, nil), auth.ErrTokenInvalid},
		{"a certificate of its own in x5u", forge(t, jwt.SigningMethodEdDSA, stranger, h{"x5u": "https://evil.example/cert"}, good, nil), auth.ErrTokenInvalid},

		{"no kid", ed(h{"kid": nil}, nil), auth.ErrTokenInvalid},
		{"empty kid", ed(h{"kid": ""}, nil), auth.ErrTokenInvalid},
		{"a number as kid", ed(h{"kid": 7}, nil), auth.ErrTokenInvalid},
		{"a path in kid", ed(h{"kid": "../../../../dev/null"}, nil), auth.ErrTokenInvalid},
		{"SQL in kid", ed(h{"kid": "ed' OR '1'='1"}, nil), auth.ErrTokenInvalid},
		{"a long kid", ed(h{"kid": strings.Repeat("k", 500)}, nil), auth.ErrTokenInvalid},
		{"no typ", ed(h{"typ": nil}, nil), auth.ErrTokenInvalid},
		{"typ JWT", ed(h{"typ": "JWT"}, nil), auth.ErrTokenInvalid},
		{"typ of a logout token", ed(h{"typ": "logout+jwt"}, nil), auth.ErrTokenInvalid},
		{"critical extensions", ed(h{"crit": []string{"x"}, "x": 1}, nil), auth.ErrTokenInvalid},

		{"no issuer", ed(nil, m{"iss": nil}), auth.ErrTokenInvalid},
		{"another issuer", ed(nil, m{"iss": "https://evil.example"}), auth.ErrTokenInvalid},
		{"no audience", ed(nil, m{"aud": nil}), auth.ErrTokenInvalid},
		{"another audience", ed(nil, m{"aud": "billing"}), auth.ErrTokenInvalid},
		{"no subject", ed(nil, m{"sub": nil}), auth.ErrTokenInvalid},
		{"no exp", ed(nil, m{"exp": nil}), auth.ErrTokenInvalid},
		{"exp is a string", ed(nil, m{"exp": "tomorrow"}), auth.ErrTokenInvalid},
		{"expired", ed(nil, m{"exp": at(-time.Minute)}), auth.ErrTokenExpired},
		{"not yet", ed(nil, m{"nbf": at(time.Minute)}), auth.ErrTokenInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := newVerifier(t, k.src, c)
			for range 2 { // a refused token must not get into the cache
				p, err := v.Verify(t.Context(), tc.raw)
				if tc.want == nil {
					if err != nil || p.UserID != "u1" {
						t.Fatalf("got %+v, %v", p, err)
					}
					continue
				}
				if !errors.Is(err, tc.want) || errs.ClassOf(err) != errs.Unauthenticated {
					t.Fatalf("got %v, want %v", err, tc.want)
				}
				if p.UserID != "" {
					t.Errorf("got a principal with the error: %+v", p)
				}
			}
		})
	}
}

func TestARememberedTokenIsCheckedOnEachUse(t *testing.T) {
	k := newKeys(t)
	other := newKeys(t)
	for _, tc := range []struct {
		name   string
		change func(c *clock, src auth.StaticKeys)
		want   error
	}{
		{"nothing changed", func(*clock, auth.StaticKeys) {}, nil},
		{"within the leeway", func(c *clock, _ auth.StaticKeys) { c.advance(85 * time.Second) }, nil},
		{"expired", func(c *clock, _ auth.StaticKeys) { c.advance(90 * time.Second) }, auth.ErrTokenExpired},
		{"the clock was set back", func(c *clock, _ auth.StaticKeys) { c.advance(-time.Hour) }, auth.ErrTokenInvalid},
		{"its key was removed", func(_ *clock, src auth.StaticKeys) { delete(src, "ed") }, auth.ErrTokenInvalid},
		{"its key id has another key", func(_ *clock, src auth.StaticKeys) { src["ed"] = other.src["ed"] }, auth.ErrTokenInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClock()
			src := maps.Clone(k.src)
			v := newVerifier(t, src, c)
			raw := forge(t, jwt.SigningMethodEdDSA, k.ed, nil, goodClaims(c), nil)
			if _, err := v.Verify(t.Context(), raw); err != nil {
				t.Fatal(err)
			}
			tc.change(c, src)
			if _, err := v.Verify(t.Context(), raw); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// failingKeys is a source that cannot say.
type failingKeys struct{ err error }

func (f failingKeys) Key(context.Context, string) (auth.Key, error) { return auth.Key{}, f.err }

func TestAKeySourceThatCannotSayIsNotTheCallersFault(t *testing.T) {
	c := newClock()
	k := newKeys(t)
	raw := forge(t, jwt.SigningMethodEdDSA, k.ed, nil, goodClaims(c), nil)
	for _, tc := range []struct {
		err  error
		want errs.Class
	}{
		{errs.New(errs.Unavailable, "", "down"), errs.Unavailable},
		{context.DeadlineExceeded, errs.Timeout},
		{auth.ErrUnknownKey, errs.Unauthenticated},
	} {
		_, err := newVerifier(t, failingKeys{tc.err}, c).Verify(t.Context(), raw)
		if got := errs.ClassOf(err); got != tc.want {
			t.Errorf("%v: class %d, want %d", tc.err, got, tc.want)
		}
	}
}

func TestTheConfigurationIsChecked(t *testing.T) {
	c := newClock()
	for _, cfg := range []auth.VerifierConfig{
		{Audience: audience},
		{Issuer: issuer},
		{Issuer: issuer, Audience: audience, Leeway: 61 * time.Second},
		{Issuer: issuer, Audience: audience, Leeway: -1},
	} {
		if _, err := auth.NewVerifier(auth.StaticKeys{}, cfg, c.now); err == nil {
			t.Errorf("%+v is accepted", cfg)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	c := newClock()
	k := newKeys(b)
	raw := forge(b, jwt.SigningMethodEdDSA, k.ed, nil, goodClaims(c), nil)
	for name, size := range map[string]int{"cached": 0, "uncached": -1} {
		b.Run(name, func(b *testing.B) {
			v, err := auth.NewVerifier(k.src, auth.VerifierConfig{Issuer: issuer, Audience: audience, CacheSize: size}, c.now)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzVerify looks for a token that is trusted though nobody signed it, and for panics.
func FuzzVerify(f *testing.F) {
	c := newClock()
	k := newKeys(f)
	v, err := auth.NewVerifier(k.src, auth.VerifierConfig{Issuer: issuer, Audience: audience}, c.now)
	if err != nil {
		f.Fatal(err)
	}
	good := forge(f, jwt.SigningMethodEdDSA, k.ed, nil, goodClaims(c), nil)
	f.Add(good)
	f.Add(forge(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, goodClaims(c), nil))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := v.Verify(t.Context(), raw)
		if err == nil && raw != good {
			t.Fatalf("trusted %q: %+v", raw, p)
		}
		if err != nil && errs.ClassOf(err) != errs.Unauthenticated {
			t.Fatalf("class %d for %q", errs.ClassOf(err), raw)
		}
	})
}
