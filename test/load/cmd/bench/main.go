// Command bench measures every case of package load and prints them as a table, each
// beside the limit it is compared with, measured in the same run.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"

	"gamestore.example/test/load"
)

func main() {
	testing.Init()
	only := flag.String("only", "", "regular expression of the names to measure; empty means all")
	each := flag.Duration("time", 2*time.Second, "how long each case runs")
	flag.Parse()
	if err := run(*only, *each); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(only string, each time.Duration) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if err := flag.Set("test.benchtime", each.String()); err != nil {
		return err
	}
	fmt.Printf("%s, %d processors, %d clients where concurrent, %v each\n\n", runtime.Version(), runtime.NumCPU(), load.Clients*runtime.GOMAXPROCS(0), each)
	fmt.Println("| case | ops/s | allocs/op | B/op | ratio | against |")
	fmt.Println("|---|---:|---:|---:|---:|---|")
	speed := map[string]float64{}
	for _, c := range load.Cases() {
		if !pattern.MatchString(c.Name) {
			continue
		}
		r := testing.Benchmark(c.Run)
		if r.N == 0 {
			return fmt.Errorf("%s failed", c.Name)
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
