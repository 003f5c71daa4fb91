package chaos

import (
	"context"
	"fmt"
	"sync/atomic"

	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/oracle"
)

// working is a load under way.
type working struct {
	*crowd.Load
	// draining says that connections may break, since the store was told to stop.
	draining atomic.Bool
}

// load lets all clients work until the store is gone or Stop is called. A connection
// that breaks though the store lives is reported.
func (l *lane) load(ctx context.Context, p *process) *working {
	w := &working{}
	w.Load = l.crowd.Work(ctx, p.api, func(ctx context.Context, err error) bool {
		if err := l.gone(p, err); err != nil && ctx.Err() == nil && !w.draining.Load() {
			l.crowd.Notes.Strange("a connection broke: %v", err)
		}
		return false
	})
	return w
}

// end starts the store once more, stops it cleanly under load, starts it again and
// stops it at rest. Then everything must be in its files.
func (l *lane) end(ctx context.Context) error {
	for _, loaded := range []bool{true, false} {
		if err := l.cleanStop(ctx, loaded); err != nil {
			return fmt.Errorf("clean stop: %w", err)
		}
	}
	return nil
}

func (l *lane) cleanStop(ctx context.Context, loaded bool) error {
	k := Kill{Name: CleanStop}
	p, err := launch(ctx, l.program, l.folder.Path, "", l.log)
	if err != nil {
		return err
	}
	defer p.close()
	defer p.Kill()
	ok, err := p.ready(ctx)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("the store ended at its start: %w; its last words: %q", p.State(), p.LastLines())
	}
	if err := l.mend(ctx, p, k); err != nil {
		return err
	}
	if err := l.crowd.LogIn(ctx, p.api); err != nil {
		return err
	}
	found, err := p.api.Search(ctx)
	if err != nil {
		return err
	}
	if err := l.drain(ctx, p, k, loaded); err != nil {
		return err
	}
	s, err := l.folder.Snapshot(ctx)
	if err != nil {
		return err
	}
	s.AtRest, s.Found, s.Told = !loaded, found, l.crowd.Notes.Told()
	l.report(k, append(oracle.Audit(s), l.crowd.Notes.TakeOdd()...)...)
	if s.AtRest {
		l.sum.Sum(s)
	}
	return nil
}

// drain stops the store by SIGTERM, which must end it cleanly.
func (l *lane) drain(ctx context.Context, p *process, k Kill, loaded bool) error {
	if loaded {
		load := l.load(ctx, p)
		defer load.Stop()
		if err := wait(ctx, p, drainLoad); err != nil {
			return err
		}
		load.draining.Store(true)
	}
	if err := p.Terminate(); err != nil {
		return err
	}
	if err := p.Drained(); err != nil {
		l.report(k, oracle.Finding{Check: CheckDrain, What: fmt.Sprintf("%v; its last words: %q", err, p.LastLines())})
	}
	l.complain(p, k)
	l.count(k, How{})
	return nil
}
