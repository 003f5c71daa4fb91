package words_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/words"
)

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"", []string{}},
		{"  \t\n", []string{}},
		{"Hollow Kingdom", []string{"hollow", "kingdom"}},
		{"sci-fi: the 2nd (part)", []string{"sci", "fi", "the", "2nd", "part"}},
		{"King's Row, kings’ row", []string{"kings", "row", "kings", "row"}},
		{"Pokémon AÇÃO", []string{"pokemon", "acao"}},
		{"Poke\u0301mon", []string{"pokemon"}},
		{"Straße Ærø Łódź Œuvre İstanbul ılık þing", []string{"strasse", "aero", "lodz", "oeuvre", "istanbul", "ilik", "thing"}},
		{"Đường đến", []string{"duong", "den"}},
		{"ＷＩＤＥ ﬁn", []string{"wide", "fin"}},
		{"Ὀδυσσεύς", []string{"οδυσσευσ"}},
		{"🎮 +-\"*\\: \x00", []string{}},
		{"bad\xffbytes\xc3", []string{"bad", "bytes"}},
		{"hindi हिन्दी", []string{"hindi", "हिन्दी"}},
	} {
		if diff := cmp.Diff(tc.want, words.Split(tc.text)); diff != "" {
			t.Errorf("Split(%q): -want +got\n%s", tc.text, diff)
		}
	}
}

func TestSplitCutsLongWords(t *testing.T) {
	got := words.Split(strings.Repeat("é", 5000) + " end " + strings.Repeat("a", 100))
	want := []string{strings.Repeat("e", words.MaxLength), "end", strings.Repeat("a", words.MaxLength)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestDistinct(t *testing.T) {
	if diff := cmp.Diff([]string{"a", "b", "c"}, words.Distinct("a b A b c d e", 3)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestTypos(t *testing.T) {
	for word, want := range map[string]int{"": 0, "rpg": 0, "açã": 0, "race": 1, "hollows": 1, "strategy": 2} {
		if got := words.Typos(word); got != want {
			t.Errorf("Typos(%q) = %d, want %d", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b        string
		limit, want int
	}{
		{"", "", 2, 0},
		{"same", "same", 2, 0},
		{"hollow", "holow", 2, 1},
		{"holow", "hollow", 2, 1},
		{"hollow", "hallow", 2, 1},
		{"hollow", "hlolow", 2, 1},
		{"strategy", "startegi", 2, 2},
		{"ação", "acao", 2, 2},
		{"", "abc", 2, 3},
		{"abc", "", 5, 3},
		{"abcdefgh", "hgfedcba", 2, 3},
		{"puzzle", "castle", 1, 2},
	} {
		if got := words.Distance(tc.a, tc.b, tc.limit); got != tc.want {
			t.Errorf("Distance(%q, %q, %d) = %d, want %d", tc.a, tc.b, tc.limit, got, tc.want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"Hollow Kingdom", "é\xff\x00’", "İ" + strings.Repeat("ﷺ", 90)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range words.Split(text) {
			if n := utf8.RuneCountInString(w); n == 0 || n > words.MaxLength {
				t.Errorf("a word of %d letters", n)
			}
			if again := words.Split(w); len(again) != 1 || again[0] != w {
				t.Errorf("Split(%q) = %q: a word is not stable", w, again)
			}
		}
	})
}
