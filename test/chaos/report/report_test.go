package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/test/chaos/oracle"
	"gamestore.example/test/chaos/report"
)

type fault string

func (f fault) String() string { return string(f) }

func TestAReportCountsFaultsAndWhatFollowed(t *testing.T) {
	r := report.New(7, []string{"Hit", "Early"}, "never", "kill")
	r.Apart = "stop"
	r.Count("kill", 1, 0)
	r.Count("kill", 1, 1)
	r.Count("stop", 0, 0)
	broken := oracle.Finding{Check: "a promise", What: "broken"}
	found, other := r.Once(), r.Once()
	found("kill", fault("kill 1"), broken)
	found("kill", fault("kill 2"), broken) // it is still so
	other("stop", fault("stop 1"), broken) // in another store
	r.Sum(oracle.Snapshot{Accounts: []oracle.Account{{}, {}}})

	want := []report.Row{
		{Name: "never", Counts: []int{0, 0}},
		{Name: "kill", Faults: 2, Counts: []int{2, 1}, Findings: 1},
		{Name: "stop", Faults: 1, Counts: []int{0, 0}, Findings: 1},
	}
	if diff := cmp.Diff(want, r.Rows); diff != "" {
		t.Errorf("rows: want (-), got (+):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"kill 1: a promise: broken", "stop 1: a promise: broken"}, r.Findings); diff != "" {
		t.Errorf("findings: want (-), got (+):\n%s", diff)
	}
	if r.Totals.Accounts != 2 || r.Totals.Least() != 0 {
		t.Errorf("totals: %+v", r.Totals)
	}
	lines := strings.Split(r.String(), "\n")
	for i, want := range []string{"Fault|Times|Hit|Early|Findings", "---|---|---|---|---", "never|0|0|0|0", "kill|2|2|1|1", "stop|1|0|0|1", "**all**|2|2|1|1"} {
		got := strings.Trim(strings.ReplaceAll(lines[i], " ", ""), "|")
		if got != want {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], want)
		}
	}
}
