package bleve

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// view is a state of the index that never changes: everything a search needs, taken
// at one moment. Whoever uses it holds a reference, or else a merge could unmap the
// files under it.
type view struct {
	snapshot *scorch.IndexSnapshot
	parts    []part
	count    int64
	largest  int
}

// part is one segment of a view.
type part struct {
	*table
	number  uint64
	segment segment.Segment
	// live has a bit for each document that can be found.
	live []uint64
}

// newView takes over the caller's reference to the snapshot. It reuses the tables of the
// view before, if any, since most segments are the same.
func newView(snapshot *scorch.IndexSnapshot, before *view) (*view, error) {
	tables := map[uint64]*table{}
	if before != nil {
		for _, p := range before.parts {
			tables[p.number] = p.table
		}
	}
	v := &view{snapshot: snapshot}
	for _, s := range snapshot.Segments() {
		t := tables[s.Id()]
		if t == nil {
			var err error
			if t, err = newTable(s.Segment()); err != nil {
				return nil, errors.Join(fmt.Errorf("read segment %d: %w", s.Id(), err), snapshot.DecRef())
			}
		}
		p := part{table: t, number: s.Id(), segment: s.Segment(), live: liveBits(t, s)}
		for _, w := range p.live {
			v.count += int64(bits.OnesCount64(w))
		}
		v.largest = max(v.largest, t.len())
		v.parts = append(v.parts, p)
	}
	return v, nil
}

func liveBits(t *table, s *scorch.SegmentSnapshot) []uint64 {
	live := make([]uint64, (t.len()+63)/64)
	for doc, deleted := range t.deleted {
		if !deleted {
			live[doc/64] |= 1 << (doc % 64)
		}
	}
	if replaced := s.Deleted(); replaced != nil {
		for it := replaced.Iterator(); it.HasNext(); {
			doc := it.Next()
			live[doc/64] &^= 1 << (doc % 64)
		}
	}
	return live
}

// revisions returns the revisions of those ids that the view knows, deleted games
// included.
func (v *view) revisions(ids []string) (map[string]int64, error) {
	revisions := make(map[string]int64, len(ids))
	for i, s := range v.snapshot.Segments() {
		docs, err := s.DocNumbers(ids)
		if err != nil {
			return nil, fmt.Errorf("look up ids: %w", err)
		}
		for it := docs.Iterator(); it.HasNext(); {
			doc := int(it.Next())
			revisions[v.parts[i].table.id(doc)] = v.parts[i].revision[doc]
		}
	}
	return revisions, nil
}
