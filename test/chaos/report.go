package chaos

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// Report is what came of a run. Its methods are safe for concurrent use.
type Report struct {
	Config Config
	Took   time.Duration
	// Rows are in the order of the points, then the kills from outside.
	Rows []Row
	// Findings are all that must not be, each with the kill that it followed.
	Findings []string
	// Audited is what was there at the end, in all lanes.
	Audited Audited

	mu sync.Mutex
}

// Row is what came of the kills of one kind.
type Row struct {
	Name string
	// Kills is how many there were: Hit by the point itself, Outside by another process,
	// which for a point means that it was not reached in time.
	Kills, Hit, Outside int
	// Early is how many of them came before the store had mended what the kill
	// before had left.
	Early    int
	Findings int
}

func newReport(cfg Config) *Report {
	r := &Report{Config: cfg}
	for _, p := range Points() {
		r.Rows = append(r.Rows, Row{Name: p.Name})
	}
	for _, name := range []string{OutsideStart, OutsideLoad, OutsideDrain, CleanStop} {
		r.Rows = append(r.Rows, Row{Name: name})
	}
	return r
}

func (r *Report) row(k Kill) *Row {
	for i := range r.Rows {
		if r.Rows[i].Name == k.Name {
			return &r.Rows[i]
		}
	}
	r.Rows = append(r.Rows, Row{Name: k.Name})
	return &r.Rows[len(r.Rows)-1]
}

func (r *Report) count(k Kill, how How) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row := r.row(k)
	row.Kills++
	if how.ByPoint {
		row.Hit++
	} else {
		row.Outside++
	}
	if how.Early {
		row.Early++
	}
}

// findOnce returns what takes the findings of one lane: what stays wrong in its
// data is counted at the first kill that it followed.
func (r *Report) findOnce() func(Kill, ...Finding) {
	known := map[Finding]bool{}
	return func(k Kill, findings ...Finding) {
		for _, f := range findings {
			if !known[f] {
				known[f] = true
				r.find(k, f)
			}
		}
	}
}

func (r *Report) find(k Kill, findings ...Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row(k).Findings += len(findings)
	for _, f := range findings {
		r.Findings = append(r.Findings, k.String()+": "+f.String())
	}
}

// Audited says how much the last audits looked at.
type Audited struct {
	Accounts, Purchases, Payments, Charges, Refunds, HistoryEntries int
	// Unknown payments are idle: of cancelled purchases, and never charged.
	Unknown int
	// Accepted purchases and Repeated commands are what clients remember.
	Accepted, Repeated int
}

// sum adds what is there at the end of a lane.
func (r *Report) sum(s Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := &r.Audited
	a.Accounts += len(s.Accounts)
	a.Purchases += len(s.Purchases)
	a.Payments += len(s.Payments)
	a.HistoryEntries += len(s.History)
	a.Unknown += len(s.idle())
	a.Accepted += len(s.Told.Purchases)
	for _, c := range s.Charges {
		if c.Times > 0 {
			a.Charges++
		}
		if c.Refunded > 0 {
			a.Refunds++
		}
	}
	for _, answers := range s.Told.Answers {
		a.Repeated += len(answers) - 1
	}
}

// String returns the report as a table.
func (r *Report) String() string {
	if r == nil {
		return "no report"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "point\tkills\thit\toutside\tearly\tfindings")
	sum := Row{Name: "all kills"}
	for _, row := range r.Rows {
		row.print(w)
		if row.Name == CleanStop {
			continue // it is no kill
		}
		sum.Kills, sum.Hit, sum.Outside = sum.Kills+row.Kills, sum.Hit+row.Hit, sum.Outside+row.Outside
		sum.Early, sum.Findings = sum.Early+row.Early, sum.Findings+row.Findings
	}
	sum.print(w)
	_ = w.Flush() // into memory
	fmt.Fprintf(&b, "seed %d, %v: %+v\n", r.Config.Seed, r.Took.Round(time.Second), r.Audited)
	return b.String()
}

func (r Row) print(w io.Writer) {
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\n", r.Name, r.Kills, r.Hit, r.Outside, r.Early, r.Findings)
}
