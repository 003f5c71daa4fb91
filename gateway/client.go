package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how many addresses of X-Forwarded-For are looked at.
const maxHops = 16

// call is what the gateway knows about the request it is passing on.
type call struct {
	client netip.Addr
	remote string // client as a RemoteAddr
	scheme string
	userID string      // set once the token is verified
	answer http.Header // what the gateway itself says in its answer
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callFrom returns the call in ctx; Identify put it there.
func callFrom(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{scheme: "http"}
}

// Proxies are the proxies in front of the gateway whose word about the client's
// address is believed.
type Proxies struct{ trusted []netip.Prefix }

// NewProxies reads networks such as "10.0.0.0/8", or single addresses.
func NewProxies(networks []string) (Proxies, error) {
	var p Proxies
	for _, text := range networks {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				return Proxies{}, fmt.Errorf("gateway: trusted proxy %q is neither a network nor an address", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		p.trusted = append(p.trusted, prefix.Masked())
	}
	return p, nil
}

// Identify puts the client's address and scheme into the context of the request.
func (p Proxies) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{client: p.Client(r), remote: r.RemoteAddr, scheme: p.scheme(r)}
		if c.client != parseAddr(r.RemoteAddr) {
			c.remote = netip.AddrPortFrom(c.client, 0).String()
		}
		next.ServeHTTP(w, r.WithContext(withCall(r.Context(), c)))
	})
}

// Client returns the address of who sent the request: the peer's, or, if the peer
// is trusted, the last address of X-Forwarded-For that is not. The zero address
// means that the connection has none.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer := parseAddr(r.RemoteAddr)
	if !p.trusts(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values(headerForwardedFor), ","), ",")
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-maxHops; i-- {
		hop := parseAddr(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			break // nothing beyond a hop that cannot be read is vouched for
		}
		if peer = hop; !p.trusts(hop) {
			break
		}
	}
	return peer
}

// scheme is that of the client's own request.
func (p Proxies) scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if proto := r.Header.Get(headerForwardedProto); proto == "https" && p.trusts(parseAddr(r.RemoteAddr)) {
		return "https"
	}
	return "http"
}

func (p Proxies) trusts(a netip.Addr) bool {
	for _, prefix := range p.trusted {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// parseAddr reads an address with or without a port. An IPv4 address mapped into
// IPv6 becomes what it is.
func parseAddr(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("")
	}
	return netip.Addr{}
}

// network is what a rate limit counts as one client: an IPv6 client has a /64 to
// choose its addresses from.
func network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	prefix, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: all such clients are one
	}
	return prefix
}
