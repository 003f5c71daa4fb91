package contracttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"gamestore.example/pkg/contract"
)

// AssertAllDriven fails the test for each operation that no exchange has driven
// to one of its documented successes, except those named by operationId.
func (v *Validator) AssertAllDriven(t testing.TB, except ...string) {
	t.Helper()
	eachOperation(v.doc, func(path, method string, op *openapi3.Operation) {
		if slices.Contains(except, op.OperationID) {
			return
		}
		seen := v.Statuses(op.OperationID)
		switch {
		case len(seen) == 0:
			t.Errorf("openapi: %s (%s %s) was never driven", op.OperationID, method, path)
		case seen[0] >= 400 && documentsSuccess(op):
			t.Errorf("openapi: %s (%s %s) was never driven to a success, only to %v", op.OperationID, method, path, seen)
		}
	})
}

// AssertAllStatusesOf fails the test for each status that the document names for
// an operation, by number, and that no exchange was answered with, but for those
// listed as out of reach.
func (v *Validator) AssertAllStatusesOf(t testing.TB, operationID string, except ...int) {
	t.Helper()
	seen, known := v.Statuses(operationID), false
	eachOperation(v.doc, func(_, _ string, op *openapi3.Operation) {
		if op.OperationID != operationID {
			return
		}
		known = true
		for status := 100; status < 600; status++ {
			if op.Responses.Value(fmt.Sprint(status)) != nil && !slices.Contains(seen, status) && !slices.Contains(except, status) {
				t.Errorf("openapi: %s was never answered with %s", operationID, statusText(status))
			}
		}
	})
	if !known {
		t.Errorf("openapi: the document has no operation %q", operationID)
	}
}

// Statuses returns the statuses that an operation was answered with, ascending.
func (v *Validator) Statuses(operationID string) []int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.driven[operationID]))
}

func (v *Validator) record(operationID string, status int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.driven[operationID] == nil {
		v.driven[operationID] = map[int]int{}
	}
	v.driven[operationID][status]++
}

// fail reports one breach with what a reader needs to find it.
func (v *Validator) fail(req *http.Request, resp *http.Response, what string, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "openapi: %s %s", req.Method, req.URL.EscapedPath())
	if resp != nil {
		fmt.Fprintf(&b, " → %s", statusText(resp.StatusCode))
	}
	fmt.Fprintf(&b, ": %s", what)
	if err != nil {
		fmt.Fprintf(&b, ": %s", reason(err))
	}
	v.t.Error(b.String())
}

// reason shortens kin-openapi's error, which holds the whole schema and value,
// to the place in the body and what is wrong there.
func reason(err error) string {
	var prefix string
	var inRequest *openapi3filter.RequestError
	var inResponse *openapi3filter.ResponseError
	switch {
	case errors.As(err, &inRequest):
		if inRequest.Parameter != nil {
			prefix = fmt.Sprintf("parameter %q in %s: ", inRequest.Parameter.Name, inRequest.Parameter.In)
		}
	case errors.As(err, &inResponse):
		prefix = inResponse.Reason + ": "
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		return fmt.Sprintf("%sat /%s: %s", prefix, strings.Join(schema.JSONPointer(), "/"), schema.Reason)
	}
	if inResponse != nil && inResponse.Err == nil {
		return inResponse.Reason
	}
	return prefix + err.Error()
}

// checkProblem says what is wrong with an answer that must be a problem
// document, or "".
func checkProblem(doc *openapi3.T, resp *http.Response, body []byte) string {
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode < 400 || mediaType != contract.ProblemContentType {
		return fmt.Sprintf("want an error as %s, got the content type %q", contract.ProblemContentType, mediaType)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return "the problem document is not JSON: " + err.Error()
	}
	if doc.Components == nil || doc.Components.Schemas["Problem"] == nil {
		return ""
	}
	if err := doc.Components.Schemas["Problem"].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		return "the problem document is not as documented: " + reason(err)
	}
	return ""
}

// registerDecoders teaches kin-openapi the JSON and text media types of the
// document that it does not know, such as application/jwk-set+json.
func registerDecoders(doc *openapi3.T) {
	eachOperation(doc, func(_, _ string, op *openapi3.Operation) {
		for _, ref := range op.Responses.Map() {
			for mediaType := range ref.Value.Content {
				switch {
				case openapi3filter.RegisteredBodyDecoder(mediaType) != nil:
				case strings.HasSuffix(mediaType, "+json"):
					openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.JSONBodyDecoder)
				case strings.HasPrefix(mediaType, "text/"):
					openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.PlainBodyDecoder)
				}
			}
		}
	})
}
