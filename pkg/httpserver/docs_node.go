package httpserver

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// node is a JSON value of the OpenAPI document. Its methods never fail: what is
// missing or of another kind is empty, because a reference with a gap is better
// than none.
type node struct {
	raw      json.RawMessage
	members  []member // of an object, in the order of the document
	elements []node   // of an array
}

// member is one name and value of an object.
type member struct {
	name  string
	value node
}

// parse reads valid JSON.
func parse(raw json.RawMessage) node {
	n := node{raw: raw}
	dec := json.NewDecoder(bytes.NewReader(raw))
	first, _ := dec.Token()
	if first != json.Delim('{') && first != json.Delim('[') {
		return n
	}
	for dec.More() {
		var (
			name  string
			value json.RawMessage
		)
		if first == json.Delim('{') {
			t, _ := dec.Token()
			name, _ = t.(string)
		}
		if dec.Decode(&value) != nil {
			return n
		}
		if first == json.Delim('{') {
			n.members = append(n.members, member{name, parse(value)})
		} else {
			n.elements = append(n.elements, parse(value))
		}
	}
	return n
}

// at follows names into objects.
func (n node) at(names ...string) node {
	for _, name := range names {
		i := slices.IndexFunc(n.members, func(m member) bool { return m.name == name })
		if i < 0 {
			return node{}
		}
		n = n.members[i].value
	}
	return n
}

func (n node) empty() bool { return len(n.raw) == 0 }

// text returns a string's value; other scalars as they are written.
func (n node) text() string {
	var s string
	if json.Unmarshal(n.raw, &s) == nil {
		return s
	}
	return string(n.raw)
}

func (n node) isTrue() bool { return string(n.raw) == "true" }

// pretty returns the value indented, with its members in their order.
func (n node) pretty() string {
	var s string
	if json.Unmarshal(n.raw, &s) == nil && strings.Contains(s, "\n") {
		return s // such as an event stream
	}
	var out bytes.Buffer
	if json.Indent(&out, n.raw, "", "  ") != nil {
		return string(n.raw)
	}
	return out.String()
}

// maxRefs bounds a chain of references, which may be a circle.
const maxRefs = 8

// resolve follows $ref inside of the document and returns the last name on the way.
func (n node) resolve(root node) (target node, name string) {
	for range maxRefs {
		ref := n.at("$ref").text()
		path, ok := strings.CutPrefix(ref, "#/")
		if !ok {
			return n, name
		}
		parts := strings.Split(path, "/")
		for i, p := range parts {
			parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
		}
		n, name = root.at(parts...), parts[len(parts)-1]
	}
	return node{}, name
}
