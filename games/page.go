package games

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"gamestore.example/pkg/errs"
)

// ListPurchases implements Service.
func (s *Shop) ListPurchases(ctx context.Context, q MyPage) (PurchasePage, error) {
	page, err := q.page("p")
	if err != nil {
		return PurchasePage{}, err
	}
	ps, err := s.repo.Purchases(ctx, page.plusOne())
	if err != nil || len(ps) <= page.Limit {
		return PurchasePage{Purchases: ps}, err
	}
	ps = ps[:page.Limit]
	return PurchasePage{Purchases: ps, NextCursor: encodeCursor("p", ps[len(ps)-1])}, nil
}

// Library implements Service.
func (s *Shop) Library(ctx context.Context, q MyPage) (LibraryPage, error) {
	page, err := q.page("l")
	if err != nil {
		return LibraryPage{}, err
	}
	items, err := s.repo.Library(ctx, page.plusOne())
	if err != nil || len(items) <= page.Limit {
		return LibraryPage{Items: items}, err
	}
	items = items[:page.Limit]
	return LibraryPage{Items: items, NextCursor: encodeCursor("l", items[len(items)-1].Purchase)}, nil
}

// page checks q for the list of a kind.
func (q MyPage) page(kind string) (UserPage, error) {
	limit, bad := limited(q.Limit, DefaultLimit, MaxLimit, nil)
	if err := errs.InvalidFields(bad...); err != nil {
		return UserPage{}, err
	}
	after, err := decodeCursor(kind, q.Cursor)
	return UserPage{UserID: q.UserID, Limit: limit, After: after}, err
}

// plusOne asks for one more than the page holds, to see whether it is the last.
func (q UserPage) plusOne() UserPage {
	q.Limit++
	return q
}

// encodeCursor returns the opaque position after p: kind.micros.id in base64.
func encodeCursor(kind string, p Purchase) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + "." + strconv.FormatInt(p.CreatedAt.UnixMicro(), 36) + "." + p.ID))
}

func decodeCursor(kind, cursor string) (Position, error) {
	if cursor == "" {
		return Position{}, nil
	}
	if len(cursor) > MaxCursorLength {
		return Position{}, ErrInvalidCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return Position{}, ErrInvalidCursor.WithCause(err)
	}
	part := strings.SplitN(string(b), ".", 3)
	if len(part) != 3 || part[0] != kind || !ValidID(part[2]) {
		return Position{}, ErrInvalidCursor
	}
	micros, err := strconv.ParseInt(part[1], 36, 64)
	if err != nil {
		return Position{}, ErrInvalidCursor.WithCause(err)
	}
	return Position{At: time.UnixMicro(micros).UTC(), ID: part[2]}, nil
}
