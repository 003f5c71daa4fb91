package oracle_test

import (
	"testing"

	"gamestore.example/test/chaos/oracle"
)

func TestWhichErrorsOfALogTheAuditJudges(t *testing.T) {
	for line, want := range map[string]bool{
		`{"level":"ERROR","msg":"payment moved","status":"manual_review","reason":"not_found"}`:                                 true,
		`{"level":"ERROR","msg":"payment moved","status":"refunded"}`:                                                           false,
		`{"level":"ERROR","msg":"the result of a step could not be stored; it is found out again after the lease","error":"x"}`: true,
		`{"level":"ERROR","msg":"handler failed","status":"manual_review"}`:                                                     false,
		`no JSON`: false,
	} {
		if got := oracle.Judged(line); got != want {
			t.Errorf("%s: %t, want %t", line, got, want)
		}
	}
}
