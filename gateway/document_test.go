package gateway_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"gamestore.example/gateway"
	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/middleware"
)

// documents are the OpenAPI documents by the upstream that serves them.
func documents() map[string][]byte {
	return map[string][]byte{gateway.Users: users.OpenAPI, gateway.Games: games.OpenAPI, gateway.Payments: payments.OpenAPI}
}

// Each operation of each service has exactly one row, with the same access, and
// no row is without an operation.
func TestTheRouteTableIsTheDocument(t *testing.T) {
	rows := map[string]gateway.Route{}
	for _, r := range gateway.Routes() {
		rows[r.Method+" "+r.Path] = r
	}
	for upstream, spec := range documents() {
		doc := contracttest.Load(t, spec)
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				name := method + " " + path
				row, ok := rows[name]
				if !ok {
					t.Errorf("%s (%s) has no row", name, op.OperationID)
					continue
				}
				delete(rows, name)
				if row.Upstream != upstream {
					t.Errorf("%s goes to %s, but %s serves it", name, row.Upstream, upstream)
				}
				if want := access(t, doc, op); row.Access != want {
					t.Errorf("%s: access %d, the document wants %d", name, row.Access, want)
				}
				if streams := op.Responses.Status(200) != nil && op.Responses.Status(200).Value.Content["text/event-stream"] != nil; row.Stream != streams {
					t.Errorf("%s: stream %v, the document says %v", name, row.Stream, streams)
				}
			}
		}
	}
	for name := range rows {
		t.Errorf("%s has a row but no operation", name)
	}
}

// access is what the document says about who may call: bearerAuth or nobody in
// particular, and x-roles for a role.
func access(t *testing.T, doc *openapi3.T, op *openapi3.Operation) middleware.Access {
	t.Helper()
	security := doc.Security
	if op.Security != nil {
		security = *op.Security
	}
	if len(security) == 0 {
		return middleware.Public
	}
	var roles []string
	if value, ok := op.Extensions["x-roles"]; ok {
		text, err := json.Marshal(value)
		if err == nil {
			err = json.Unmarshal(text, &roles)
		}
		if err != nil {
			t.Errorf("%s: x-roles: %v", op.OperationID, err)
		}
	}
	if slices.Contains(roles, "admin") {
		return middleware.Admin
	}
	return middleware.User
}

func TestDocumentHasTheGatewaysOwnAnswers(t *testing.T) {
	spec, err := gateway.Document(users.OpenAPI, games.OpenAPI, payments.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	contracttest.CheckDocument(t, spec)
	doc := contracttest.Load(t, spec)
	for _, row := range gateway.Routes() {
		op := doc.Paths.Value(row.Path).GetOperation(row.Method)
		want := []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusServiceUnavailable}
		if row.Access != middleware.Public {
			want = append(want, http.StatusUnauthorized)
		}
		if row.Access == middleware.Admin {
			want = append(want, http.StatusForbidden)
		}
		if !row.Stream {
			want = append(want, http.StatusGatewayTimeout)
		}
		for _, status := range want {
			if op.Responses.Status(status) == nil {
				t.Errorf("%s %s does not document %d", row.Method, row.Path, status)
			}
		}
	}
}
