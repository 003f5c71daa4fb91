package httpserver

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// docsPage is what the template renders.
type docsPage struct {
	Style                       template.CSS
	Title, Version, Description string
	Groups                      []docsGroup
	Schemas                     []docsSchema
}

type docsGroup struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	Anchor, Method, Path, Summary, Description string
	Auth, Deprecated                           bool
	Parameters                                 []docsRow
	BodyRequired                               bool
	Body                                       []docsContent
	Answers                                    []docsAnswer
}

// docsAnswer is an answer, or several that differ by nothing but their status.
type docsAnswer struct {
	Statuses    []docsStatus
	Description string
	Failed      bool
	Headers     []docsRow
	Content     []docsContent
}

type docsStatus struct{ Code, Text string }

type docsContent struct {
	MediaType string
	Type      docsType
	Rows      []docsRow
	Examples  []docsExample
}

type docsExample struct{ Name, Text string }

// docsRow is a parameter, a header or a field.
type docsRow struct {
	Name, In, Description string
	Required              bool
	Type                  docsType
}

type docsSchema struct {
	Name, Description string
	Type              docsType
	Rows              []docsRow
	Examples          []docsExample
}

// docsBuilder builds the page from the document.
type docsBuilder struct{ root node }

func newDocsPage(spec []byte) (*docsPage, error) {
	if !json.Valid(spec) {
		return nil, errors.New("not JSON")
	}
	b := docsBuilder{parse(spec)}
	info := b.root.at("info")
	page := &docsPage{
		Title: info.at("title").text(), Version: info.at("version").text(), Description: info.at("description").text(),
		Groups: b.groups(),
	}
	for _, m := range b.root.at("components", "schemas").members {
		page.Schemas = append(page.Schemas, docsSchema{
			Name: m.name, Description: m.value.at("description").text(), Type: b.typeOf(m.value),
			Rows: b.rows(m.value), Examples: examplesOf(m.value),
		})
	}
	return page, nil
}

// groups are the operations by their first tag, in the order of the document.
func (b docsBuilder) groups() []docsGroup {
	var groups []docsGroup
	index := map[string]int{}
	add := func(name string) int {
		i, ok := index[name]
		if !ok {
			i = len(groups)
			index[name] = i
			groups = append(groups, docsGroup{Name: name})
		}
		return i
	}
	for _, tag := range b.root.at("tags").elements {
		groups[add(tag.at("name").text())].Description = tag.at("description").text()
	}
	for _, path := range b.root.at("paths").members {
		item, _ := path.value.resolve(b.root)
		for _, m := range item.members {
			if !isMethod(m.name) {
				continue
			}
			name := "Operations"
			if tags := m.value.at("tags").elements; len(tags) > 0 {
				name = tags[0].text()
			}
			i := add(name)
			groups[i].Operations = append(groups[i].Operations, b.operation(m.name, path.name, item, m.value))
		}
	}
	return groups
}

func isMethod(name string) bool {
	switch strings.ToUpper(name) {
	case http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions, http.MethodHead, http.MethodPatch, http.MethodTrace:
		return true
	}
	return false
}

func (b docsBuilder) operation(method, path string, item, op node) docsOperation {
	security := op.at("security")
	if security.empty() {
		security = b.root.at("security")
	}
	out := docsOperation{
		Anchor: anchor(op.at("operationId").text()), Method: strings.ToUpper(method), Path: path,
		Summary: op.at("summary").text(), Description: op.at("description").text(),
		Auth: required(security), Deprecated: op.at("deprecated").isTrue(),
	}
	if out.Anchor == "" {
		out.Anchor = anchor(strings.ToLower(method) + path)
	}
	for _, p := range append(item.at("parameters").elements, op.at("parameters").elements...) {
		p, _ := p.resolve(b.root)
		out.Parameters = append(out.Parameters, b.parameter(p.at("name").text(), p))
	}
	body, _ := op.at("requestBody").resolve(b.root)
	out.BodyRequired = body.at("required").isTrue()
	out.Body = b.content(body.at("content"))
	out.Answers = b.answers(op.at("responses"))
	return out
}

// anchor is a name that needs no escaping in a link.
func anchor(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
}

// required reports whether the operation cannot be called without credentials: an
// empty requirement among the alternatives makes them optional.
func required(security node) bool {
	alternatives := security.elements
	for _, s := range alternatives {
		if len(s.members) == 0 {
			return false
		}
	}
	return len(alternatives) > 0
}

func (b docsBuilder) parameter(name string, p node) docsRow {
	return docsRow{
		Name: name, In: p.at("in").text(), Description: p.at("description").text(),
		Required: p.at("required").isTrue(), Type: b.typeOf(p.at("schema")),
	}
}

// answers are sorted by their status; the failures that say the same become one.
func (b docsBuilder) answers(responses node) []docsAnswer {
	members := slices.SortedStableFunc(slices.Values(responses.members), func(x, y member) int {
		return strings.Compare(x.name, y.name)
	})
	var out []docsAnswer
	for _, m := range members {
		a := b.answer(m.name, m.value)
		same := slices.IndexFunc(out, func(o docsAnswer) bool {
			return a.Failed && o.Failed && o.Description == a.Description && reflect.DeepEqual(o.Headers, a.Headers) && reflect.DeepEqual(o.Content, a.Content)
		})
		if same >= 0 {
			out[same].Statuses = append(out[same].Statuses, a.Statuses...)
		} else {
			out = append(out, a)
		}
	}
	return out
}

func (b docsBuilder) answer(status string, n node) docsAnswer {
	n, _ = n.resolve(b.root)
	code, _ := strconv.Atoi(status)
	out := docsAnswer{
		Statuses:    []docsStatus{{Code: status, Text: http.StatusText(code)}},
		Description: n.at("description").text(), Failed: status >= "4" && status != "default",
		Content: b.content(n.at("content")),
	}
	for _, m := range n.at("headers").members {
		h, _ := m.value.resolve(b.root)
		out.Headers = append(out.Headers, b.parameter(m.name, h))
	}
	return out
}

func (b docsBuilder) content(n node) []docsContent {
	var out []docsContent
	for _, m := range n.members {
		schema := m.value.at("schema")
		c := docsContent{MediaType: m.name, Type: b.typeOf(schema), Examples: examplesOf(m.value)}
		if c.Type.Link == "" {
			c.Rows = b.rows(schema)
		}
		if len(c.Examples) == 0 {
			resolved, _ := schema.resolve(b.root)
			c.Examples = examplesOf(resolved)
		}
		out = append(out, c)
	}
	return out
}

// examplesOf reads example, an array of examples (schemas) or a map of them (contents).
func examplesOf(n node) []docsExample {
	var out []docsExample
	if e := n.at("example"); !e.empty() {
		out = append(out, docsExample{Text: e.pretty()})
	}
	for _, e := range n.at("examples").elements {
		out = append(out, docsExample{Text: e.pretty()})
	}
	for _, m := range n.at("examples").members {
		name := m.value.at("summary").text()
		if name == "" {
			name = m.name
		}
		out = append(out, docsExample{Name: name, Text: m.value.at("value").pretty()})
	}
	return out
}
