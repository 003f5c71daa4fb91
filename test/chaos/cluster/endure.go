package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/report"
)

const (
	// brokerName is how the plan names RabbitMQ.
	brokerName = "RabbitMQ"
	// beat is the time from one kill to the next.
	beat = time.Second
	// brokerShare is how many kills of processes there are for one of the broker. It takes
	// seconds to come back, and a store whose broker is always away shows little.
	brokerShare = 12
	// endureBound is how long everything may take to come to rest after the last kill.
	endureBound = 5 * time.Minute
)

// Endure kills one of the processes or the broker each second while the crowd shops, and
// starts it again at once; then everything has to come to rest, and is audited.
func Endure(ctx context.Context, cfg Config, last time.Duration) (*report.Report, error) {
	sum := report.New(cfg.Seed, nil)
	began := time.Now()
	err := withLane(ctx, cfg, 1, sum, func(l *lane) error { return l.endure(ctx, cfg.Seed, last) })
	sum.Took = time.Since(began)
	return sum, err
}

func (l *lane) endure(ctx context.Context, seed uint64, last time.Duration) error {
	l.breaks.Store(true) // the gateway is among the dead
	load := l.load(ctx)
	err := l.killEachSecond(ctx, seed, last)
	load.Stop()
	f := Fault{Kind: "after all kills", For: last, kind: kind{breaks: true}}
	if err != nil {
		return err
	}
	moving, err := l.rest(ctx, endureBound)
	if err != nil {
		return err
	}
	if moving != "" {
		l.report(f, CheckRest, "after %v: %s", endureBound, moving)
	}
	if err := l.mend(ctx, f); err != nil {
		return err
	}
	return l.end(ctx, f)
}

// killEachSecond returns when the last victim is back.
func (l *lane) killEachSecond(ctx context.Context, seed uint64, last time.Duration) error {
	dice := crowd.Dice(seed, 0)
	victims := newVictims()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for end := time.Now().Add(last); time.Now().Before(end); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), victims.wait())
		}
		order := services()
		dice.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		if dice.IntN(brokerShare) == 0 {
			order = append([]string{brokerName}, order...)
		}
		for _, name := range order {
			if !victims.take(name) {
				continue // it is not back from the last time
			}
			l.sum.Count("kill -9 of " + name)
			go victims.lead(name, func() error { return l.killAndStart(ctx, name) })
			break
		}
		if err := victims.failure(); err != nil {
			return errors.Join(err, victims.wait())
		}
	}
	return victims.wait()
}

func (l *lane) killAndStart(ctx context.Context, name string) error {
	if name == brokerName {
		if err := l.Broker.server.Kill(); err != nil {
			return err
		}
		return l.Broker.server.Start(ctx)
	}
	p := l.Process(name)
	p.Kill()
	if !p.Killed() {
		l.report(Fault{Kind: "kill -9 of " + name}, CheckAlive, "%s: %v; its last words: %q", name, p.State(), p.LastLines())
	}
	if err := l.Start(ctx, name, ""); err != nil {
		return fmt.Errorf("start %s again: %w", name, err)
	}
	return nil
}
