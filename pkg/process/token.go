package process

import (
	"flag"
	"time"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/tlsfile"
)

// TokenConfig says how a service that issues no tokens itself verifies them.
type TokenConfig struct {
	// JWKS is the URL of the public keys.
	JWKS string
	// Verifier says what must be in every token.
	Verifier auth.VerifierConfig
	// TLS is how to reach the URL if it is https.
	TLS tlsfile.Client
}

// leeway is how far the clocks of two machines may be apart.
const leeway = 30 * time.Second

// RegisterFlags adds the flags -auth.*.
func (c *TokenConfig) RegisterFlags(fs *flag.FlagSet) {
	c.Verifier.Leeway = leeway
	fs.StringVar(&c.JWKS, "auth.jwks", "http://127.0.0.1:8081/.well-known/jwks.json", "`URL` of the keys that sign access tokens")
	c.TLS.RegisterFlags(fs, "auth.tls.", "who has the keys of access tokens")
	fs.StringVar(&c.Verifier.Issuer, "auth.issuer", "gamestore", "issuer of access tokens")
	fs.StringVar(&c.Verifier.Audience, "auth.audience", "gamestore", "audience of access tokens")
}

// NewVerifier returns a verifier that fetches the keys when it first needs them.
func (c *TokenConfig) NewVerifier() (*auth.Verifier, error) {
	secure, err := c.TLS.Config()
	if err != nil {
		return nil, err
	}
	transport := httpserver.NewTransport()
	transport.TLSClientConfig = secure
	client := httpserver.NewClient()
	client.Transport = transport
	keys := auth.NewRemoteKeys(c.JWKS, client, auth.RemoteKeysConfig{})
	return auth.NewVerifier(keys, c.Verifier, time.Now)
}
