package openapi

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// AddProblems documents answers that come from before the services: for each
// operation it asks which statuses there are, by method and path, and adds those
// that the operation does not document as a reference to the response "Problem".
func AddProblems(doc []byte, statuses func(method, path string) []int) ([]byte, error) {
	d, err := parse(doc)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	if d.Components["responses"]["Problem"] == nil {
		return nil, fmt.Errorf("openapi: the document has no response %q", "Problem")
	}
	problem := json.RawMessage(`{"$ref":"#/components/responses/Problem"}`)
	err = d.editOperations(func(method, path string, op object) error {
		return edit(op, "responses", func(responses object) error {
			for _, status := range statuses(method, path) {
				if key := strconv.Itoa(status); responses[key] == nil {
					responses[key] = problem
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return json.Marshal(d)
}

// editOperations calls f with each operation, which f may change.
func (d *document) editOperations(f func(method, path string, op object) error) error {
	for path := range d.Paths {
		err := edit(d.Paths, path, func(item object) error {
			for _, method := range methods() {
				if item[method] == nil {
					continue
				}
				err := edit(item, method, func(op object) error {
					return f(strings.ToUpper(method), path, op)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("path %q: %w", path, err)
		}
	}
	return nil
}

// methods are the members of a path item that hold operations.
func methods() []string {
	return []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}
}

// edit decodes one member, lets f change it, and puts it back.
func edit(parent object, name string, f func(object) error) error {
	var member object
	if err := json.Unmarshal(parent[name], &member); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := f(member); err != nil {
		return err
	}
	text, err := json.Marshal(member)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	parent[name] = text
	return nil
}
