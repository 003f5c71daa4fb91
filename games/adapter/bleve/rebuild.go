package bleve

import (
	"context"
	"errors"
	"fmt"
	"os"

	"gamestore.example/games"
)

// rebuildBatch is smaller than it could be, so that puts do not wait long for their turn.
const rebuildBatch = 1000

// Rebuild implements games.Search. It fills a new generation beside the present one, and
// then points to it. Let each yield deleted games too: only then can late events not
// bring them back. A second call waits for the first; Close ends both.
func (s *Search) Rebuild(ctx context.Context, each func(yield func(games.Game) error) error) error {
	select {
	case s.rebuilding <- struct{}{}:
	case <-s.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.rebuilding }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-s.closing:
			cancel(errClosed)
		case <-ctx.Done():
		}
	}()

	next, err := s.begin()
	if err != nil {
		return err
	}
	if err = fill(ctx, next, each); err == nil {
		err = next.compact(ctx)
	}
	return s.end(next, err)
}

// begin makes the next generation, which from now on gets each put.
func (s *Search) begin() (next *generation, err error) {
	if s.store == nil {
		next, err = openGeneration("")
	} else {
		next, err = s.store.create()
	}
	if err != nil {
		return nil, fmt.Errorf("start the new index: %w", err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.next, s.nextErr = next, nil
	return next, nil
}

// fill puts into g what each yields.
func fill(ctx context.Context, g *generation, each func(yield func(games.Game) error) error) error {
	var waiting []games.Game
	flush := func() error {
		err := g.apply(waiting)
		waiting = waiting[:0]
		return err
	}
	err := each(func(game games.Game) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if waiting = append(waiting, game); len(waiting) < rebuildBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return flush()
}

// end makes next the live generation, or throws it away if it failed. Puts wait
// meanwhile, so that none goes only to the one that loses.
func (s *Search) end(next *generation, err error) error {
	s.writing.Lock()
	err = errors.Join(err, s.nextErr)
	s.next, s.nextErr = nil, nil
	if err == nil && s.store != nil {
		err = s.store.point(next, true)
	}
	loser := next
	if err == nil {
		s.mu.Lock()
		loser, s.live, s.complete = s.live, next, true
		s.mu.Unlock()
	}
	s.writing.Unlock()
	if err := discard(loser); err != nil {
		s.log.Warn("an old search index stays until the next start", "dir", loser.dir, "error", err)
	}
	return err
}

func discard(g *generation) error {
	err := g.close()
	if g.dir != "" {
		err = errors.Join(err, os.RemoveAll(g.dir))
	}
	return err
}
