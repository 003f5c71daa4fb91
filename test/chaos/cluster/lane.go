package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/oracle"
	"gamestore.example/test/chaos/report"
)

// Promises of the store as processes.
const (
	CheckRest    = "after a fault everything comes to rest"
	CheckAlive   = "processes die of kills alone"
	CheckDrain   = "SIGTERM ends a process cleanly"
	CheckLog     = "no process logs an error"
	CheckAccepts = "purchases are accepted whatever the broker does"
	CheckIgnored = "a contradicting event is counted and changes nothing"
	CheckRouted  = "every event has a queue, but for those that nobody wants here"
)

const (
	// pointBound is how long a point may take to be hit.
	pointBound = 5 * time.Second
	// restBound is how long everything may take to come to rest: leases and the pauses
	// between reconnects run out meanwhile.
	restBound = 3 * time.Minute
	restPoll  = 150 * time.Millisecond
	// ahead is the load before a fault, behind that after it.
	ahead, behind = 300 * time.Millisecond, 300 * time.Millisecond
	// acceptBound is how much longer a fault lasts at most until a purchase is accepted.
	acceptBound = 30 * time.Second
)

// lane is one store with its crowd and what goes wrong there.
type lane struct {
	*Store
	crowd *crowd.Crowd
	sum   *report.Report
	// found takes what must not be, and follows a fault.
	found func(kind string, after fmt.Stringer, findings ...oracle.Finding)
	// breaks says that clients' connections may break.
	breaks atomic.Bool
	// planted are the dead letters to be.
	planted []oracle.Message
	dir     string
}

func (l *lane) report(f Fault, check, format string, args ...any) {
	l.found(f.Kind, f, oracle.Finding{Check: check, What: fmt.Sprintf(format, args...)})
}

// round breaks something under load, waits until the store has mended it, and audits.
func (l *lane) round(ctx context.Context, f Fault) error {
	began := time.Now()
	fmt.Fprintf(l.log, "=== %s\n", f)
	defer func() { fmt.Fprintf(l.log, "=== %s took %v\n", f, time.Since(began).Round(time.Millisecond)) }()
	if f.Hit > 0 {
		if err := l.arm(ctx, f); err != nil {
			return err
		}
	}
	hit, accepted, err := l.strike(ctx, f)
	if err != nil {
		return err
	}
	byPoint := 0
	if hit {
		byPoint = 1
	}
	l.sum.Count(f.Kind, byPoint, accepted)
	return l.mend(ctx, f)
}

// arm starts a service anew, which is to die at a point.
func (l *lane) arm(ctx context.Context, f Fault) error {
	service := f.kind.service
	if err := l.Stop(service); err != nil {
		l.report(f, CheckDrain, "%v", err)
	}
	return l.Start(ctx, service, fmt.Sprintf("%s#%d", f.kind.point, f.Hit))
}

// strike does the fault while the crowd shops. It returns whether a process died at its
// point, and how many purchases were accepted meanwhile.
func (l *lane) strike(ctx context.Context, f Fault) (hit bool, accepted int, err error) {
	l.breaks.Store(f.kind.breaks)
	load := l.load(ctx)
	defer load.Stop()
	if err := pass(ctx, ahead); err != nil {
		return false, 0, err
	}
	before := l.crowd.Notes.Accepted()
	if f.Hit > 0 {
		hit, err = l.await(ctx, f)
	} else {
		err = f.kind.do(ctx, l, f)
	}
	if err != nil {
		return hit, 0, err
	}
	accepted = l.crowd.Notes.Accepted() - before
	return hit, accepted, pass(ctx, behind)
}

// hold lets a fault last for its time, and until a purchase was accepted meanwhile if
// that has to be.
func (l *lane) hold(ctx context.Context, f Fault) error {
	before := l.crowd.Notes.Accepted()
	if err := pass(ctx, f.For); err != nil || !f.kind.accepts {
		return err
	}
	for end := time.Now().Add(acceptBound); l.crowd.Notes.Accepted() == before; {
		if time.Now().After(end) {
			l.report(f, CheckAccepts, "none was accepted in %v", f.For+acceptBound)
			return nil
		}
		if err := pass(ctx, readyPoll); err != nil {
			return err
		}
	}
	return nil
}

// load lets the crowd shop. A connection that breaks though the gateway lives, or an
// answer that does not come, must not be.
func (l *lane) load(ctx context.Context) *crowd.Load {
	return l.crowd.Work(ctx, l.API, func(ctx context.Context, err error) bool {
		if !l.breaks.Load() || timedOut(err) {
			l.crowd.Notes.Strange("a connection broke: %v", err)
		}
		return pass(ctx, readyPoll) == nil
	})
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// await waits until the armed process has died, kills it if that takes too long, and
// starts it again.
func (l *lane) await(ctx context.Context, f Fault) (hit bool, err error) {
	p := l.Process(f.kind.service)
	timer := time.NewTimer(pointBound)
	defer timer.Stop()
	select {
	case <-p.Exited():
		hit = true
	case <-timer.C:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	p.Kill()
	if !p.Killed() {
		l.report(f, CheckAlive, "%s: %v; its last words: %q", f.kind.service, p.State(), p.LastLines())
	}
	return hit, l.Start(ctx, f.kind.service, "")
}

// mend repeats what clients got no answer to, waits for rest, and audits.
func (l *lane) mend(ctx context.Context, f Fault) error {
	if err := l.crowd.Repeat(ctx, l.API); err != nil {
		if !f.kind.breaks {
			return err
		}
		if err := l.crowd.Repeat(ctx, l.API); err != nil { // it was an old connection
			return err
		}
	}
	moving, err := l.rest(ctx, restBound)
	if err != nil {
		return err
	}
	if moving != "" {
		l.report(f, CheckRest, "after %v: %s", restBound, moving)
	}
	for _, name := range services() {
		if p := l.Process(name); !p.Alive() {
			l.report(f, CheckAlive, "%s: %v; its last words: %q", name, p.State(), p.LastLines())
			if err := l.Start(ctx, name, ""); err != nil {
				return err
			}
		}
	}
	findings, err := l.audit(ctx)
	l.found(f.Kind, f, findings...)
	l.complain(f)
	return errors.Join(err, l.unplant(ctx))
}

// pass lets time pass.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
