package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gamestore.example/deploy/up"
	"gamestore.example/payments/adapter/simulated"
	paymentsapi "gamestore.example/payments/transport/amqpapi"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/report"
)

const (
	// gamesOfVisitor is how many games each visitor buys for a backlog, buyers how many
	// visitors buy at once.
	gamesOfVisitor, buyers = 100, 16
	// backlogBound is how long it may take to publish and to work off a backlog.
	backlogBound = 10 * time.Minute
	// MostMemory is what payments may use while it works off any backlog, in bytes.
	MostMemory = 256 << 20
	// slowFor is how long the database of payments is locked, again and again, while it
	// begins to work off.
	slowFor, slowTimes = 700 * time.Millisecond, 5
)

// Worked says how a backlog was worked off.
type Worked struct {
	// Waiting is how many messages waited in the queue of purchases.
	Waiting int
	// Most is the most memory that payments used meanwhile, in bytes.
	Most int64
	// Took is how long it was until everything was at rest.
	Took time.Duration
}

// Backlog has n purchases wait while payments is away. Then it starts, with a database
// that is slow at first, and everything is to be worked off.
func Backlog(ctx context.Context, cfg Config, n int) (Worked, *report.Report, error) {
	var worked Worked
	sum := report.New(cfg.Seed, nil)
	began := time.Now()
	// Purchases that wait are asked about again and again, every few seconds here; the
	// backlog is to be of n questions.
	cfg.Args = map[string][]string{up.Games: {"-games.sweep.after", "1h", "-games.sweep.max", "1h"}}
	err := withLane(ctx, cfg, 1, sum, func(l *lane) (err error) {
		worked, err = l.backlog(ctx, n)
		return err
	})
	sum.Took = time.Since(began)
	return worked, sum, err
}

func (l *lane) backlog(ctx context.Context, n int) (Worked, error) {
	f := Fault{Kind: "backlog", For: time.Duration(n)}
	if err := l.Stop(up.Payments); err != nil {
		return Worked{}, err
	}
	if err := l.buyMany(ctx, n); err != nil {
		return Worked{}, err
	}
	waiting, err := l.published(ctx)
	if err != nil {
		return Worked{}, err
	}
	worked := Worked{Waiting: waiting}
	if err := l.Start(ctx, up.Payments, ""); err != nil {
		return worked, err
	}
	began := time.Now()
	watching, stop := context.WithCancel(ctx)
	most := make(chan int64, 1)
	go func() { most <- peak(watching, l.Process(up.Payments).PID()) }()
	err = errors.Join(l.slowDown(ctx), l.answers(ctx))
	moving := ""
	if err == nil {
		moving, err = l.rest(ctx, backlogBound)
	}
	stop()
	worked.Most, worked.Took = <-most, time.Since(began)
	if err != nil {
		return worked, err
	}
	if moving != "" {
		l.report(f, CheckRest, "after %v: %s", backlogBound, moving)
	}
	if err := l.mend(ctx, f); err != nil {
		return worked, err
	}
	return worked, l.end(ctx, f)
}

// buyMany has visitors buy n games.
func (l *lane) buyMany(ctx context.Context, n int) error {
	made, err := l.crowd.Create(ctx, l.API, gamesOfVisitor)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(buyers)
	for left := n; left > 0; left -= len(made) {
		group.Go(func() error { return l.buyAll(ctx, made[:min(left, len(made))]) })
	}
	return group.Wait()
}

func (l *lane) buyAll(ctx context.Context, games []string) error {
	var v *crowd.Visitor
	var err error
	for { // passwords are hashed a few at a time, and a crowd is told to come again
		if v, err = l.crowd.Visit(ctx, l.API); err == nil {
			break
		}
		if err := pass(ctx, restPoll); err != nil {
			return err
		}
	}
	for _, id := range games {
		p, err := v.Buy(ctx, l.API, id, simulated.Approved)
		if err == nil && p.ID == "" {
			err = fmt.Errorf("game %s could not be bought", id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// published waits until all events are with the broker, and returns how many purchases
// wait there.
func (l *lane) published(ctx context.Context) (int, error) {
	limited, cancel := context.WithTimeout(ctx, backlogBound)
	defer cancel()
	for {
		moving, err := l.Folder.Moving(limited)
		if err != nil {
			return 0, err
		}
		if !strings.Contains(moving, "outbox") {
			break
		}
		if err := pass(limited, restPoll); err != nil {
			return 0, fmt.Errorf("not everything is published: %s: %w", moving, err)
		}
	}
	return l.Broker.depth(ctx, rabbit.QueueName(paymentsapi.QueuePurchases))
}

// slowDown locks the database of payments for most of a few seconds.
func (l *lane) slowDown(ctx context.Context) error {
	for range slowTimes {
		if err := lockDatabase(ctx, l, Fault{For: slowFor, kind: kind{service: up.Payments}}); err != nil {
			return err
		}
		if err := pass(ctx, restPoll); err != nil {
			return err
		}
	}
	return nil
}

// answers asks the others, which have to answer in the middle of it.
func (l *lane) answers(ctx context.Context) error {
	if _, err := l.API.Search(ctx); err != nil {
		return err
	}
	_, err := l.crowd.Visit(ctx, l.API)
	return err
}

// peak returns the most memory that a process had until ctx ended.
func peak(ctx context.Context, pid int) int64 {
	var most int64
	for {
		most = max(most, resident(pid))
		if pass(ctx, restPoll) != nil {
			return most
		}
	}
}

// resident returns the memory of a process, in bytes; 0 if it is gone.
func resident(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name != "VmRSS" {
			continue
		}
		kilobytes, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		return kilobytes << 10
	}
	return 0
}
