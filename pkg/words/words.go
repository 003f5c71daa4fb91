// Package words splits text into the words that a search compares: lower-case, without
// accents, and without punctuation. It knows no language: there are no stems
// and no stop words.
package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxLength is how many letters of a word count; Split cuts the rest off, so that
// no input makes a huge word.
const MaxLength = 64

// Split returns the words of a text in order, folded. A word is a run of letters,
// digits and marks; apostrophes inside it vanish ("King's" is "kings").
func Split(text string) []string {
	return strings.FieldsFunc(cut(Fold(text)), func(r rune) bool { return !inWord(r) })
}

// Distinct returns the first limit different words of a text, in order.
func Distinct(text string, limit int) []string {
	var distinct []string
	for _, w := range Split(text) {
		if len(distinct) == limit {
			break
		}
		if !slices.Contains(distinct, w) {
			distinct = append(distinct, w)
		}
	}
	return distinct
}

// Fold returns the text in lower case, without accents and apostrophes: "Ålesund’s"
// becomes "alesunds". Texts that look alike but are composed differently become equal.
func Fold(text string) string {
	if isASCII(text) {
		return strings.ReplaceAll(strings.ToLower(text), "'", "")
	}
	var b strings.Builder
	b.Grow(len(text))
	// ToLower comes first also because it replaces invalid bytes, behind which the
	// decomposition would miss a letter.
	for _, r := range norm.NFKD.String(strings.ToLower(text)) {
		writeFolded(&b, r)
	}
	return b.String()
}

// Typos returns how many typos a word of a query may have: none below four letters,
// one below eight, else two. A typo is a letter too many, missing, wrong, or swapped
// with its neighbour.
func Typos(word string) int {
	switch n := utf8.RuneCountInString(word); {
	case n < 4:
		return 0
	case n < 8:
		return 1
	}
	return 2
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// writeFolded writes a decomposed rune. The letters spelled out here have no
// decomposition in Unicode, although people type them without the stroke.
func writeFolded(b *strings.Builder, r rune) {
	switch r = unicode.ToLower(r); {
	case r == '\'' || r == '’' || r == 'ʼ':
	case r >= 0x300 && r <= 0x36f: // the combining accents
	case r == 'ß':
		b.WriteString("ss")
	case r == 'æ':
		b.WriteString("ae")
	case r == 'œ':
		b.WriteString("oe")
	case r == 'þ':
		b.WriteString("th")
	case r == 'ø':
		b.WriteByte('o')
	case r == 'đ' || r == 'ð':
		b.WriteByte('d')
	case r == 'ł':
		b.WriteByte('l')
	case r == 'ı':
		b.WriteByte('i')
	case r == 'ς':
		b.WriteRune('σ')
	default:
		b.WriteRune(r)
	}
}

// cut shortens each word of a folded text to MaxLength letters.
func cut(folded string) string {
	if len(folded) <= MaxLength {
		return folded
	}
	n := 0
	return strings.Map(func(r rune) rune {
		if !inWord(r) {
			n = 0
			return r
		}
		if n++; n > MaxLength {
			return -1
		}
		return r
	}, folded)
}
