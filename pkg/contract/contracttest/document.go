package contracttest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"gamestore.example/pkg/contract"
)

// Load parses an OpenAPI 3.1 document and validates it, examples included. It
// ends the test if the document is not valid.
func Load(t testing.TB, spec []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		t.Fatalf("openapi: the document cannot be read: %v", err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Fatalf("openapi: the version is %q, want 3.1.x", doc.OpenAPI)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatalf("openapi: the document is not valid: %v", err)
	}
	if err := doc.WalkSchemas(checkExamples); err != nil {
		t.Fatalf("openapi: the document is not valid: %v", err)
	}
	return doc
}

// checkExamples compares the examples of a schema, a keyword of 3.1 that
// kin-openapi leaves alone, with the schema itself.
func checkExamples(pointer string, ref *openapi3.SchemaRef) error {
	for _, example := range ref.Value.Examples {
		if err := ref.Value.VisitJSON(example, openapi3.EnableJSONSchema2020()); err != nil {
			return fmt.Errorf("example of %s: %s", pointer, reason(err))
		}
	}
	return nil
}

// CheckDocument fails the test for each way in which a valid document breaks the
// rules of the house: every operation has an operationId, documents a success,
// and answers each error with a problem document.
func CheckDocument(t testing.TB, spec []byte) {
	t.Helper()
	eachOperation(Load(t, spec), func(path, method string, op *openapi3.Operation) {
		name := method + " " + path
		if op.OperationID == "" {
			t.Errorf("openapi: %s: there is no operationId", name)
		}
		if !documentsSuccess(op) {
			t.Errorf("openapi: %s: no success is documented", name)
		}
		for status, ref := range op.Responses.Map() {
			if isError(status) && ref.Value.Content.Get(contract.ProblemContentType) == nil {
				t.Errorf("openapi: %s: %s is not answered as %s", name, status, contract.ProblemContentType)
			}
		}
	})
}

// isError tells whether a key of the responses, such as "404", "4XX" or
// "default", stands for errors.
func isError(status string) bool {
	return strings.HasPrefix(status, "4") || strings.HasPrefix(status, "5") || status == "default"
}

// documentsSuccess tells whether an answer below 400 is documented.
func documentsSuccess(op *openapi3.Operation) bool {
	for status := range op.Responses.Map() {
		if !isError(status) {
			return true
		}
	}
	return false
}

// eachOperation calls f for every operation, in the order of paths and methods.
func eachOperation(doc *openapi3.T, f func(path, method string, op *openapi3.Operation)) {
	paths := doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		ops := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(ops)) {
			f(path, method, ops[method])
		}
	}
}

// documented returns the response that the document has for a status, or nil.
func documented(op *openapi3.Operation, status int) *openapi3.Response {
	ref := op.Responses.Status(status)
	if ref == nil {
		ref = op.Responses.Default()
	}
	if ref == nil {
		return nil
	}
	return ref.Value
}

// statusText is "404 Not Found".
func statusText(status int) string {
	return strconv.Itoa(status) + " " + http.StatusText(status)
}
