//go:build race

package processes_test

// With the race detector in the tests it is in the programs as well: one that
// found a race does not end with status 0.
func buildFlags() []string { return []string{"-race"} }
