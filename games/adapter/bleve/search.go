package bleve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blevesearch/vellum/levenshtein"

	"gamestore.example/games"
	"gamestore.example/pkg/batch"
	"gamestore.example/pkg/errs"
)

// maxPuts is how many waiting calls of Put become one batch at most.
const maxPuts = 1024

// errClosed is what calls get after Close.
var errClosed = errs.New(errs.Unavailable, "shutting-down", "the server is shutting down")

// errNoIndex is why an index starts empty in a fresh directory.
var errNoIndex = errors.New("there is no index yet")

// Config says where the index is.
type Config struct {
	// Dir is a directory of its own for the index, made if missing. Empty means in
	// memory, where segments are not merged: for tests.
	Dir string
	// Logger, optional, hears why an index had to be set aside.
	Logger *slog.Logger
	// Pace is the least time between two batches of puts; 0 is none. Each batch is a
	// segment to write and later to merge, and a game that sells all the time need not
	// be indexed for every sale: what arrives meanwhile is in the next batch.
	Pace time.Duration
}

// Search is the full-text index in a directory. It is safe for concurrent use.
type Search struct {
	store    *store // nil in memory
	log      *slog.Logger
	automata [2]*levenshtein.LevenshteinAutomatonBuilder
	scratch  pool
	puts     *batch.Group[*put]
	pace     time.Duration
	lastPut  time.Time // only the goroutine of puts uses it

	rebuilding chan struct{} // holds one token while a Rebuild runs
	closing    chan struct{}

	// writing is held while puts are applied, and while Rebuild changes where they go.
	writing sync.Mutex
	// next also gets each put while a Rebuild fills it; nextErr is the first that failed.
	next    *generation
	nextErr error

	mu       sync.RWMutex
	live     *generation // nil after Close
	complete bool
	searches sync.WaitGroup
}

var _ games.Search = (*Search)(nil)

// put is a call of Put that waits.
type put struct {
	games []games.Game
	err   error
}

// NewSearch opens the index, or makes an empty one; look at NeedsRebuild then. It
// returns ErrLocked, within two seconds, if another process has it open.
func NewSearch(cfg Config) (*Search, error) {
	s := &Search{log: cfg.Logger, pace: cfg.Pace, rebuilding: make(chan struct{}, 1), closing: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for i, typos := range [...]uint8{1, 2} {
		b, err := levenshtein.NewLevenshteinAutomatonBuilder(typos, true)
		if err != nil {
			return nil, fmt.Errorf("prepare typo tolerance: %w", err)
		}
		s.automata[i] = b
	}
	if err := s.open(cfg.Dir); err != nil {
		return nil, err
	}
	s.puts = batch.NewGroup(maxPuts, s.apply)
	return s, nil
}

func (s *Search) open(dir string) (err error) {
	if dir == "" {
		s.live, err = openGeneration("")
		return err
	}
	if s.store, err = openStore(dir); err != nil {
		return err
	}
	var reason error
	s.live, s.complete, reason, err = s.store.open()
	if err != nil {
		return errors.Join(err, s.store.close())
	}
	switch {
	case errors.Is(reason, errNoIndex):
		s.log.Info("search index is new", "dir", dir)
	case reason != nil:
		s.log.Warn("search index starts empty and needs a rebuild", "dir", dir, "reason", reason)
	}
	return nil
}

// NeedsRebuild reports whether the index may lack games, because it is new, was
// damaged, or is of another version: until a Rebuild succeeds, also after a restart.
func (s *Search) NeedsRebuild() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !s.complete
}

// Put implements games.Search. Calls that wait at the same time become one batch; all
// return when it is on disk. After an error the games may or may not have become
// durable: put them again.
func (s *Search) Put(ctx context.Context, gs ...games.Game) error {
	for _, g := range gs {
		if g.ID == "" {
			return errs.InvalidFields(errs.Field{Name: "id", Message: "is required"})
		}
	}
	job := &put{games: gs}
	if err := s.puts.Do(ctx, job); err != nil {
		return err
	}
	return job.err
}

// apply runs in the one goroutine of the group.
func (s *Search) apply(jobs []*put) {
	time.Sleep(s.pace - time.Since(s.lastPut))
	s.lastPut = time.Now()
	var all []games.Game
	for _, j := range jobs {
		all = append(all, j.games...)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.live.apply(all)
	if s.next != nil && s.nextErr == nil {
		s.nextErr = s.next.apply(all)
	}
	for _, j := range jobs {
		j.err = err
	}
}

// acquire returns the present view. The caller calls done when it has what it needs.
func (s *Search) acquire() (v *view, done func(), err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.live == nil {
		return nil, nil, errClosed
	}
	s.searches.Add(1)
	v = s.live.acquire()
	return v, func() { v.release(); s.searches.Done() }, nil
}

// Count implements games.Search.
func (s *Search) Count(ctx context.Context) (int64, error) {
	v, done, err := s.acquire()
	if err != nil {
		return 0, err
	}
	defer done()
	return v.count, ctx.Err()
}

// Search implements games.Search.
func (s *Search) Search(ctx context.Context, q games.SearchQuery) (games.SearchResult, error) {
	r, err := s.ranker(q)
	if err != nil {
		return games.SearchResult{}, err
	}
	v, done, err := s.acquire()
	if err != nil {
		return games.SearchResult{}, err
	}
	defer done()
	r.scratch = s.scratch.get()
	err = r.view(ctx, v)
	s.scratch.put(r.scratch)
	if err != nil {
		return games.SearchResult{}, err
	}
	return r.result(q, v)
}

func (s *Search) ranker(q games.SearchQuery) (*ranker, error) {
	everything := strings.TrimSpace(q.Text) == ""
	sort, err := effectiveSort(q, everything)
	if err != nil {
		return nil, err
	}
	// One more than the page shows whether there is a next one.
	r := &ranker{sort: sort, category: q.Category, limit: max(q.Limit, 1) + 1, facets: map[string]int64{}}
	if q.Cursor != "" {
		r.after = new(position)
		if err := q.DecodeCursor(r.after); err != nil {
			return nil, err
		}
	}
	if !everything {
		m := newMatcher(q.Text, s.automata)
		r.matcher = &m
	}
	return r, nil
}

// result reads the games of the page.
func (r *ranker) result(q games.SearchQuery, v *view) (games.SearchResult, error) {
	var result games.SearchResult
	for _, c := range slices.Sorted(maps.Keys(r.facets)) {
		result.Facets = append(result.Facets, games.Facet{Category: c, Count: r.facets[c]})
	}
	hits := r.hits()
	for _, h := range hits[:min(len(hits), r.limit-1)] {
		g, err := v.game(h)
		if err != nil {
			return games.SearchResult{}, err
		}
		result.Games = append(result.Games, g)
	}
	if len(hits) < r.limit {
		return result, nil
	}
	var err error
	result.NextCursor, err = q.EncodeCursor(hits[r.limit-2].position)
	return result, err
}

func (v *view) game(h hit) (games.Game, error) {
	var r record
	found := errNoGame
	number := uint64(h.doc) //nolint:gosec // an index
	err := v.parts[h.part].segment.VisitStoredFields(number, func(field string, _ byte, value []byte, _ []uint64) bool {
		if field != fieldGame {
			return true
		}
		found = json.Unmarshal(value, &r)
		return false
	})
	if err := errors.Join(err, found); err != nil {
		return games.Game{}, fmt.Errorf("read game %q from the index: %w", h.ID, err)
	}
	return r.game(), nil
}

// errNoGame is what a document that can be found, but holds no game, means.
var errNoGame = errors.New("a document has no game")

// Close waits for puts, searches and a Rebuild, which ends early, and closes the index.
// Later calls get an Unavailable error.
func (s *Search) Close() error {
	s.mu.Lock()
	select {
	case <-s.closing:
		s.mu.Unlock()
		return nil
	default:
		close(s.closing)
	}
	s.mu.Unlock()
	s.rebuilding <- struct{}{} // for good
	s.puts.Close()
	s.mu.Lock()
	g := s.live
	s.live = nil
	s.mu.Unlock()
	s.searches.Wait()
	err := g.close()
	if s.store != nil {
		err = errors.Join(err, s.store.close())
	}
	return err
}
