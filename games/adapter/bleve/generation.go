package bleve

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// errNoRow is what a document without a row means: not one of this package's.
var errNoRow = errors.New("a document has no row")

// batchSize is how many documents go into one segment at most.
const batchSize = 2000

// generation is one index: a directory, or memory if it has no name. A Rebuild replaces
// it with the next one.
type generation struct {
	dir   string
	index *scorch.Scorch
	queue *index.AnalysisQueue

	// writing lets one apply at a time compare revisions.
	writing sync.Mutex

	mu   sync.RWMutex
	view *view // nil after close
}

// openGeneration opens the index in dir, or makes it.
func openGeneration(dir string) (*generation, error) {
	queue := index.NewAnalysisQueue(runtime.GOMAXPROCS(0))
	i, err := scorch.NewScorch("", map[string]any{"path": dir, "bolt_timeout": lockTimeout.String()}, queue)
	if err != nil {
		queue.Close()
		return nil, fmt.Errorf("configure the index: %w", err)
	}
	if err := i.Open(); err != nil {
		queue.Close()
		return nil, fmt.Errorf("open the index: %w", err)
	}
	g := &generation{dir: dir, index: i.(*scorch.Scorch), queue: queue}
	if err := g.refresh(); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// refresh makes the index's present state the one that searches see.
func (g *generation) refresh() error {
	reader, err := g.index.Reader()
	if err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	v, err := newView(reader.(*scorch.IndexSnapshot), g.view)
	if err != nil {
		return err
	}
	return g.show(v)
}

func (g *generation) show(v *view) error {
	g.mu.Lock()
	before := g.view
	g.view = v
	g.mu.Unlock()
	if before == nil {
		return nil
	}
	return before.snapshot.DecRef()
}

// acquire returns the present view with a reference that the caller gives back
// with release.
func (g *generation) acquire() *view {
	g.mu.RLock()
	defer g.mu.RUnlock()
	g.view.snapshot.AddRef()
	return g.view
}

// release gives back what acquire took. It fails only if a file cannot be unmapped,
// which changes nothing for the caller.
func (v *view) release() { _ = v.snapshot.DecRef() }

// apply puts games into the index and returns when they are on disk. It skips those
// whose revision the index has, or a higher one.
func (g *generation) apply(gs []games.Game) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	for len(gs) > 0 {
		n := min(len(gs), batchSize)
		if err := g.applyBatch(gs[:n]); err != nil {
			return err
		}
		gs = gs[n:]
	}
	return nil
}

func (g *generation) applyBatch(gs []games.Game) error {
	newest := make(map[string]games.Game, len(gs))
	ids := make([]string, 0, len(gs))
	for _, game := range gs {
		old, ok := newest[game.ID]
		if !ok {
			ids = append(ids, game.ID)
		}
		if !ok || game.Revision > old.Revision {
			newest[game.ID] = game
		}
	}
	known, err := g.view.revisions(ids)
	if err != nil {
		return err
	}
	b := index.NewBatch()
	for id, game := range newest {
		if revision, ok := known[id]; ok && revision >= game.Revision {
			continue
		}
		d, err := newDocument(game)
		if err != nil {
			return err
		}
		b.Update(d)
	}
	if len(b.IndexOps) == 0 {
		return nil
	}
	// Batch returns when the segment and the snapshot that names it are synced. After
	// an error it may or may not become durable later; the view stays as it was, so
	// that the same games put again are not skipped.
	if err := g.index.Batch(b); err != nil {
		return errs.Wrap(err, errs.Unavailable, "the search index cannot be written")
	}
	return g.refresh()
}

// compact merges all segments into one, the fastest to search.
func (g *generation) compact(ctx context.Context) error {
	if g.dir == "" {
		return nil
	}
	if err := g.index.ForceMerge(ctx, nil); err != nil {
		return fmt.Errorf("merge the index: %w", err)
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	return g.refresh()
}

// close writes nothing: what apply returned for is on disk. No apply may be running or
// follow.
func (g *generation) close() error {
	g.mu.Lock()
	v := g.view
	g.view = nil
	g.mu.Unlock()
	var err error
	if v != nil {
		err = v.snapshot.DecRef()
	}
	err = errors.Join(err, g.index.Close())
	g.queue.Close()
	return err
}
