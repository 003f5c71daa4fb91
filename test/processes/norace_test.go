//go:build !race

package processes_test

func buildFlags() []string { return nil }
