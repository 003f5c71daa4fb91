package operate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gamestore.example/deploy/control"
	"gamestore.example/deploy/folder"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/sqlite"
	"gamestore.example/pkg/sqldb"
)

// everything is a limit that is none.
const everything = math.MaxInt32

// When a replayed message is delivered.
const (
	atOnce  = "now"
	atStart = "at-start"
)

// letters returns dead letters, oldest first. It reads the file of the embedded bus
// beside a store that runs.
func (p *places) letters(ctx context.Context, limit int) (letters []bus.DeadLetter, err error) {
	if p.rabbit != "" {
		dead, err := p.broker()
		if err != nil {
			return nil, err
		}
		return dead.List(ctx, limit)
	}
	db, err := p.openJournal(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	letters, err = sqlite.NewJournal(db).DeadLetters(ctx, limit)
	return letters, explain("the bus", p.journal(), err)
}

func (p *places) openJournal(ctx context.Context) (*sqldb.DB, error) {
	db, err := sqldb.OpenReadOnly(ctx, p.journal())
	return db, explain("the bus", p.journal(), err)
}

func (p *places) broker() (*rabbit.DeadLetters, error) {
	cfg := rabbit.Config{URL: p.rabbit, Name: "gamestore-dlq"}
	names := []string{"welcome"} // a worker with no database
	for _, s := range p.services() {
		names = append(names, s.name)
	}
	return rabbit.NewDeadLetters(cfg, names...)
}

// changer replays and drops dead letters.
type changer struct {
	replay, drop func(ctx context.Context, queue, messageID string) error
	// delivered is when a replayed message is.
	delivered string
	close     func() error
}

// changeLetters finds who can change dead letters: the broker, the store if it runs,
// else the file, which is kept from a store until close.
func (p *places) changeLetters(ctx context.Context) (*changer, error) {
	nothing := func() error { return nil }
	if p.rabbit != "" {
		dead, err := p.broker()
		if err != nil {
			return nil, err
		}
		return &changer{replay: dead.Replay, drop: dead.Drop, delivered: atOnce, close: nothing}, nil
	}
	// A lock would make a folder that is not there.
	if _, err := sqldb.Existing(p.journal()); err != nil {
		return nil, explain("the bus", p.journal(), err)
	}
	unlock, err := folder.Lock(p.data)
	if errors.Is(err, folder.ErrInUse) {
		c := control.NewClient(p.data)
		return &changer{replay: p.reached(c.Replay), drop: p.reached(c.Drop), delivered: atOnce, close: nothing}, nil
	}
	if err != nil {
		return nil, err
	}
	db, err := sqldb.OpenSQLite(ctx, p.journal())
	if err != nil {
		return nil, errors.Join(explain("the bus", p.journal(), err), unlock())
	}
	j := sqlite.NewJournal(db)
	return &changer{
		replay: func(ctx context.Context, queue, messageID string) error {
			_, err := j.Replay(ctx, queue, messageID)
			return err
		},
		drop: j.Drop, delivered: atStart,
		close: func() error { return errors.Join(db.Close(), unlock()) },
	}, nil
}

// reached says in words that a store runs and does not answer.
func (p *places) reached(do func(ctx context.Context, queue, messageID string) error) func(context.Context, string, string) error {
	return func(ctx context.Context, queue, messageID string) error {
		err := do(ctx, queue, messageID)
		if errors.Is(err, control.ErrUnreachable) {
			return fmt.Errorf("another process uses the folder %s and does not answer: if it is a store that has just started, try again; else stop it, and this works on its file: %w", p.data, err)
		}
		return err
	}
}
