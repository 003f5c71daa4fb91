package main

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"testing"
	"time"

	"gamestore.example/test/load"
)

// cases runs the cases that are asked for, one after the other.
func cases(ctx context.Context, only *regexp.Regexp, each time.Duration) error {
	speed, headed := map[string]float64{}, false
	for _, c := range load.Cases() {
		if !only.MatchString(c.Name) {
			continue
		}
		if !headed {
			fmt.Printf("\n%d clients where concurrent\n\n", load.Clients*runtime.GOMAXPROCS(0))
			fmt.Println("| case | ops/s | allocs/op | B/op | ratio | against |")
			fmt.Println("|---|---:|---:|---:|---:|---|")
			headed = true
		}
		r, err := within(ctx, c, longest(each))
		if err != nil {
			return err
		}
		speed[c.Name] = float64(r.N) / r.T.Seconds()
		ratio := "1"
		if base := speed[c.Against]; base > 0 {
			ratio = fmt.Sprintf("%.2f", speed[c.Name]/base)
		}
		fmt.Printf("| %s | %.0f | %d | %d | %s | %s |\n", c.Name, speed[c.Name], r.AllocsPerOp(), r.AllocedBytesPerOp(), ratio, c.Against)
	}
	return nil
}

// longest is the time after which a case hangs: a benchmark runs several times before it
// knows how often to run, and prepares each time.
func longest(each time.Duration) time.Duration { return 2*time.Minute + 10*each }

func within(ctx context.Context, c load.Case, limit time.Duration) (testing.BenchmarkResult, error) {
	done := make(chan testing.BenchmarkResult, 1)
	go func() { done <- testing.Benchmark(c.Run) }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.N == 0 {
			return r, fmt.Errorf("%s failed", c.Name)
		}
		return r, nil
	case <-timer.C:
		return testing.BenchmarkResult{}, fmt.Errorf("%s is not done after %v", c.Name, limit)
	case <-ctx.Done():
		return testing.BenchmarkResult{}, ctx.Err()
	}
}
