package cluster

import (
	"context"
	"strings"
	"time"

	"gamestore.example/test/chaos/oracle"
)

// rest waits until nothing moves, in no file and in no queue, twice in a row. It returns
// what still moves when the bound is over.
func (l *lane) rest(ctx context.Context, bound time.Duration) (string, error) {
	limited, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tick := time.NewTicker(restPoll)
	defer tick.Stop()
	moving, calm := "", 0
	for {
		now, err := l.moving(limited)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case limited.Err() != nil:
			return moving, nil
		case err != nil:
			now = err.Error() // the broker may still be on its way up
		}
		if now == "" {
			calm++
		} else {
			calm = 0
		}
		if moving = now; calm == 2 {
			return "", nil
		}
		select {
		case <-tick.C:
		case <-limited.Done():
			return moving, ctx.Err()
		}
	}
}

func (l *lane) moving(ctx context.Context) (string, error) {
	if files, err := l.Folder.Moving(ctx); files != "" || err != nil {
		return files, err
	}
	return l.Broker.waiting(ctx)
}

// audit audits a store at rest. What it finds it looks at a second time: a violation
// stays.
func (l *lane) audit(ctx context.Context) ([]oracle.Finding, error) {
	for try := 0; ; try++ {
		s, err := l.snapshot(ctx)
		if err != nil {
			return nil, err
		}
		findings := oracle.Audit(s)
		if len(findings) == 0 || try > 0 {
			return append(findings, l.crowd.Notes.TakeOdd()...), nil
		}
		if _, err := l.rest(ctx, restBound); err != nil {
			return nil, err
		}
	}
}

func (l *lane) snapshot(ctx context.Context) (oracle.Snapshot, error) {
	s, err := l.Folder.Snapshot(ctx)
	if err != nil {
		return s, err
	}
	if s.Found, err = l.API.Search(ctx); err != nil {
		return s, err
	}
	if s.Journal, err = l.Broker.journal(ctx); err != nil {
		return s, err
	}
	s.AtRest, s.Told, s.Planted = true, l.crowd.Notes.Told(), l.planted
	return s, nil
}

// complain reports what was logged as errors, but for what was planted or has to be.
func (l *lane) complain(f Fault) {
	for _, line := range l.Complaints() {
		ours := f.kind.errs || oracle.Judged(line)
		for _, m := range l.planted {
			ours = ours || strings.Contains(line, m.ID)
		}
		if !ours {
			l.report(f, CheckLog, "%s", line)
		}
	}
}

// unplant drops the planted dead letters.
func (l *lane) unplant(ctx context.Context) error {
	planted := l.planted
	l.planted = nil
	if len(planted) == 0 {
		return nil
	}
	return l.Broker.drop(ctx, planted)
}
