package bleve

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"gamestore.example/games"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/words"
)

// The fields of a document. Text fields are only searched, the others only stored:
// fieldRow is loaded into a table, fieldGame is what a search returns.
const (
	fieldName        = "name"
	fieldCategory    = "category"
	fieldDescription = "description"
	fieldRow         = "row"
	fieldGame        = "game"
)

// record is a game as the index stores it. Its names must not change without a
// new format number.
type record struct {
	ID          string    `json:"id"`
	Name        string    `json:"name,omitempty"`
	Description string    `json:"description,omitempty"`
	Category    string    `json:"category,omitempty"`
	Amount      int64     `json:"amount,omitempty"`
	Currency    string    `json:"currency,omitempty"`
	ReleasedAt  time.Time `json:"releasedAt,omitzero"`
	Purchases   int64     `json:"purchases,omitempty"`
	Version     int64     `json:"version,omitempty"`
	Revision    int64     `json:"revision,omitempty"`
	CreatedAt   time.Time `json:"createdAt,omitzero"`
	UpdatedAt   time.Time `json:"updatedAt,omitzero"`
}

func recordOf(g games.Game) record {
	return record{
		ID: g.ID, Name: g.Name, Description: g.Description, Category: g.Category,
		Amount: g.Price.Amount, Currency: g.Price.Currency, ReleasedAt: g.ReleasedAt.UTC(),
		Purchases: g.Purchases, Version: g.Version, Revision: g.Revision,
		CreatedAt: g.CreatedAt.UTC(), UpdatedAt: g.UpdatedAt.UTC(),
	}
}

func (r record) game() games.Game {
	return games.Game{
		ID: r.ID, Name: r.Name, Description: r.Description, Category: r.Category,
		Price: money.Money{Amount: r.Amount, Currency: r.Currency}, ReleasedAt: r.ReleasedAt,
		Purchases: r.Purchases, Version: r.Version, Revision: r.Revision,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// row is what a search compares without reading the whole game.
type row struct {
	revision  int64
	price     int64
	purchases int64
	released  int64 // Unix microseconds
	nameWords int64 // how many words the name has
	deleted   bool
	category  string
}

// rowSize is the length of an encoded row without its category.
const rowSize = 5*8 + 1

func (r row) encode() ([]byte, error) {
	b := make([]byte, 0, rowSize+len(r.category))
	b, err := binary.Append(b, binary.LittleEndian, []int64{r.revision, r.price, r.purchases, r.released, r.nameWords})
	if err != nil {
		return nil, fmt.Errorf("encode a row: %w", err)
	}
	deleted := byte(0)
	if r.deleted {
		deleted = 1
	}
	return append(append(b, deleted), r.category...), nil
}

// decodeRow leaves the category to the caller, who has most of them already.
func decodeRow(b []byte) (r row, category []byte, err error) {
	if len(b) < rowSize {
		return row{}, nil, errors.New("a stored row is too short")
	}
	var n [5]int64
	if _, err := binary.Decode(b, binary.LittleEndian, n[:]); err != nil {
		return row{}, nil, fmt.Errorf("decode a row: %w", err)
	}
	r = row{revision: n[0], price: n[1], purchases: n[2], released: n[3], nameWords: n[4], deleted: b[rowSize-1] != 0}
	return r, b[rowSize:], nil
}

// newDocument returns the document of a game. A deleted game keeps nothing but its
// id and revision.
func newDocument(g games.Game) (*document.Document, error) {
	r := row{revision: g.Revision, deleted: true}
	if !g.Deleted {
		r = row{
			revision: g.Revision, price: g.Price.Amount, purchases: g.Purchases, released: g.ReleasedAt.UnixMicro(),
			nameWords: int64(len(words.Split(g.Name))), category: g.Category,
		}
	}
	b, err := r.encode()
	if err != nil {
		return nil, err
	}
	d := document.NewDocument(g.ID).AddField(stored(fieldRow, b))
	if g.Deleted {
		return d, nil
	}
	if b, err = json.Marshal(recordOf(g)); err != nil {
		return nil, fmt.Errorf("encode game %q: %w", g.ID, err)
	}
	d.AddField(stored(fieldGame, b))
	for field, value := range map[string]string{fieldName: g.Name, fieldCategory: g.Category, fieldDescription: g.Description} {
		ws := words.Split(value)
		d.AddField(text(field, value, ws))
		d.AddField(text(beginnings(field), value, shortPrefixes(ws)))
	}
	return d, nil
}

// beginnings is the field with the short prefixes of a text field's words. One letter
// is the beginning of thousands of words; here it is one term.
func beginnings(field string) string { return field + "^" }

// maxShortPrefix is how many letters a short prefix has at most.
const maxShortPrefix = 3

func shortPrefixes(ws []string) []string {
	var prefixes []string
	for _, w := range ws {
		letters := 0
		for i := range w {
			if letters > 0 {
				prefixes = append(prefixes, w[:i])
			}
			if letters++; letters > maxShortPrefix {
				break
			}
		}
		if letters <= maxShortPrefix {
			prefixes = append(prefixes, w)
		}
	}
	return prefixes
}

func text(name, value string, terms []string) document.Field {
	return document.NewTextFieldCustom(name, nil, []byte(value), index.IndexField|index.SkipFreqNorm, analyzer(terms))
}

func stored(name string, value []byte) document.Field {
	return document.NewTextFieldCustom(name, nil, value, index.StoreField, analyzer(nil))
}

// analyzer hands over terms that are ready.
type analyzer []string

func (terms analyzer) Analyze([]byte) analysis.TokenStream {
	tokens := make([]analysis.Token, len(terms))
	stream := make(analysis.TokenStream, len(terms))
	for i, t := range terms {
		tokens[i] = analysis.Token{Term: []byte(t), Position: i + 1}
		stream[i] = &tokens[i]
	}
	return stream
}
