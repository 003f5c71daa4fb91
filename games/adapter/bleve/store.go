package bleve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"gamestore.example/pkg/errs"
)

// ErrLocked is what NewSearch returns when another process has the index open.
var ErrLocked = errs.New(errs.Unavailable, "search-index-locked", "the search index is open in another process")

const (
	// lockTimeout bounds the wait for another process to let go of the index.
	lockTimeout = time.Second
	// format numbers the layout of documents and fields. An index of another one is
	// set aside and rebuilt, so raise it with every change.
	format = 2

	lockFile      = "lock.bolt"
	pointerFile   = "current.json"
	setAside      = "broken"
	dirOfNumber   = "generation-%06d"
	dirOfAnything = "generation-*"
)

// store is the directory of an index: the generations, a pointer file that says which
// one counts, and a lock that keeps other processes out.
type store struct {
	dir string
	// lock is an empty database, which is locked while it is open, on every system.
	lock *bolt.DB
}

// openStore makes the directory if need be, and locks it.
func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the index directory: %w", err)
	}
	file := filepath.Join(dir, lockFile)
	lock, err := openLock(file)
	if errors.Is(err, errBroken) {
		// A crash while it was first written. It has no content to lose.
		if err := os.Remove(file); err != nil {
			return nil, fmt.Errorf("remove a broken lock: %w", err)
		}
		lock, err = openLock(file)
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrLocked.WithCause(err)
	case err != nil:
		return nil, fmt.Errorf("lock the index directory: %w", err)
	}
	return &store{dir: dir, lock: lock}, nil
}

func openLock(file string) (lock *bolt.DB, err error) {
	err = guard(func() (err error) {
		lock, err = openBolt(file, &bolt.Options{Timeout: lockTimeout})
		return err
	})
	return lock, err
}

// openBolt marks the errors of damaged files.
func openBolt(file string, o *bolt.Options) (*bolt.DB, error) {
	db, err := bolt.Open(file, 0o600, o)
	for _, sign := range []error{bolterrors.ErrInvalid, bolterrors.ErrChecksum, bolterrors.ErrVersionMismatch} {
		if errors.Is(err, sign) {
			return nil, fmt.Errorf("%w: %s: %w", errBroken, filepath.Base(file), err)
		}
	}
	return db, err
}

func (s *store) close() error { return s.lock.Close() }

// pointer is what the pointer file says.
type pointer struct {
	Format     int    `json:"format"`
	Generation string `json:"generation"`
	// Complete is false until a Rebuild has filled the generation.
	Complete bool `json:"complete"`
}

// open opens the generation that counts, or starts an empty one if there is none that
// can be used; the reason then says why not.
func (s *store) open() (g *generation, complete bool, reason error, err error) {
	p, reason := s.pointer()
	if reason == nil {
		g, err = s.openCurrent(p)
		if errors.Is(err, errBroken) {
			reason, err = err, s.setAside(p.Generation)
		}
	}
	if reason != nil && err == nil {
		p.Complete = false
		g, err = s.start()
	}
	if err != nil {
		return nil, false, nil, err
	}
	s.sweep(g)
	return g, p.Complete, reason, nil
}

// openCurrent checks and opens the generation that p names.
func (s *store) openCurrent(p pointer) (*generation, error) {
	dir := filepath.Join(s.dir, p.Generation)
	stamp, err := verify(dir)
	if err != nil {
		return nil, err
	}
	var g *generation
	if err := guard(func() (err error) { g, err = openGeneration(dir); return err }); err != nil {
		return nil, err
	}
	if got := g.view.snapshot.Internal()[stampKey]; string(got) != stamp {
		return nil, errors.Join(fmt.Errorf("%w: the newest snapshot cannot be loaded", errBroken), g.close())
	}
	return g, nil
}

// start makes an empty generation and points to it.
func (s *store) start() (*generation, error) {
	g, err := s.create()
	if err != nil {
		return nil, err
	}
	if err := s.point(g, false); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// create makes an empty generation that nothing points to.
func (s *store) create() (*generation, error) {
	for n := 1; ; n++ {
		dir := filepath.Join(s.dir, fmt.Sprintf(dirOfNumber, n))
		switch err := os.Mkdir(dir, 0o700); {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("make a generation: %w", err)
		}
		return openGeneration(dir)
	}
}

// pointer reads the pointer file. An error means that there is no usable one.
func (s *store) pointer() (pointer, error) {
	var p pointer
	b, err := os.ReadFile(filepath.Join(s.dir, pointerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return p, s.missing()
	}
	if err != nil {
		return p, fmt.Errorf("read the pointer: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return pointer{}, fmt.Errorf("%w: the pointer: %w", errBroken, err)
	}
	if p.Format != format {
		return pointer{}, fmt.Errorf("the index has format %d, not %d", p.Format, format)
	}
	if ok, err := filepath.Match(dirOfAnything, p.Generation); !ok || err != nil {
		return pointer{}, fmt.Errorf("%w: the pointer names %q", errBroken, p.Generation)
	}
	return p, nil
}

// missing says what a directory without a pointer is: new, or damaged.
func (s *store) missing() error {
	generations, err := filepath.Glob(filepath.Join(s.dir, dirOfAnything))
	if err != nil || len(generations) > 0 {
		return fmt.Errorf("%w: the pointer is gone", errBroken)
	}
	return errNoIndex
}

// point makes g the generation that counts, at once and durably.
func (s *store) point(g *generation, complete bool) error {
	b, err := json.Marshal(pointer{Format: format, Generation: filepath.Base(g.dir), Complete: complete})
	if err != nil {
		return fmt.Errorf("encode the pointer: %w", err)
	}
	if err := replaceFile(filepath.Join(s.dir, pointerFile), b); err != nil {
		return errs.Wrap(err, errs.Unavailable, "the search index cannot be written")
	}
	return nil
}

// replaceFile writes a file so that after a crash it has the old content or the new.
func replaceFile(name string, content []byte) error {
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync())
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// setAside keeps the last broken generation for a person to look at.
func (s *store) setAside(generation string) error {
	to := filepath.Join(s.dir, setAside)
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("remove what was set aside before: %w", err)
	}
	err := os.Rename(filepath.Join(s.dir, generation), to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set the index aside: %w", err)
	}
	return nil
}

// sweep removes what crashes and rebuilds left behind. What cannot be removed
// now is tried again at the next start.
func (s *store) sweep(current *generation) {
	dirs, _ := filepath.Glob(filepath.Join(s.dir, dirOfAnything)) // the pattern is right
	for _, dir := range dirs {
		if dir != current.dir {
			_ = os.RemoveAll(dir)
		}
	}
}
