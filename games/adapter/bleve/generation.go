package bleve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"gamestore.example/games"
	"gamestore.example/pkg/errs"
)

// errNoRow is what a document without a row means: not one of this package's.
var errNoRow = errors.New("a document has no row")

// batchSize is how many documents go into one segment at most.
const batchSize = 2000

// generation is one index: a directory, or memory if it has no name. A Rebuild replaces
// it with the next one.
type generation struct {
	dir   string
	queue *index.AnalysisQueue

	// writing lets one apply at a time compare revisions.
	writing sync.Mutex
	// index is nil after a failed write, until the next one opens it again.
	index *scorch.Scorch

	mu   sync.RWMutex
	view *view // nil after close
}

// openGeneration opens the index in dir, or makes it.
func openGeneration(dir string) (*generation, error) {
	g := &generation{dir: dir, queue: index.NewAnalysisQueue(runtime.GOMAXPROCS(0))}
	if err := g.open(); err != nil {
		g.queue.Close()
		return nil, err
	}
	return g, nil
}

// open opens the index if it is not, and shows it.
func (g *generation) open() error {
	if g.index != nil {
		return nil
	}
	if g.dir != "" && g.view != nil { // opened before: scorch would make a new one
		if _, err := os.Stat(filepath.Join(g.dir, rootFile)); err != nil {
			return err
		}
	}
	config := map[string]any{"path": g.dir, "bolt_timeout": lockTimeout.String()}
	i, err := scorch.NewScorch("", config, g.queue)
	if err != nil {
		return fmt.Errorf("configure the index: %w", err)
	}
	s, ok := i.(*scorch.Scorch)
	if !ok {
		return fmt.Errorf("an index of type %T", i)
	}
	if err := s.Open(); err != nil {
		return fmt.Errorf("open the index: %w", err)
	}
	g.index = s
	if err := g.refresh(); err != nil {
		return errors.Join(err, g.abandon())
	}
	return nil
}

// abandon closes the index. Searches go on with the view.
func (g *generation) abandon() error {
	i := g.index
	if g.index = nil; i == nil {
		return nil
	}
	return i.Close()
}

// refresh makes the index's present state the one that searches see.
func (g *generation) refresh() error {
	reader, err := g.index.Reader()
	if err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		return errors.Join(fmt.Errorf("a reader of type %T", reader), reader.Close())
	}
	v, err := newView(snapshot, g.view)
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
	if err := g.open(); err != nil {
		return errs.Wrap(err, errs.Unavailable, "the search index cannot be opened")
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
	b.SetInternal([]byte(stampKey), []byte(rand.Text()))
	return g.write(b)
}

// write returns when the batch is on disk: scorch's Batch waits until the segment and
// the snapshot that names it are synced. After an error scorch cannot be used: it has
// closed the batch's segment and still reads it, and tries to write it without a
// pause. So it is closed, and the next write starts from what is on disk.
func (g *generation) write(b *index.Batch) error {
	if err := guard(func() error { return g.index.Batch(b) }); err != nil {
		return errs.Wrap(errors.Join(err, g.abandon()), errs.Unavailable, "the search index cannot be written")
	}
	return g.refresh()
}

// compact merges all segments into one, the fastest to search. Writes go on meanwhile.
func (g *generation) compact(ctx context.Context) error {
	if g.dir == "" {
		return nil
	}
	g.writing.Lock()
	i := g.index
	g.writing.Unlock()
	if i == nil {
		return errors.New("the index was closed by a failed write")
	}
	if err := i.ForceMerge(ctx, nil); err != nil {
		return fmt.Errorf("merge the index: %w", err)
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	if err := g.open(); err != nil {
		return err
	}
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
	err = errors.Join(err, g.abandon())
	g.queue.Close()
	return err
}
