package httpserver

import (
	"bytes"
	"encoding/json"
	"strings"
)

// node is a JSON value of the OpenAPI document. Its methods never fail: what is
// missing or of another kind is empty, because a reference with a gap is better
// than none.
type node struct{ raw json.RawMessage }

// member is one name and value of an object.
type member struct {
	name  string
	value node
}

// members returns an object's members in the order of the document.
func (n node) members() []member {
	dec := json.NewDecoder(bytes.NewReader(n.raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var out []member
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return out
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return out
		}
		out = append(out, member{name, node{raw}})
	}
	return out
}

// at follows names into objects.
func (n node) at(names ...string) node {
	for _, name := range names {
		var found node
		for _, m := range n.members() {
			if m.name == name {
				found = m.value
			}
		}
		n = found
	}
	return n
}

func (n node) empty() bool { return len(n.raw) == 0 }

// items returns the elements of an array.
func (n node) items() []node {
	var raws []json.RawMessage
	if n.empty() || json.Unmarshal(n.raw, &raws) != nil {
		return nil
	}
	out := make([]node, len(raws))
	for i, raw := range raws {
		out[i] = node{raw}
	}
	return out
}

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
