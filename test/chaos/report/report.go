// Package report is what came of a run of faults: a table, and everything that must
// not be, each with the fault that it followed.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"gamestore.example/test/chaos/oracle"
)

// Report is what came of a run. Its methods are safe for concurrent use.
type Report struct {
	// Seed is the run's, Took how long it was.
	Seed uint64
	Took time.Duration
	// Columns are what is counted of each fault, besides how many there were.
	Columns []string
	// Rows are in the order of the plan's kinds.
	Rows []Row
	// Apart is a row that is not in the sum.
	Apart string
	// Findings are all that must not be.
	Findings []string
	// Totals are of the last audits, in all lanes.
	Totals oracle.Totals

	mu sync.Mutex
}

// Row is what came of the faults of one kind.
type Row struct {
	Name   string
	Faults int
	// Counts are in the order of the columns.
	Counts   []int
	Findings int
}

// New returns a report with a row for each kind of fault.
func New(seed uint64, columns []string, kinds ...string) *Report {
	r := &Report{Seed: seed, Columns: columns}
	for _, name := range kinds {
		r.row(name)
	}
	return r
}

func (r *Report) row(name string) *Row {
	for i := range r.Rows {
		if r.Rows[i].Name == name {
			return &r.Rows[i]
		}
	}
	r.Rows = append(r.Rows, Row{Name: name, Counts: make([]int, len(r.Columns))})
	return &r.Rows[len(r.Rows)-1]
}

// Count adds a fault of a kind, with a number for each column.
func (r *Report) Count(kind string, counts ...int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row := r.row(kind)
	row.Faults++
	for i, n := range counts {
		row.Counts[i] += n
	}
}

// Once returns what takes the findings of one store: what stays wrong in its data is
// counted at the first fault that it followed.
func (r *Report) Once() func(kind string, fault fmt.Stringer, findings ...oracle.Finding) {
	known := map[oracle.Finding]bool{}
	return func(kind string, fault fmt.Stringer, findings ...oracle.Finding) {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, f := range findings {
			if known[f] {
				continue
			}
			known[f] = true
			r.row(kind).Findings++
			r.Findings = append(r.Findings, fault.String()+": "+f.String())
		}
	}
}

// Sum adds what is there at the end of a store.
func (r *Report) Sum(s oracle.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Totals.Add(s)
}

// String returns the report as a table in Markdown.
func (r *Report) String() string {
	if r == nil {
		return "no report"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "| %s\t|\n", strings.Join(slices.Concat([]string{"Fault", "Times"}, r.Columns, []string{"Findings"}), "\t| "))
	fmt.Fprintf(w, "%s|\n", strings.Repeat("|---\t", len(r.Columns)+3))
	sum := Row{Name: "**all**", Counts: make([]int, len(r.Columns))}
	for _, row := range r.Rows {
		row.print(w)
		if row.Name == r.Apart {
			continue
		}
		sum.Faults, sum.Findings = sum.Faults+row.Faults, sum.Findings+row.Findings
		for i, n := range row.Counts {
			sum.Counts[i] += n
		}
	}
	sum.print(w)
	_ = w.Flush() // into memory
	fmt.Fprintf(&b, "seed %d, %v: %+v\n", r.Seed, r.Took.Round(time.Second), r.Totals)
	return b.String()
}

func (r Row) print(w io.Writer) {
	fmt.Fprintf(w, "| %s\t| %d\t", r.Name, r.Faults)
	for _, n := range r.Counts {
		fmt.Fprintf(w, "| %d\t", n)
	}
	fmt.Fprintf(w, "| %d\t|\n", r.Findings)
}
