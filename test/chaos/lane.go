package chaos

import (
	"context"
	"fmt"
	"io"
	"time"

	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/oracle"
	"gamestore.example/test/chaos/report"
)

// Promises of the store as a process.
const (
	CheckRest  = "after a start everything comes to rest"
	CheckAlive = "the store dies of kills alone"
	CheckDrain = "SIGTERM ends the store cleanly"
	CheckLog   = "the store logs no error"
)

const (
	// loadBound is how long a point may take to be hit.
	loadBound = 5 * time.Second
	// restBound is how long a started store may take until nothing moves: leases run
	// out and retries come due meanwhile.
	restBound = 3 * time.Minute
	restPoll  = 100 * time.Millisecond
	// drainLoad is the load before a clean stop.
	drainLoad = 300 * time.Millisecond
)

// lane is one data folder with its clients. A store runs on it again and again.
type lane struct {
	program string
	folder  oracle.Folder
	log     io.Writer
	crowd   *crowd.Crowd
	// found takes what must not be, and follows a kill.
	found func(kind string, after fmt.Stringer, findings ...oracle.Finding)
	// sum takes how each kill came, and what was there at the end.
	sum *report.Report
}

// How tells how a kill came.
type How struct {
	// ByPoint says that the store killed itself at the point; else it was from outside.
	ByPoint bool
	// Early says that the store was still starting, or mending what the kill before
	// had left.
	Early bool
}

// count notes how a kill came.
func (l *lane) count(k Kill, how How) {
	hit, outside, early := 0, 1, 0
	if how.ByPoint {
		hit, outside = 1, 0
	}
	if how.Early {
		early = 1
	}
	l.sum.Count(k.Name, hit, outside, early)
}

// report notes what follows a kill and must not be.
func (l *lane) report(k Kill, findings ...oracle.Finding) { l.found(k.Name, k, findings...) }

// run makes the kills one after the other, then one clean stop.
func (l *lane) run(ctx context.Context, kills []Kill) error {
	for _, k := range kills {
		if err := l.round(ctx, k); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
	}
	return l.end(ctx)
}

// round starts the store, armed for a kill, on what the last one left; waits until
// it has mended that; audits it; and loads it until it dies. The kill may come at any
// time.
func (l *lane) round(ctx context.Context, k Kill) error {
	p, err := launch(ctx, l.program, l.folder.Path, k.fault(), l.log)
	if err != nil {
		return err
	}
	defer p.close()
	defer p.Kill()
	if k.Name == OutsideStart {
		killer := time.AfterFunc(k.After, p.Kill)
		defer killer.Stop()
	}
	ok, err := p.ready(ctx)
	if err != nil {
		return err
	}
	if ok {
		if err := l.mend(ctx, p, k); err != nil {
			return err
		}
	}
	if k.Name == OutsideStart {
		<-p.Exited()
	}
	how := How{ByPoint: k.Hit > 0, Early: true}
	if p.Alive() {
		if how.ByPoint, err = l.die(ctx, p, k); err != nil {
			return err
		}
		how.Early = false
	}
	l.count(k, how)
	return l.bury(ctx, p, k)
}

// mend repeats what clients got no answer to, waits for rest, and audits. A store that
// dies meanwhile is no error.
func (l *lane) mend(ctx context.Context, p *process, k Kill) error {
	if err := l.crowd.Repeat(ctx, p.api); err != nil {
		return l.gone(p, err)
	}
	moving, err := l.rest(ctx, p)
	if err != nil || !p.Alive() {
		return l.gone(p, err)
	}
	if moving != "" {
		l.report(k, oracle.Finding{Check: CheckRest, What: fmt.Sprintf("after %v: %s", restBound, moving)})
	}
	findings, err := l.auditOnline(ctx, p)
	if err != nil {
		return l.gone(p, err)
	}
	l.report(k, findings...)
	return nil
}

// gone forgives an error of a store that is dead or dying.
func (l *lane) gone(p *process, err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-p.Exited():
		return nil
	case <-time.After(time.Second):
		return err
	}
}

// rest waits until nothing moves, twice in a row: between two files something may
// go back into one that was looked at already. It returns what still moves when the
// bound is over.
func (l *lane) rest(ctx context.Context, p *process) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, restBound)
	defer cancel()
	tick := time.NewTicker(restPoll)
	defer tick.Stop()
	moving, calm := "", 0
	for {
		now, err := l.folder.Moving(ctx)
		switch {
		case ctx.Err() != nil:
			return moving, nil
		case err != nil:
			return "", err
		case now != "":
			calm = 0
		default:
			calm++
		}
		if moving = now; calm == 2 {
			return "", nil
		}
		select {
		case <-tick.C:
		case <-p.Exited():
			return "", nil
		case <-ctx.Done():
			return moving, nil
		}
	}
}

// auditOnline audits a running store at rest. What it finds it looks at a second time:
// a violation stays.
func (l *lane) auditOnline(ctx context.Context, p *process) ([]oracle.Finding, error) {
	for try := 0; ; try++ {
		s, err := l.folder.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		if s.Found, err = p.api.Search(ctx); err != nil {
			return nil, err
		}
		s.AtRest, s.Told = true, l.crowd.Notes.Told()
		findings := oracle.Audit(s)
		if len(findings) == 0 || try > 0 {
			return append(findings, l.crowd.Notes.TakeOdd()...), nil
		}
		if _, err := l.rest(ctx, p); err != nil {
			return nil, err
		}
	}
}

// die loads the store until its point kills it, or kills it from outside. It reports
// whether it was the point.
func (l *lane) die(ctx context.Context, p *process, k Kill) (bool, error) {
	load := l.load(ctx, p)
	defer load.Stop()
	bound := loadBound
	switch k.Name {
	case OutsideLoad:
		bound = k.After
	case OutsideDrain:
		bound = drainLoad
	}
	if err := wait(ctx, p, bound); err != nil {
		return false, err
	}
	if !p.Alive() {
		return k.Hit > 0, nil
	}
	if k.Name == OutsideDrain {
		load.draining.Store(true)
		if err := p.Terminate(); err != nil {
			return false, err
		}
		if err := wait(ctx, p, k.After); err != nil {
			return false, err
		}
	}
	p.Kill()
	return false, nil
}

// wait lets time pass while the store lives.
func wait(ctx context.Context, p *process, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.Exited():
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// bury looks at how a store ended and at what it left, with nobody mending it.
func (l *lane) bury(ctx context.Context, p *process, k Kill) error {
	<-p.Exited()
	drained := k.Name == OutsideDrain && p.State() == nil // it was quicker than the kill
	if !p.Killed() && !drained {
		l.report(k, oracle.Finding{Check: CheckAlive, What: fmt.Sprintf("%v; its last words: %q", p.State(), p.LastLines())})
	}
	l.complain(p, k)
	s, err := l.folder.Snapshot(ctx)
	if err != nil {
		return err
	}
	s.Told = l.crowd.Notes.Told()
	l.report(k, append(oracle.Audit(s), l.crowd.Notes.TakeOdd()...)...)
	return nil
}

// complain reports what the store logged as errors.
func (l *lane) complain(p *process, k Kill) {
	for _, line := range p.Complaints() {
		if oracle.Judged(line) {
			continue
		}
		l.report(k, oracle.Finding{Check: CheckLog, What: line})
	}
}
