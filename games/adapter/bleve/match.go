package bleve

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"
	"github.com/blevesearch/vellum/levenshtein"

	"gamestore.example/pkg/words"
)

// maxWords is how many different words of a text count; the others are ignored.
const maxWords = 16

// kind is how a word of the index can match a word of a text.
type kind uint8

const (
	exact kind = iota
	prefix
	typo
)

// tier is one way to match, and what it is worth. Points do not depend on the other
// games, as the usual formulas do: so the order of pages already read
// stays the same while games come and go.
type tier struct {
	field  string
	kind   kind
	points uint16
}

// pointsOfName is what a word in the name is worth, the most there is.
const pointsOfName = 60

// tiers returns the ways to match, the best first.
func tiers() []tier {
	var ts []tier
	for field, points := range map[string]uint16{fieldName: pointsOfName, fieldCategory: pointsOfName / 2, fieldDescription: pointsOfName / 4} {
		ts = append(ts, tier{field, exact, points}, tier{field, prefix, points * 2 / 3}, tier{field, typo, points / 3})
	}
	slices.SortFunc(ts, func(a, b tier) int { return int(b.points) - int(a.points) })
	return ts
}

// word is a word of a text, made ready for the dictionaries.
type word struct {
	term []byte
	// end is the first term behind all that have the prefix.
	end   []byte
	short bool
	// typos accepts the words within the allowed typos; nil if none are.
	typos *levenshtein.DFA
}

// matcher finds the documents that match every word of a text.
type matcher struct {
	words []word
	tiers []tier
}

// newMatcher prepares the words of a text. Without any, nothing matches.
func newMatcher(text string, automata [2]*levenshtein.LevenshteinAutomatonBuilder) matcher {
	m := matcher{tiers: tiers()}
	for _, s := range words.Distinct(text, maxWords) {
		w := word{term: []byte(s), end: afterPrefix(s), short: utf8.RuneCountInString(s) <= maxShortPrefix}
		if n := words.Typos(s); n > 0 {
			// It fails only if the word is too long for it; then no typos are allowed.
			if dfa, err := automata[n-1].BuildDfa(s, automata[n-1].MaxDistance()); err == nil {
				w.typos = dfa
			}
		}
		m.words = append(m.words, w)
	}
	return m
}

// afterPrefix returns the smallest term above all terms that begin with s. A word is
// valid UTF-8, where no byte is 0xff.
func afterPrefix(s string) []byte {
	end := []byte(s)
	end[len(end)-1]++
	return end
}

// scratch is the memory of a search, used again by others.
type scratch struct {
	// seen counts, for each document, how many words matched so far.
	seen []uint8
	// points adds up what they are worth.
	points []uint16
	buffer [256]uint32
	list   segment.PostingsList
	it     segment.PostingsIterator
}

// reset makes room for n documents, none of which matched.
func (s *scratch) reset(n int) {
	s.seen = slices.Grow(s.seen[:0], n)[:n]
	s.points = slices.Grow(s.points[:0], n)[:n]
	clear(s.seen)
	clear(s.points)
}

// pool lends scratches.
type pool struct{ free sync.Pool }

func (p *pool) get() *scratch {
	if s, ok := p.free.Get().(*scratch); ok {
		return s
	}
	return new(scratch)
}

// put takes a scratch back, without what points into the index's files: those may be
// unmapped later.
func (p *pool) put(s *scratch) {
	s.list, s.it = nil, nil
	p.free.Put(s)
}

// match fills the scratch for one part: documents that match have seen == len(m.words).
func (m matcher) match(ctx context.Context, p part, s *scratch) error {
	s.reset(p.len())
	for i, w := range m.words {
		found := 0
		for _, t := range m.tiers {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := s.tier(p.segment, w, t, i)
			if err != nil {
				return err
			}
			found += n
		}
		if found == 0 {
			return nil
		}
	}
	return nil
}

// tier marks the documents that match a word in this way and in none better. It
// returns how many.
func (s *scratch) tier(seg segment.Segment, w word, t tier, nth int) (int, error) {
	field := t.field
	if t.kind == prefix && w.short {
		field = beginnings(field)
	}
	dict, err := seg.Dictionary(field)
	if err != nil {
		return 0, fmt.Errorf("dictionary of %s: %w", field, err)
	}
	var it segment.DictionaryIterator
	switch {
	case t.kind == exact, t.kind == prefix && w.short:
		return s.term(dict, w.term, t.points, nth)
	case t.kind == prefix:
		it = iterate(dict, nil, w.term, w.end)
	case t.kind == typo:
		if w.typos == nil {
			return 0, nil
		}
		it = iterate(dict, w.typos, nil, nil)
	}
	found := 0
	for {
		e, err := it.Next()
		if err != nil {
			return 0, fmt.Errorf("terms of %s: %w", t.field, err)
		}
		if e == nil {
			return found, nil
		}
		n, err := s.term(dict, []byte(e.Term), t.points, nth)
		if err != nil {
			return 0, err
		}
		found += n
	}
}

// iterate goes through terms without reading how many documents each has, if the
// dictionary can do that.
func iterate(d segment.TermDictionary, a segment.Automaton, start, end []byte) segment.DictionaryIterator {
	type omitter interface {
		AutomatonIteratorOmitCount(a segment.Automaton, start, end []byte) segment.DictionaryIterator
	}
	if o, ok := d.(omitter); ok {
		return o.AutomatonIteratorOmitCount(a, start, end)
	}
	return d.AutomatonIterator(a, start, end)
}

// term marks the documents that have a term, if they matched all nth words before
// and not yet this one.
func (s *scratch) term(dict segment.TermDictionary, term []byte, points uint16, nth int) (int, error) {
	list, err := dict.PostingsList(term, nil, s.list)
	if err != nil {
		return 0, fmt.Errorf("documents of a term: %w", err)
	}
	s.list = list
	s.it = list.Iterator(false, false, false, s.it)
	o, ok := s.it.(segment.OptimizablePostingsIterator)
	if !ok {
		return 0, fmt.Errorf("a postings iterator of type %T has no bitmap", s.it)
	}
	if doc, ok := o.DocNum1Hit(); ok {
		return s.mark(int(doc), points, nth), nil //nolint:gosec // below the number of documents
	}
	bitmap := o.ActualBitmap()
	if bitmap == nil {
		return 0, nil
	}
	return s.markAll(bitmap, points, nth), nil
}

func (s *scratch) markAll(docs *roaring.Bitmap, points uint16, nth int) int {
	found := 0
	it := docs.ManyIterator()
	for n := it.NextMany(s.buffer[:]); n > 0; n = it.NextMany(s.buffer[:]) {
		for _, doc := range s.buffer[:n] {
			found += s.mark(int(doc), points, nth)
		}
	}
	return found
}

func (s *scratch) mark(doc int, points uint16, nth int) int {
	if int(s.seen[doc]) != nth {
		return 0
	}
	s.seen[doc]++
	s.points[doc] += points
	return 1
}
