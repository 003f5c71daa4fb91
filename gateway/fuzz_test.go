package gateway

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// FuzzForwardedFor wants nobody but a trusted proxy to say where a request comes from.
func FuzzForwardedFor(f *testing.F) {
	for _, value := range []string{"", "203.0.113.7", "203.0.113.7, 10.0.0.2", "unknown, [2001:db8::1]:99", "::ffff:10.0.0.1", ",,,", strings.Repeat("10.0.0.3,", 40)} {
		f.Add("10.0.0.1:4711", value)
		f.Add("198.51.100.1:4711", value)
	}
	proxies, err := NewProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, remote, value string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{headerForwardedFor: {value}}}
		got, peer := proxies.Client(r), parseAddr(remote)
		if got == peer {
			return
		}
		if !proxies.trusts(peer) {
			t.Fatalf("%q says that %q is %v", value, remote, got)
		}
		// It is a hop of the header, and all after it are trusted.
		hops := strings.Split(value, ",")
		for i := len(hops) - 1; i >= 0; i-- {
			hop := parseAddr(strings.TrimSpace(hops[i]))
			if hop == got {
				return
			}
			if !proxies.trusts(hop) {
				break
			}
		}
		t.Errorf("%q of %q becomes %v", value, remote, got)
	})
}

// FuzzHeader wants nothing to pass that only the gateway may say, however it is spelled.
func FuzzHeader(f *testing.F) {
	for _, name := range []string{"X-User-Id", "x_user_id", "X-INTERNAL-role", "Forwarded", "Accept", "X-Forwarded-For", "Connection", "X-Us\u212aer-Id"} {
		f.Add(name, "Authorization, X-Other")
	}
	forbidden := []string{"x-user-", "x-internal-", "x-forwarded-", "forwarded", "x-real-ip", "cookie"}
	f.Fuzz(func(t *testing.T, name, connection string) {
		h := http.Header{name: {"1"}, "Connection": {connection}, "X-Other": {"2"}}
		cleanHeader(h)
		for left := range h {
			like := strings.ToLower(strings.ReplaceAll(left, "_", "-"))
			for _, bad := range forbidden {
				if strings.HasPrefix(like, bad) && (strings.HasSuffix(bad, "-") || like == bad) {
					t.Errorf("%q passes", left)
				}
			}
		}
	})
}

// FuzzNetwork wants each address to be one client, or one of a /64.
func FuzzNetwork(f *testing.F) {
	f.Add("2001:db8::1")
	f.Add("::ffff:203.0.113.7")
	f.Add("fe80::1%eth0")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return
		}
		a = a.Unmap().WithZone("")
		if n := network(a); !n.Contains(a) {
			t.Errorf("%v is not in %v", a, n)
		}
	})
}
