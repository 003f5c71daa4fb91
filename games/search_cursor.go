package games

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// cursor is what is inside an opaque cursor.
type cursor struct {
	Query    []byte          `json:"q"`
	Position json.RawMessage `json:"p"`
}

// EncodeCursor returns an opaque cursor of this query for a position that the index
// understands, such as the last game's sort value and id. The position must
// be encodable as JSON and small.
func (q SearchQuery) EncodeCursor(position any) (string, error) {
	p, err := json.Marshal(position)
	if err != nil {
		return "", fmt.Errorf("encode the cursor's position: %w", err)
	}
	b, err := json.Marshal(cursor{Query: q.fingerprint(), Position: p})
	if err != nil {
		return "", fmt.Errorf("encode the cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// DecodeCursor reads q.Cursor, which must not be empty, into the position. It
// returns ErrInvalidCursor for anything that EncodeCursor did not make for a query of
// the same text, category and sort; the page's size may differ.
func (q SearchQuery) DecodeCursor(position any) error {
	if len(q.Cursor) > MaxCursorLength {
		return ErrInvalidCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(q.Cursor)
	if err != nil {
		return ErrInvalidCursor.WithCause(err)
	}
	var c cursor
	if err := decodeStrict(b, &c); err != nil {
		return ErrInvalidCursor.WithCause(err)
	}
	if !bytes.Equal(c.Query, q.fingerprint()) {
		return ErrInvalidCursor
	}
	if err := decodeStrict(c.Position, position); err != nil {
		return ErrInvalidCursor.WithCause(err)
	}
	return nil
}

// fingerprint tells queries with different results or orders apart. It guards
// against mistakes, not against forgery: a forged position is only another page.
func (q SearchQuery) fingerprint() []byte {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode([]string{q.Text, q.Category, string(q.Sort)}) // neither can fail
	return h.Sum(nil)[:8]
}

func decodeStrict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows")
	}
	return nil
}
