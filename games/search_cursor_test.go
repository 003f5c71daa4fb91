package games_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gamestore.example/games"
)

type position struct {
	Key int64  `json:"k"`
	ID  string `json:"i"`
}

func TestCursorRoundTrip(t *testing.T) {
	for _, want := range []position{{}, {Key: math.MinInt64, ID: "a"}, {Key: math.MaxInt64, ID: strings.Repeat("x", 64)}} {
		q := games.SearchQuery{Text: "hollow \xff", Category: "rpg", Sort: games.SortNewest, Limit: 20}
		c, err := q.EncodeCursor(want)
		if err != nil {
			t.Fatal(err)
		}
		q.Cursor, q.Limit = c, 50
		var got position
		if err := q.DecodeCursor(&got); err != nil || got != want {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	}
}

func TestCursorOfAnotherQuery(t *testing.T) {
	q := games.SearchQuery{Text: "hollow", Category: "rpg", Sort: games.SortNewest}
	c, err := q.EncodeCursor(position{Key: 1, ID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []games.SearchQuery{
		{Text: "hollows", Category: "rpg", Sort: games.SortNewest},
		{Text: "hollow", Category: "", Sort: games.SortNewest},
		{Text: "hollow", Category: "rpg", Sort: games.SortPriceAsc},
		{Text: "hollowrpg", Category: "", Sort: games.SortNewest},
	} {
		other.Cursor = c
		if err := other.DecodeCursor(&position{}); !errors.Is(err, games.ErrInvalidCursor) {
			t.Errorf("%+v: %v, want ErrInvalidCursor", other, err)
		}
	}
}

func FuzzDecodeCursor(f *testing.F) {
	q := games.SearchQuery{Text: "hollow"}
	good, err := q.EncodeCursor(position{Key: 7, ID: "a"})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{good, good + "=", good[:len(good)-2], "", "e30", "bnVsbA", "W10", "\x00", strings.Repeat("A", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := games.SearchQuery{Text: "hollow", Cursor: s}
		var p position
		err := q.DecodeCursor(&p)
		if err != nil && !errors.Is(err, games.ErrInvalidCursor) {
			t.Errorf("%q: %v", s, err)
		}
		if s == good && (err != nil || p != position{Key: 7, ID: "a"}) {
			t.Errorf("the good cursor: %v, %v", p, err)
		}
	})
}
