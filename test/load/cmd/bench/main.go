// Command bench measures every case and every contest of package load and prints them as
// tables, each beside what it is compared with, measured in the same run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"testing"
	"time"

	"gamestore.example/test/load"
)

func main() {
	testing.Init()
	only := flag.String("only", "", "regular expression of the names to measure; empty means all")
	each := flag.Duration("time", 2*time.Second, "how long each case, and each round of a contest, runs")
	before := flag.String("before", "", "`folder` of the four programs from before a change; measures nothing else but them against those of now")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *before, *each); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

func run(ctx context.Context, only, before string, each time.Duration) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if err := flag.Set("test.benchtime", each.String()); err != nil {
		return err
	}
	fmt.Printf("%s, %d processors, %v each\n", runtime.Version(), runtime.NumCPU(), each)
	if before != "" {
		return contests(ctx, pattern, each, load.BeforeAndAfter(before))
	}
	return errors.Join(cases(ctx, pattern, each), contests(ctx, pattern, each, load.Contests()...))
}
