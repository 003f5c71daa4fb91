package bleve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/blevesearch/bleve/v2/util"
	bolt "go.etcd.io/bbolt"
)

// errBroken marks an index that does not hold what was written to it.
var errBroken = errors.New("the index is broken")

// rootFile is where scorch keeps its snapshots: which segment files belong together.
const rootFile = "root.bolt"

// stampKey is an internal value of the index that is new in every batch.
const stampKey = "stamp"

// verify checks the checksum of each file of the newest snapshot in dir and returns
// the snapshot's stamp. Scorch itself would go on with an older snapshot, or with
// an empty index, and crash later over a damaged file. Only the pages of the root
// file have no checksums: of those it finds what does not make sense.
func verify(dir string) (stamp string, err error) {
	err = guard(func() error {
		var files []string
		if files, stamp, err = newestSnapshot(filepath.Join(dir, rootFile)); err != nil {
			return err
		}
		for _, f := range files {
			if ok, err := filepath.Match("*.zap", f); !ok || err != nil || filepath.Base(f) != f {
				return fmt.Errorf("%w: a segment file named %q", errBroken, f)
			}
			if err := checksum(filepath.Join(dir, f)); err != nil {
				return err
			}
		}
		return nil
	})
	return stamp, err
}

// newestSnapshot reads the files and the stamp of the newest snapshot.
func newestSnapshot(root string) (files []string, stamp string, err error) {
	info, err := os.Stat(root)
	switch {
	case err != nil:
		return nil, "", missing(err)
	case info.Size() == 0: // which bolt takes for a new one
		return nil, "", fmt.Errorf("%w: %s is empty", errBroken, rootFile)
	}
	db, err := openBolt(root, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return nil, "", fmt.Errorf("open %s: %w", rootFile, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %s is cut", errBroken, rootFile)
		}
		snapshots := tx.Bucket(util.BoltSnapshotsBucket)
		if snapshots == nil {
			return nil // nothing was ever written
		}
		newest, _ := snapshots.Cursor().Last()
		snapshot := snapshots.Bucket(newest)
		if snapshot == nil {
			return fmt.Errorf("%w: no snapshot", errBroken)
		}
		return snapshot.ForEachBucket(func(k []byte) error {
			switch b := snapshot.Bucket(k); k[0] {
			case util.BoltInternalKey[0]:
				stamp = string(b.Get([]byte(stampKey)))
			case util.BoltMetaDataKey[0]:
			default:
				files = append(files, string(b.Get(util.BoltPathKey)))
			}
			return nil
		})
	})
	return files, stamp, err
}

// checksum compares a segment file with the CRC-32 in its last four bytes.
func checksum(file string) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return missing(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	crc := crc32.NewIEEE()
	if _, err := io.CopyBuffer(crc, io.LimitReader(f, info.Size()-crc32.Size), make([]byte, 1<<20)); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	var want [crc32.Size]byte
	if _, err := io.ReadFull(f, want[:]); err != nil || binary.BigEndian.Uint32(want[:]) != crc.Sum32() {
		return fmt.Errorf("%w: %s: wrong checksum", errBroken, filepath.Base(file))
	}
	return nil
}

// missing turns the error of a file that must exist and does not into errBroken.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	return err
}

// guard calls f and turns a panic, or a fault in a mapped file, into errBroken: that
// is how the readers of damaged files fail.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: panic: %v", errBroken, p)
		}
	}()
	return f()
}
