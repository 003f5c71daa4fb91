package httpserver

import (
	"slices"
	"strings"
)

// docsType describes a schema in one line: prefix, a link to a named schema, suffix.
type docsType struct {
	Text   string // such as "array of" or "string (email)"
	Link   string // name of the schema, if it has one
	Limits string // such as "1 to 100; one of a, b"
}

// maxNesting bounds how deep inline objects are unfolded into rows.
const maxNesting = 4

func (b docsBuilder) typeOf(schema node) docsType {
	if ref := schema.at("$ref"); !ref.empty() {
		_, name := schema.resolve(b.root)
		return docsType{Link: name}
	}
	for _, word := range []string{"oneOf", "anyOf", "allOf"} {
		if parts := schema.at(word).elements; len(parts) > 0 {
			return b.combined(word, parts)
		}
	}
	out := docsType{Text: kinds(schema), Limits: limits(schema)}
	if schema.at("type").text() == "array" {
		items := b.typeOf(schema.at("items"))
		out.Text = strings.TrimSpace("array of " + items.Text)
		out.Link = items.Link
		out.Limits = join(out.Limits, items.Limits)
	}
	return out
}

// combined describes a choice or a sum of schemas; a single named part, as "this or
// null", keeps its link.
func (b docsBuilder) combined(word string, parts []node) docsType {
	var (
		names []string
		links []string
	)
	for _, p := range parts {
		t := b.typeOf(p)
		if t.Link != "" {
			links = append(links, t.Link)
		}
		names = append(names, strings.TrimSpace(t.Text+" "+t.Link))
	}
	separator := " or "
	if word == "allOf" {
		separator = " and "
	}
	if len(links) == 1 {
		others := slices.DeleteFunc(names, func(s string) bool { return s == links[0] })
		out := docsType{Link: links[0]}
		if len(others) > 0 {
			out.Text = strings.Join(others, separator) + separator
		}
		return out
	}
	return docsType{Text: strings.Join(names, separator)}
}

// kinds names the JSON types and the format.
func kinds(schema node) string {
	var names []string
	for _, t := range schema.at("type").elements {
		names = append(names, t.text())
	}
	if len(names) == 0 {
		names = append(names, schema.at("type").text())
	}
	text := strings.Join(names, " or ")
	if format := schema.at("format").text(); format != "" {
		text += " (" + format + ")"
	}
	return text
}

// limits puts the constraints of a schema into words.
func limits(schema node) string {
	var out string
	for _, l := range []struct{ low, high, unit string }{
		{"minimum", "maximum", ""},
		{"minLength", "maxLength", " characters"},
		{"minItems", "maxItems", " items"},
		{"minProperties", "maxProperties", " members"},
	} {
		out = join(out, between(schema.at(l.low).text(), schema.at(l.high).text(), l.unit))
	}
	if low := schema.at("exclusiveMinimum").text(); low != "" {
		out = join(out, "more than "+low)
	}
	if high := schema.at("exclusiveMaximum").text(); high != "" {
		out = join(out, "less than "+high)
	}
	if pattern := schema.at("pattern").text(); pattern != "" {
		out = join(out, "matches "+pattern)
	}
	if c := schema.at("const"); !c.empty() {
		out = join(out, "always "+c.text())
	}
	var values []string
	for _, v := range schema.at("enum").elements {
		values = append(values, v.text())
	}
	if len(values) > 0 {
		out = join(out, "one of "+strings.Join(values, ", "))
	}
	if d := schema.at("default"); !d.empty() {
		out = join(out, "default "+d.text())
	}
	return out
}

func between(low, high, unit string) string {
	switch {
	case low == "" && high == "":
		return ""
	case high == "":
		return "at least " + low + unit
	case low == "":
		return "at most " + high + unit
	case low == high:
		return low + unit
	}
	return low + " to " + high + unit
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// rows are the fields of an object, those of objects inside of it with dotted names.
func (b docsBuilder) rows(schema node) []docsRow { return b.nested("", schema, 0) }

func (b docsBuilder) nested(prefix string, schema node, depth int) []docsRow {
	if depth >= maxNesting {
		return nil
	}
	var out []docsRow
	for _, part := range schema.at("allOf").elements {
		part, _ := part.resolve(b.root)
		out = append(out, b.nested(prefix, part, depth+1)...)
	}
	if schema.at("type").text() == "array" {
		if items := schema.at("items"); items.at("$ref").empty() {
			return b.nested(prefix+"[].", items, depth+1)
		}
	}
	required := map[string]bool{}
	for _, r := range schema.at("required").elements {
		required[r.text()] = true
	}
	for _, m := range schema.at("properties").members {
		out = append(out, docsRow{
			Name: prefix + m.name, Required: required[m.name],
			Description: m.value.at("description").text(), Type: b.typeOf(m.value),
		})
		if inner := m.value; inner.at("$ref").empty() {
			separator := "."
			if inner.at("type").text() == "array" {
				separator = ""
			}
			out = append(out, b.nested(prefix+m.name+separator, inner, depth+1)...)
		}
	}
	return out
}
