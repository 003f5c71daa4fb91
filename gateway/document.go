package gateway

import (
	"net/http"
	"strings"

	"gamestore.example/pkg/contract/openapi"
	"gamestore.example/pkg/middleware"
)

// Document merges the services' OpenAPI documents and adds the answers that the
// gateway itself may give for each route of the table.
func Document(services ...[]byte) ([]byte, error) {
	merged, err := openapi.Merge(services...)
	if err != nil {
		return nil, err
	}
	rows := map[string]Route{}
	for _, r := range Routes() {
		rows[r.Method+" "+template(r.Path)] = r
	}
	return openapi.AddProblems(merged, func(method, path string) []int {
		r, ok := rows[method+" "+template(path)]
		if !ok {
			return nil
		}
		return r.problems()
	})
}

// problems are the statuses that the gateway itself may answer with.
func (r Route) problems() []int {
	statuses := []int{
		http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests,
		http.StatusServiceUnavailable,
	}
	if !r.Stream {
		statuses = append(statuses, http.StatusGatewayTimeout)
	}
	if r.Access != middleware.Public {
		statuses = append(statuses, http.StatusUnauthorized)
	}
	if r.Access == middleware.Admin {
		statuses = append(statuses, http.StatusForbidden)
	}
	return statuses
}

// template makes path templates comparable: the names of parameters do not count.
func template(path string) string {
	segs := segments(path)
	for i, s := range segs {
		if strings.HasPrefix(s, "{") {
			segs[i] = "{}"
		}
	}
	return strings.Join(segs, "/")
}
