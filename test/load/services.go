package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"gamestore.example/deploy/catalogue"
	"gamestore.example/deploy/up"
	"gamestore.example/pkg/auth"
	usersapp "gamestore.example/users/app"
)

// BuildPrograms builds the four services into a folder.
func BuildPrograms(ctx context.Context, dir string) error {
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	for _, name := range []string{up.Users, up.Games, up.Payments, up.Gateway} {
		args = append(args, "gamestore.example/"+name+"/cmd/"+name)
	}
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil { //nolint:gosec // names of ours
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// services is the store as four processes around the broker: middleware, validation and
// metrics on, rate limits off. Clients speak to the gateway alone.
type services struct {
	*shop
	running []*up.Process
	log     *lastWords
}

// openServices starts them with that many events to a message at most.
func openServices(pack int) func(context.Context, Place) (Player, error) {
	return func(ctx context.Context, p Place) (Player, error) {
		s, err := startServices(ctx, p, pack)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

func startServices(ctx context.Context, p Place, pack int) (*services, error) {
	s := &services{log: &lastWords{}}
	cfg := up.Config{
		Bin: p.Programs, Data: p.Dir, Addr: "127.0.0.1:0", LogLevel: "warn", LogFormat: "json", Seed: true,
		Services: map[string]string{up.Users: "127.0.0.1:0", up.Games: "127.0.0.1:0", up.Payments: "127.0.0.1:0"},
		Args:     map[string][]string{},
	}
	for _, class := range []string{"purchase", "read"} {
		for _, who := range []string{"address", "user"} {
			cfg.Args[up.Gateway] = append(cfg.Args[up.Gateway], "-gateway.rate."+class+"."+who, "off")
		}
	}
	if pack > 1 {
		for _, name := range []string{up.Users, up.Games, up.Payments} {
			cfg.Args[name] = append(cfg.Args[name], "-bus.pack", strconv.Itoa(pack))
		}
	}
	programs, err := cfg.Programs(p.Broker)
	if err != nil {
		return nil, err
	}
	if s.running, err = up.StartAll(ctx, programs, s.log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	gateway, err := url.Parse(programs[len(programs)-1].URL)
	if err == nil {
		s.shop, err = newShop(gateway.Host, p.Clients, filepath.Join(p.Dir, "keys"))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Round implements Player.
func (s *services) Round(ctx context.Context, d time.Duration) (Round, error) {
	r, err := s.closed(ctx, d)
	return r, s.log.explain(err)
}

// Close implements Player.
func (s *services) Close() error {
	if s.shop != nil {
		s.close()
	}
	return s.log.explain(up.StopAll(s.running))
}

// newShop returns a shop whose people have tokens as the users service issues them.
func newShop(addr string, clients int, keys string) (*shop, error) {
	ring, err := auth.OpenKeyring(keys, time.Now)
	if err != nil {
		return nil, err
	}
	cfg := usersapp.Defaults()
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	issuer, err := auth.NewIssuer(ring, auth.IssuerConfig{Issuer: cfg.TokenIssuer, Audience: cfg.TokenAudience, TTL: cfg.TokenTTL}, time.Now, newID)
	if err != nil {
		return nil, err
	}
	paid, err := paidGames()
	if err != nil {
		return nil, err
	}
	return &shop{addr: addr, clients: clients, games: paid, person: func() (string, error) {
		token, _, err := issuer.Issue(context.Background(), newID(), []string{auth.RoleUser})
		return "Authorization: Bearer " + token + "\r\n", err
	}}, nil
}

// paidGames returns the ids of the example catalogue's games that cost something.
func paidGames() ([]string, error) {
	all, err := catalogue.Games()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, g := range all {
		if !g.Price.IsZero() && g.Available(time.Now()) {
			ids = append(ids, g.ID)
		}
	}
	return ids, nil
}

// lastWords keeps the end of what the programs print.
type lastWords struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (l *lastWords) Write(b []byte) (int, error) {
	const most = 4 << 10
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	if over := len(l.text) - most; over > 0 {
		l.text = bytes.Clone(l.text[over:])
	}
	return len(b), nil
}

// explain adds what the programs printed to an error.
func (l *lastWords) explain(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil || len(l.text) == 0 {
		return err
	}
	return fmt.Errorf("%w; the programs printed:\n%s", err, l.text)
}
