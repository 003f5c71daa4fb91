package load

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gamestore.example/deploy/catalogue"
	"gamestore.example/deploy/standalone"
	"gamestore.example/games"
	"gamestore.example/games/transport/httpapi"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/observe"
)

// patience bounds the wait for one purchase.
const patience = 2 * time.Minute

// store is the one-process store under load, with middleware, validation and metrics on, and
// without rate limits, which would measure themselves.
type store struct {
	b      *testing.B
	url    string
	client games.Service
	local  games.Service
	issuer *auth.Issuer
	paid   []string // ids of games that cost something
	next   atomic.Int64
	people []context.Context
}

func startStore(b *testing.B) *store {
	b.Helper()
	var (
		cfg    standalone.Config
		fs     = flag.NewFlagSet("load", flag.ContinueOnError)
		folder = b.TempDir()
		args   = []string{"-data", folder, "-http.addr", "127.0.0.1:0"}
	)
	cfg.RegisterFlags(fs)
	for _, class := range []string{"purchase", "read"} {
		for _, who := range []string{"address", "user"} {
			args = append(args, "-gateway.rate."+class+"."+who, "off")
		}
	}
	if err := cfg.Parse(fs, args); err != nil {
		b.Fatal(err)
	}
	s, err := standalone.New(b.Context(), cfg, standalone.Deps{
		Logger: slog.New(slog.DiscardHandler), Registry: observe.NewRegistry("load", "load"),
		AnnounceAdmin: func(string, string) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	runInBackground(b, s)
	l := &store{b: b, url: "http://" + s.Addr(), local: s.Games().Service()}
	l.connect(filepath.Join(folder, "keys"), cfg)
	return l
}

func runInBackground(b *testing.B, s *standalone.Store) {
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := errors.Join(<-stopped, s.Close()); err != nil {
			b.Error(err)
		}
	})
}

// connect makes a client and what it takes to speak for many people: tokens as the
// users service would issue them.
func (l *store) connect(keys string, cfg standalone.Config) {
	base, err := url.Parse(l.url)
	if err != nil {
		l.b.Fatal(err)
	}
	if l.client, err = httpapi.NewClient(base, newClient()); err != nil {
		l.b.Fatal(err)
	}
	ring, err := auth.OpenKeyring(keys, time.Now)
	if err != nil {
		l.b.Fatal(err)
	}
	l.issuer, err = auth.NewIssuer(ring, auth.IssuerConfig{
		Issuer: cfg.Users.TokenIssuer, Audience: cfg.Users.TokenAudience, TTL: cfg.Users.TokenTTL,
	}, time.Now, func() string { return uuid.Must(uuid.NewV7()).String() })
	if err != nil {
		l.b.Fatal(err)
	}
	all, err := catalogue.Games()
	if err != nil {
		l.b.Fatal(err)
	}
	for _, g := range all {
		if !g.Price.IsZero() && g.Available(time.Now()) {
			l.paid = append(l.paid, g.ID)
		}
	}
}

// prepare issues enough tokens for n purchases: a person buys each game once.
func (l *store) prepare(n int) {
	for len(l.people)*len(l.paid) < n {
		token, _, err := l.issuer.Issue(context.Background(), uuid.Must(uuid.NewV7()).String(), []string{auth.RoleUser})
		if err != nil {
			l.b.Fatal(err)
		}
		l.people = append(l.people, auth.WithToken(context.Background(), token))
	}
}

// buy makes one purchase that nobody made before and waits until it is completed.
func (l *store) buy(service games.Service) error {
	i := int(l.next.Add(1) - 1)
	ctx, cancel := context.WithTimeout(l.people[i/len(l.paid)], patience)
	defer cancel()
	receipt, err := service.PurchaseGame(ctx, games.PurchaseGame{GameID: l.paid[i%len(l.paid)]})
	if err != nil {
		return err
	}
	p := receipt.Purchase
	for p.Status == games.StatusPending {
		if p, err = service.AwaitPurchase(ctx, games.AwaitPurchase{
			PurchaseID: p.ID, Status: games.StatusPending, Wait: games.MaxWait,
		}); err != nil {
			return err
		}
	}
	if p.Status != games.StatusCompleted {
		return fmt.Errorf("purchase %s is %s", p.ID, p.Status)
	}
	return nil
}
