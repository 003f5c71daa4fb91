package bleve

import (
	"fmt"

	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// table holds what ranks, filters and counts the documents of one segment, column by
// column: element n of a slice belongs to document n. Segments never change, so
// neither do tables.
type table struct {
	revision, price, purchases, released, nameWords []int64

	deleted []bool
	// category points into categories.
	category   []int
	categories []string
	// ids are in one string, id n up to idEnd[n], which spares the collector 100,000 pointers.
	ids   string
	idEnd []int
}

// id returns the id of a document.
func (t *table) id(doc int) string {
	start := 0
	if doc > 0 {
		start = t.idEnd[doc-1]
	}
	return t.ids[start:t.idEnd[doc]]
}

func (t *table) len() int { return len(t.idEnd) }

// tableBuilder collects a table row by row.
type tableBuilder struct {
	*table
	ids   []byte
	known map[string]int
}

// newTable reads the rows of a whole segment.
func newTable(s segment.Segment) (*table, error) {
	n := s.Count()
	column := func() []int64 { return make([]int64, 0, n) }
	b := tableBuilder{known: map[string]int{}, table: &table{
		revision: column(), price: column(), purchases: column(), released: column(), nameWords: column(),
		deleted: make([]bool, 0, n), category: make([]int, 0, n), idEnd: make([]int, 0, n),
	}}
	for doc := range n {
		if err := b.add(s, doc); err != nil {
			return nil, fmt.Errorf("document %d: %w", doc, err)
		}
	}
	b.table.ids = string(b.ids)
	return b.table, nil
}

func (b *tableBuilder) add(s segment.Segment, doc uint64) error {
	var r row
	var category []byte
	rowErr := errNoRow
	err := s.VisitStoredFields(doc, func(field string, _ byte, value []byte, _ []uint64) bool {
		switch field {
		case "_id":
			b.ids = append(b.ids, value...)
		case fieldRow:
			r, category, rowErr = decodeRow(value)
			b.append(r, category)
			return false
		}
		return true
	})
	if err != nil {
		return err
	}
	return rowErr
}

func (b *tableBuilder) append(r row, category []byte) {
	c, ok := b.known[string(category)]
	if !ok {
		c = len(b.categories)
		b.categories = append(b.categories, string(category))
		b.known[string(category)] = c
	}
	b.revision = append(b.revision, r.revision)
	b.price = append(b.price, r.price)
	b.purchases = append(b.purchases, r.purchases)
	b.released = append(b.released, r.released)
	b.nameWords = append(b.nameWords, r.nameWords)
	b.deleted = append(b.deleted, r.deleted)
	b.category = append(b.category, c)
	b.idEnd = append(b.idEnd, len(b.ids))
}
