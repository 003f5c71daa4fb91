// Package openapi joins the services' OpenAPI documents into the one of the
// gateway. It knows the standard library alone and keeps no state.
package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Version is the version of OpenAPI that Merge writes. It reads any 3.1.x.
const Version = "3.1.0"

// object is a JSON object whose members keep their text.
type object = map[string]json.RawMessage

// document is what Merge reads of each document and writes. A member that is
// not listed here, such as an extension at the top, is refused rather than lost.
type document struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description,omitempty"`
	} `json:"info"`
	Servers    []server          `json:"servers,omitempty"`
	Tags       []json.RawMessage `json:"tags,omitempty"`
	Paths      object            `json:"paths"`
	Components map[string]object `json:"components,omitempty"`
	// Security is the default of the operations; it moves into each of them, since
	// other documents may have another.
	Security json.RawMessage `json:"security,omitempty"`
}

type server struct {
	URL         string `json:"url"`
	Description string `json:"description,omitempty"`
}

// Merge unites the paths, tags and components of OpenAPI 3.1 documents under the
// gateway's own info and server. What has the same name in two documents must be
// the same: else the error says what differs. The result is the same bytes
// for the same documents, whose order matters only for the tags.
func Merge(docs ...[]byte) ([]byte, error) {
	if len(docs) == 0 {
		return nil, errors.New("openapi: no document to merge")
	}
	out := document{OpenAPI: Version, Paths: object{}, Components: map[string]object{}}
	out.Info.Title = "Gamestore"
	out.Info.Version = "1.0.0"
	out.Info.Description = "Sign up, find a game, buy it, have it. Every error is a problem document (RFC 9457) with a stable code."
	out.Servers = []server{{URL: "/", Description: "This gateway."}}
	for i, text := range docs {
		in, err := parse(text)
		if err == nil {
			err = out.add(in)
		}
		if err != nil {
			return nil, fmt.Errorf("openapi: document %d (%s): %w", i+1, in.Info.Title, err)
		}
	}
	return json.Marshal(out)
}

func parse(text []byte) (document, error) {
	var in document
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	// The info may carry more (contact, licence): it is replaced anyway.
	var top struct {
		document
		Info json.RawMessage `json:"info"`
	}
	if err := dec.Decode(&top); err != nil {
		return in, fmt.Errorf("parse: %w", err)
	}
	in = top.document
	if err := json.Unmarshal(top.Info, &in.Info); err != nil {
		return in, fmt.Errorf("parse info: %w", err)
	}
	if !strings.HasPrefix(in.OpenAPI, "3.1.") {
		return in, fmt.Errorf("the version is %q, want 3.1.x", in.OpenAPI)
	}
	return in, in.spreadSecurity()
}

// spreadSecurity gives the document's default to each operation without its own.
func (d *document) spreadSecurity() error {
	if d.Security == nil {
		return nil
	}
	return d.editOperations(func(_, _ string, op object) error {
		if op["security"] == nil {
			op["security"] = d.Security
		}
		return nil
	})
}

func (d *document) add(in document) error {
	if err := unite("path", d.Paths, in.Paths); err != nil {
		return err
	}
	for kind, members := range in.Components {
		if d.Components[kind] == nil {
			d.Components[kind] = object{}
		}
		if err := unite(kind, d.Components[kind], members); err != nil {
			return err
		}
	}
	for _, tag := range in.Tags {
		if err := d.addTag(tag); err != nil {
			return err
		}
	}
	return nil
}

// addTag appends a tag unless it is there already.
func (d *document) addTag(tag json.RawMessage) error {
	name, err := tagName(tag)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(d.Tags, func(t json.RawMessage) bool {
		known, err := tagName(t)
		return err == nil && known == name
	})
	if i < 0 {
		d.Tags = append(d.Tags, tag)
		return nil
	}
	return same("tag", name, d.Tags[i], tag)
}

func tagName(tag json.RawMessage) (string, error) {
	var t struct{ Name string }
	if err := json.Unmarshal(tag, &t); err != nil || t.Name == "" {
		return "", fmt.Errorf("a tag without a name: %s", tag)
	}
	return t.Name, nil
}

// unite copies the members of from into into.
func unite(kind string, into, from object) error {
	for name, content := range from {
		if known, ok := into[name]; ok {
			if err := same(kind, name, known, content); err != nil {
				return err
			}
			continue
		}
		into[name] = content
	}
	return nil
}

// same compares two JSON texts by their values.
func same(kind, name string, a, b json.RawMessage) error {
	x, err := value(a)
	if err != nil {
		return fmt.Errorf("%s %q: %w", kind, name, err)
	}
	y, err := value(b)
	if err != nil {
		return fmt.Errorf("%s %q: %w", kind, name, err)
	}
	if !reflect.DeepEqual(x, y) {
		return fmt.Errorf("%s %q is not the same as in a document before", kind, name)
	}
	return nil
}

func value(text json.RawMessage) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // 64-bit limits stay exact
	var v any
	return v, dec.Decode(&v)
}
