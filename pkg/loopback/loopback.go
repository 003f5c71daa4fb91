// Package loopback finds free ports of 127.0.0.1 for programs whose address others
// have to know before they listen.
package loopback

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports below the range from which Linux takes one for each connection and for
// port 0. One of that range may be taken at any moment; one of these only by
// somebody who asks for it.
const (
	lowest  = 15_000
	highest = 32_767
)

// tries is how many ports are looked at for each that is wanted.
const tries = 100

// ErrNoPort says that all ports that were looked at are taken, or that too many are
// wanted at once.
var ErrNoPort = errors.New("loopback: no free port")

// Ports returns n different ports at which nobody listens now.
func Ports(n int) ([]int, error) {
	if n > (highest-lowest)/2 {
		return nil, ErrNoPort // looking at random would not find them
	}
	ports := make([]int, 0, n)
	for range n * tries {
		if len(ports) == n {
			return ports, nil
		}
		port := lowest + rand.IntN(highest-lowest+1) //nolint:gosec // not a secret
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer l.Close() // kept until all are found, so that they differ
		ports = append(ports, port)
	}
	if len(ports) < n {
		return nil, ErrNoPort
	}
	return ports, nil
}
