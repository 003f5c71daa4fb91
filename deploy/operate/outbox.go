package operate

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"gamestore.example/pkg/outbox/sqlite"
)

func outboxCommand(out io.Writer) *ffcli.Command {
	return group("outbox", "Look at the events that wait to be published", statusCommand(out), retryCommand(out))
}

// outboxJSON is what waits in one service's outbox.
type outboxJSON struct {
	Service string `json:"service"`
	Pending int64  `json:"pending"`
	// OldestAgeSeconds is the age of the oldest of them; 0 when there is none.
	OldestAgeSeconds float64     `json:"oldestAgeSeconds"`
	Events           []eventJSON `json:"events"`

	oldest time.Duration
}

// eventJSON is an event that waits.
type eventJSON struct {
	ID          string    `json:"id"`
	Key         string    `json:"key"`
	About       string    `json:"about"`
	WrittenAt   time.Time `json:"writtenAt"`
	Attempts    int       `json:"attempts"`
	NextTryAt   time.Time `json:"nextTryAt"`
	LeasedUntil time.Time `json:"leasedUntil,omitzero"`
	LastError   string    `json:"lastError,omitempty"`
}

func statusCommand(out io.Writer) *ffcli.Command {
	a := newAction("outbox status", out)
	limit := a.fs.Int("limit", 20, "most events to show of each service, the oldest first")
	return a.command("status", "Show what waits in each service's outbox, and why", func(ctx context.Context, _ []string) error {
		boxes := []outboxJSON{}
		err := a.places.eachService(func(s place) error {
			box, err := s.waiting(ctx, *limit)
			if err == nil {
				boxes = append(boxes, box)
			}
			return err
		})
		if len(boxes) == 0 {
			return err
		}
		return errors.Join(printOutboxes(a.print, boxes, time.Now()), err)
	})
}

// eachService goes on after a failure: one service's database may be elsewhere.
func (p *places) eachService(do func(place) error) error {
	var failed []error
	for _, s := range p.services() {
		err := do(s)
		if err != nil && !slices.ContainsFunc(failed, func(f error) bool { return f.Error() == err.Error() }) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (s place) waiting(ctx context.Context, limit int) (box outboxJSON, err error) {
	box = outboxJSON{Service: s.name, Events: []eventJSON{}}
	db, err := s.open(ctx)
	if err != nil {
		return box, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store := sqlite.NewStore(db)
	stats, err := store.Stats(ctx)
	if err != nil {
		return box, s.explain(err)
	}
	entries, err := store.Pending(ctx, limit)
	if err != nil {
		return box, s.explain(err)
	}
	box.Pending, box.oldest, box.OldestAgeSeconds = stats.Pending, stats.OldestAge, stats.OldestAge.Seconds()
	for _, e := range entries {
		box.Events = append(box.Events, eventJSON{
			ID: e.ID, Key: e.Key, About: e.AggregateID, WrittenAt: e.CreatedAt, Attempts: e.Attempts, NextTryAt: e.AvailableAt,
			LeasedUntil: e.LeaseUntil, LastError: e.LastError,
		})
	}
	return box, nil
}

func printOutboxes(p printer, boxes []outboxJSON, now time.Time) error {
	if done, err := p.json(boxes); done {
		return err
	}
	summary := [][]string{{"SERVICE", "PENDING", "OLDEST"}}
	events := [][]string{{"SERVICE", "KEY", "ID", "ABOUT", "AGE", "ATTEMPTS", "NEXT TRY", "LAST ERROR"}}
	for _, b := range boxes {
		oldest := "-"
		if b.Pending > 0 {
			oldest = age(b.oldest)
		}
		summary = append(summary, []string{b.Service, strconv.FormatInt(b.Pending, 10), oldest})
		for _, e := range b.Events {
			events = append(events, []string{
				b.Service, e.Key, e.ID, e.About, age(now.Sub(e.WrittenAt)), strconv.Itoa(e.Attempts), e.next(now), e.LastError,
			})
		}
	}
	if err := p.table(summary...); err != nil || len(events) == 1 {
		return err
	}
	if err := p.say(""); err != nil {
		return err
	}
	return p.table(events...)
}

// next says when an event is tried next.
func (e eventJSON) next(now time.Time) string {
	switch {
	case e.LeasedUntil.After(now):
		return "under way"
	case e.NextTryAt.After(now):
		return "in " + age(e.NextTryAt.Sub(now))
	}
	return "due"
}

// retriedJSON is what a retry did in one service.
type retriedJSON struct {
	Service string `json:"service"`
	// Due is how many delayed events are due now.
	Due int `json:"due"`
}

func retryCommand(out io.Writer) *ffcli.Command {
	a := newAction("outbox retry", out)
	return a.command("retry", "Make the events due that wait after a failure", func(ctx context.Context, _ []string) error {
		done := []retriedJSON{}
		err := a.places.eachService(func(s place) error {
			n, err := s.retry(ctx)
			if err == nil {
				done = append(done, retriedJSON{Service: s.name, Due: n})
			}
			return err
		})
		if len(done) == 0 {
			return err
		}
		return errors.Join(printRetried(a.print, done), err)
	})
}

func (s place) retry(ctx context.Context) (n int, err error) {
	db, err := s.openToWrite(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	n, err = sqlite.NewStore(db).RetryNow(ctx)
	return n, s.explain(err)
}

func printRetried(p printer, done []retriedJSON) error {
	if ok, err := p.json(done); ok {
		return err
	}
	rows := [][]string{{"SERVICE", "DUE NOW"}}
	for _, d := range done {
		rows = append(rows, []string{d.Service, strconv.Itoa(d.Due)})
	}
	return p.table(rows...)
}
