package security_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/rpc"
)

// members are those of a header or of a body of a token.
type members map[string]any

// with returns the members with others in their place; nil removes one.
func (m members) with(other members) members {
	all := maps.Clone(m)
	for name, v := range other {
		if all[name] = v; v == nil {
			delete(all, name)
		}
	}
	return all
}

// forger makes tokens. With key it signs what the store itself would sign.
type forger struct {
	t    testing.TB
	kid  string
	key  ed25519.PrivateKey
	good members // claims of a good token
}

func (h *house) forger(userID string) forger {
	h.t.Helper()
	signer, err := h.users.Keyring().Signer()
	h.must(err)
	now := h.clock.now()
	return forger{t: h.t, kid: signer.ID, key: signer.Private.(ed25519.PrivateKey), good: members{
		"iss": issuerName, "aud": issuerName, "sub": userID, "jti": uuid.NewString(), "roles": []string{"user", "admin"},
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}}
}

func (f forger) header() members { return members{"alg": "EdDSA", "typ": "at+jwt", "kid": f.kid} }

func encode(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// token signs header and claims with sign.
func (f forger) token(header, claims members, sign func(message []byte) []byte) string {
	f.t.Helper()
	message := encode(f.t, header) + "." + encode(f.t, claims)
	return message + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(message)))
}

// ours signs with the store's own key.
func (f forger) ours(message []byte) []byte { return ed25519.Sign(f.key, message) }

func hs256(secret []byte) func([]byte) []byte {
	return func(message []byte) []byte {
		m := hmac.New(sha256.New, secret)
		m.Write(message)
		return m.Sum(nil)
	}
}

// forgeries are tokens that nobody may take. elsewhere is a key set of the attacker's.
func (f forger) forgeries(elsewhere string) map[string]string {
	public := f.key.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		f.t.Fatal(err)
	}
	pub64 := base64.RawURLEncoding.EncodeToString(public)
	mine, own, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.t.Fatal(err)
	}
	attacker := func(message []byte) []byte { return ed25519.Sign(own, message) }
	rs256 := func(message []byte) []byte {
		sum := sha256.Sum256(message)
		sig, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, sum[:])
		if err != nil {
			f.t.Fatal(err)
		}
		return sig
	}
	none := func([]byte) []byte { return nil }
	header := func(m members) string { return f.token(f.header().with(m), f.good, f.ours) }
	claims := func(m members) string { return f.token(f.header(), f.good.with(m), f.ours) }
	foreign := func(m members) string { return f.token(f.header().with(m), f.good, attacker) }
	hs := f.header().with(members{"alg": "HS256"})
	past := time.Now().Add(-24 * time.Hour).Unix()
	valid := f.token(f.header(), f.good, f.ours)
	return map[string]string{
		"none":                         f.token(f.header().with(members{"alg": "none"}), f.good, none),
		"nOnE":                         f.token(f.header().with(members{"alg": "nOnE"}), f.good, none),
		"no alg":                       header(members{"alg": nil}),
		"HS256 of the public key":      f.token(hs, f.good, hs256(public)),
		"HS256 of its base64":          f.token(hs, f.good, hs256([]byte(pub64))),
		"HS256 of its DER":             f.token(hs, f.good, hs256(der)),
		"HS256 of its PEM":             f.token(hs, f.good, hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))),
		"HS256 of nothing":             f.token(hs, f.good, hs256(nil)),
		"RS256 of another key":         f.token(f.header().with(members{"alg": "RS256"}), f.good, rs256),
		"another algorithm's name":     header(members{"alg": "ES256"}),
		"another audience":             claims(members{"aud": "another store"}),
		"no audience":                  claims(members{"aud": nil}),
		"another issuer":               claims(members{"iss": "https://evil.example"}),
		"no issuer":                    claims(members{"iss": nil}),
		"typ JWT":                      header(members{"typ": "JWT"}),
		"no typ":                       header(members{"typ": nil}),
		"no exp":                       claims(members{"exp": nil}),
		"exp in the past":              claims(members{"exp": past}),
		"exp of another type":          claims(members{"exp": "tomorrow"}),
		"nbf in the future":            claims(members{"nbf": time.Now().Add(time.Hour).Unix()}),
		"no subject":                   claims(members{"sub": nil}),
		"kid with a path":              header(members{"kid": "../../../../dev/null"}),
		"kid with SQL":                 header(members{"kid": "' UNION SELECT 'x"}),
		"kid of nobody":                header(members{"kid": uuid.NewString()}),
		"kid that is long":             header(members{"kid": strings.Repeat("k", 2000)}),
		"no kid":                       header(members{"kid": nil}),
		"crit":                         header(members{"crit": []string{"exp"}}),
		"jku":                          foreign(members{"jku": elsewhere, "kid": "evil"}),
		"jku with our kid":             foreign(members{"jku": elsewhere}),
		"x5u":                          foreign(members{"x5u": elsewhere}),
		"jwk":                          foreign(members{"jwk": members{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(mine)}}),
		"x5c":                          foreign(members{"x5c": []string{base64.StdEncoding.EncodeToString(der)}}),
		"the attacker's own key":       foreign(nil),
		"no signature":                 valid[:len(valid)-86],
		"a signature cut off":          valid[:len(valid)-4],
		"words":                        "not.a.token",
		"two tokens":                   valid + "," + valid,
		"claims of another token":      f.token(f.header(), f.good, func([]byte) []byte { return f.ours([]byte("something else")) }),
		"a signature over other bytes": f.token(f.header(), f.good.with(members{"sub": "root"}), func([]byte) []byte { return f.ours([]byte(valid)) }),
	}
}

// ways are all ways to somewhere that needs a token. Each returns the status and the code.
func (h *house) ways() map[string]func(token string) (int, string) {
	ways := map[string]func(string) (int, string){}
	path := map[string]string{"users": "/api/users/me", "games": "/api/me/purchases", "payments": "/api/payments?purchase=x"}
	operation := map[string]string{
		"users": contractusers.OpProfile, "games": contractgames.OpListPurchases, "payments": contractpayments.OpFindPayment,
	}
	for service, path := range path {
		for _, door := range []string{"near", "far", service} {
			ways[door+" to "+service] = func(token string) (int, string) {
				a := h.at(door).as(token).do(http.MethodGet, path, "")
				return a.status, a.str("code")
			}
		}
		ways["broker to "+service] = func(token string) (int, string) {
			body := `{}`
			if service == "payments" {
				body = `{"purchaseId": "x"}`
			}
			a := h.rpc[service].Serve(h.t.Context(), rpc.Request{
				Operation: operation[service], Headers: map[string]string{rpc.HeaderAuthorization: "Bearer " + token}, Body: []byte(body),
			})
			var problem struct{ Code string }
			_ = json.Unmarshal(a.Body, &problem)
			return a.Status, problem.Code
		}
	}
	return ways
}

// TestSecurity01 takes no token but the store's own, whichever way it comes.
func TestSecurity01(t *testing.T) {
	h := open(t, setup{})
	id, access := h.at("near").join("ana@example.com")
	var asked atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer evil.Close()
	f := h.forger(id)
	forgeries := f.forgeries(evil.URL)
	for way, get := range h.ways() {
		t.Run(way, func(t *testing.T) {
			for name, good := range map[string]string{"issued": access, "signed here": f.token(f.header(), f.good, f.ours)} {
				if status, code := get(good); status == http.StatusUnauthorized || status >= http.StatusInternalServerError {
					t.Errorf("a good token, %s: %d %s", name, status, code)
				}
			}
			for name, token := range forgeries {
				if status, code := get(token); status != http.StatusUnauthorized || (code != "token-invalid" && code != "token-expired") {
					t.Errorf("%s: %d %s", name, status, code)
				}
			}
			if status, code := get(""); status != http.StatusUnauthorized {
				t.Errorf("no token: %d %s", status, code)
			}
		})
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the store asked the attacker's address %d times", n)
	}
}
