package loopback_test

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"testing"

	"gamestore.example/pkg/loopback"
)

func TestPortsAreFreeAndDiffer(t *testing.T) {
	ports, err := loopback.Ports(50)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ports)
	if unique := slices.Compact(slices.Clone(ports)); len(unique) != 50 {
		t.Errorf("only %d of the ports %v differ", len(unique), ports)
	}
	for _, port := range ports {
		if port < 15_000 || port >= 32_768 {
			t.Errorf("port %d may be taken for any connection", port)
		}
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0])))
	if err != nil {
		t.Fatalf("a free port is taken: %v", err)
	}
	l.Close()
}

func TestThereAreNotSoManyPorts(t *testing.T) {
	if ports, err := loopback.Ports(10_000); !errors.Is(err, loopback.ErrNoPort) {
		t.Errorf("got %d ports, %v", len(ports), err)
	}
}
