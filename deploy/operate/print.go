package operate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"
)

// format is how a command prints: the value of -o.
type format string

const (
	asTable format = "table"
	asJSON  format = "json"
)

// String implements flag.Value.
func (f *format) String() string { return string(*f) }

// Set implements flag.Value.
func (f *format) Set(s string) error {
	switch v := format(s); v {
	case asTable, asJSON:
		*f = v
		return nil
	}
	return errors.New("want table or json")
}

type printer struct {
	out    io.Writer
	format format
}

// json prints v if JSON is wanted, and reports whether it was.
func (p printer) json(v any) (bool, error) {
	if p.format != asJSON {
		return false, nil
	}
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return true, e.Encode(v)
}

// table prints rows in columns. The first row is the header.
func (p printer) table(rows ...[]string) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = plain(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return w.Flush()
}

func (p printer) say(format string, args ...any) error {
	_, err := fmt.Fprintf(p.out, format+"\n", args...)
	return err
}

// plain makes text from a message safe to print: it may be anybody's bytes, and a
// terminal obeys some of them.
func plain(s string) string {
	if s == "" {
		return "-"
	}
	return escape(s, false)
}

// escape replaces what cannot be printed; lines and tabs stay if they may.
func escape(s string, lines bool) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case lines && (r == '\n' || r == '\t'), unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// id prints a message's id so that it can be given back to a command.
func id(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// age prints how long ago or how long from now something is.
func age(d time.Duration) string {
	switch {
	case d >= time.Minute || d <= -time.Minute:
		return d.Round(time.Second).String()
	default:
		return d.Round(time.Millisecond).String()
	}
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}
