// Package load measures the purchase path and search, each beside the bare limit
// of the machine that bounds it, in the same run. Absolute figures of a shared machine
// say little; the ratios are what docs/performance.md keeps.
//
// Cases run as Go benchmarks (go test -bench . ./test/load) and, as a table with
// ratios, by make bench.
package load
