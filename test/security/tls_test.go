package security_test

import (
	"net/http"
	"strings"
	"testing"

	"gamestore.example/pkg/tlsfile"
	"gamestore.example/pkg/tlsfile/tlstest"
)

// TestMutualTLS runs the whole store with certificates on both sides of every connection:
// clients, gateways, services, and the fetching of keys.
func TestMutualTLS(t *testing.T) {
	ours := tlstest.New(t)
	h := open(t, setup{tls: ours.Server("server"), trust: ours.Client("client")})
	for _, door := range []string{"near", "far"} {
		c := h.at(door)
		_, access := c.join(door + "@example.com")
		admin, _ := c.login(adminEmail)
		c.as(access).buy(c.sell(admin))
	}
	strangers := map[string]tlsfile.Client{"without a certificate": {CA: ours.File}, "with another authority's": tlstest.New(t).Client("client")}
	for name, trust := range strangers {
		secure, err := trust.Config()
		h.must(err)
		transport := &http.Transport{TLSClientConfig: secure}
		t.Cleanup(transport.CloseIdleConnections)
		for door, base := range h.urls {
			stranger := caller{t: t, base: base, client: &http.Client{Transport: transport}}
			if a, err := stranger.try(http.MethodGet, "/healthz", ""); err == nil {
				t.Errorf("%s, %s: %d %s", door, name, a.status, a.text)
			}
			stranger.base = strings.Replace(base, "https:", "http:", 1)
			if a, err := stranger.try(http.MethodGet, "/healthz", ""); err == nil && a.status != http.StatusBadRequest {
				t.Errorf("%s in plain text: %d %s", door, a.status, a.text)
			}
		}
	}
}
