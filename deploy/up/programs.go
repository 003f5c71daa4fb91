package up

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gamestore.example/deploy/catalogue"
	"gamestore.example/pkg/loopback"
)

// Program is one program of the store and how to run it.
type Program struct {
	// Name tells it from the others, Path is its file.
	Name, Path string
	// Args are its arguments, Env its environment besides this process's.
	Args, Env []string
	// URL is where it listens; empty if it does not.
	URL string
}

// Programs returns the programs in the order in which they should start. broker is
// the URL of RabbitMQ. Ports that are 0 are chosen here, and free at this moment.
func (c Config) Programs(broker string) ([]Program, error) {
	url, addresses := map[string]string{}, c.addresses()
	free, err := loopback.Ports(len(addresses))
	if err != nil {
		return nil, err
	}
	for name, addr := range addresses {
		place, err := fixed(addr, &free)
		if err != nil {
			return nil, fmt.Errorf("the address of %s: %w", name, err)
		}
		url[name] = "http://" + place
	}
	keys := url[Users] + "/.well-known/jwks.json"
	args := map[string][]string{
		Users:    {"-users.db.dsn", "sqlite:" + c.in("users.db"), "-users.keys.dir", c.in("keys")},
		Games:    {"-games.db.dsn", "sqlite:" + c.in("games.db"), "-games.search", "bleve:" + c.in("games.bleve"), "-auth.jwks", keys},
		Payments: {"-payments.db.dsn", "sqlite:" + c.in("payments.db"), "-auth.jwks", keys},
	}
	if args[Gateway], err = c.upstreams(url); err != nil {
		return nil, err
	}
	if c.Seed {
		seed := c.in("catalogue.json")
		if err := os.WriteFile(seed, catalogue.Document(), 0o600); err != nil {
			return nil, fmt.Errorf("the example catalogue: %w", err)
		}
		args[Games] = append(args[Games], "-games.seed", seed)
	}
	programs := make([]Program, 0, len(url))
	for _, name := range []string{Users, Games, Payments, Gateway} {
		all := append(args[name], "-http.addr", strings.TrimPrefix(url[name], "http://"), "-log.level", c.LogLevel, "-log.format", c.LogFormat)
		programs = append(programs, Program{
			Name: name, Path: filepath.Join(c.Bin, name), URL: url[name], Args: append(all, c.Args[name]...),
			Env: []string{"BUS_URL=" + broker}, // it holds a password, and arguments are for all to see
		})
	}
	return programs, nil
}

func (c Config) addresses() map[string]string {
	all := map[string]string{Gateway: c.Addr}
	for _, name := range []string{Users, Games, Payments} {
		all[name] = c.Services[name]
	}
	return all
}

// fixed returns addr with the next of the free ports for port 0. Others have to know
// where a program listens before it does.
func fixed(addr string, free *[]int) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port != "0" {
		return addr, err
	}
	next := (*free)[0]
	*free = (*free)[1:]
	return net.JoinHostPort(host, strconv.Itoa(next)), nil
}
