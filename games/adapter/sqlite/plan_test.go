package sqlite_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gamestore.example/games/adapter/sqlite"
	"gamestore.example/pkg/sqldb"
)

// TestNoQueryReadsATable keeps the cost of a purchase the same when there are
// millions: each query goes by an index, and none sorts.
func TestNoQueryReadsATable(t *testing.T) {
	db := open(t)
	// These are read from the top of an index that is in the right order.
	ordered := []string{"SCAN g USING INDEX games_popular", "SCAN json_each VIRTUAL TABLE INDEX 1:", "SCAN categories"}
	for name, query := range sqlite.Queries() {
		for _, step := range plan(t, db, query) {
			scan := strings.HasPrefix(step, "SCAN") && !slices.Contains(ordered, step)
			if scan || strings.Contains(step, "TEMP B-TREE") || strings.Contains(step, "AUTOMATIC") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

var numbered = regexp.MustCompile(`\?(\d+)`)

// params counts the parameters of a query: each ?, or the largest ?n.
func params(query string) int {
	found := numbered.FindAllStringSubmatch(query, -1)
	if len(found) == 0 {
		return strings.Count(query, "?")
	}
	n := 0
	for _, m := range found {
		i, err := strconv.Atoi(m[1])
		if err == nil {
			n = max(n, i)
		}
	}
	return n
}

func plan(t *testing.T, db *sqldb.DB, query string) []string {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, params(query))...)
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil || len(steps) == 0 {
		t.Fatalf("no plan for %s: %v", query, err)
	}
	return steps
}
