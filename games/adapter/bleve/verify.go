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

// verify checks the checksum of each file of the newest snapshot in dir and returns
// how many there are. Scorch itself would go on with an older snapshot, or with
// an empty index, and crash later over a damaged file.
func verify(dir string) (segments int, err error) {
	err = guard(func() error {
		files, err := segmentFiles(filepath.Join(dir, rootFile))
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := checksum(filepath.Join(dir, f)); err != nil {
				return err
			}
		}
		segments = len(files)
		return nil
	})
	return segments, err
}

// segmentFiles lists the files of the newest snapshot.
func segmentFiles(root string) (files []string, err error) {
	if _, err := os.Stat(root); err != nil {
		return nil, missing(err)
	}
	db, err := openBolt(root, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", rootFile, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bolt.Tx) error {
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
			// Besides the segments there are internal values and meta data.
			if k[0] != util.BoltInternalKey[0] && k[0] != util.BoltMetaDataKey[0] {
				files = append(files, string(snapshot.Bucket(k).Get(util.BoltPathKey)))
			}
			return nil
		})
	})
	return files, err
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
