package chaos

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// working is a load under way.
type working struct {
	cancel  context.CancelFunc
	clients sync.WaitGroup
	// draining says that connections may break, since the store was told to stop.
	draining atomic.Bool
}

// stop ends the load and waits for its clients.
func (w *working) stop() {
	w.cancel()
	w.clients.Wait()
}

// load lets all clients work until the store is gone or stop is called.
func (l *lane) load(ctx context.Context, p *process) *working {
	w := &working{}
	ctx, w.cancel = context.WithCancel(ctx)
	for _, s := range l.shoppers {
		w.clients.Go(func() { l.client(ctx, p, w, s.shop) })
	}
	w.clients.Go(func() { l.client(ctx, p, w, l.editor.edit) })
	return w
}

// client reports a connection that broke though the store lives.
func (l *lane) client(ctx context.Context, p *process, w *working, work func(context.Context, *api) error) {
	err := work(ctx, p.api)
	if err == nil || ctx.Err() != nil {
		return
	}
	if err := l.gone(p, err); err != nil && ctx.Err() == nil && !w.draining.Load() {
		l.notes.strange("a connection broke: %v", err)
	}
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
	p, err := launch(ctx, l.program, l.folder.path, "", l.log)
	if err != nil {
		return err
	}
	defer p.close()
	defer p.kill()
	ok, err := p.ready(ctx)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("the store ended at its start: %w; its last words: %q", p.state, p.lastLines())
	}
	if err := l.mend(ctx, p, k); err != nil {
		return err
	}
	if err := l.editor.logIn(ctx, p.api); err != nil {
		return err
	}
	found, err := p.api.search(ctx)
	if err != nil {
		return err
	}
	if err := l.drain(ctx, p, k, loaded); err != nil {
		return err
	}
	s, err := l.folder.snapshot(ctx)
	if err != nil {
		return err
	}
	s.AtRest, s.Found, s.Told = !loaded, found, l.notes.copy()
	l.report(k, append(Audit(s), l.notes.takeOdd()...)...)
	if s.AtRest {
		l.stopped(s)
	}
	return nil
}

// drain stops the store by SIGTERM, which must end it cleanly.
func (l *lane) drain(ctx context.Context, p *process, k Kill, loaded bool) error {
	if loaded {
		load := l.load(ctx, p)
		defer load.stop()
		if err := wait(ctx, p, drainLoad); err != nil {
			return err
		}
		load.draining.Store(true)
	}
	if err := p.terminate(); err != nil {
		return err
	}
	if err := p.drained(); err != nil {
		l.report(k, Finding{CheckDrain, fmt.Sprintf("%v; its last words: %q", err, p.lastLines())})
	}
	l.complain(p, k)
	l.count(k, How{})
	return nil
}
