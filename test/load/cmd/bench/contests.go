package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"gamestore.example/pkg/bus/rabbit/private"
	"gamestore.example/test/load"
)

// contests runs those of which a side is asked for, around one private RabbitMQ.
func contests(ctx context.Context, only *regexp.Regexp, each time.Duration, all ...load.Contest) (err error) {
	chosen := slices.DeleteFunc(all, func(c load.Contest) bool { return !wanted(c, only) })
	if len(chosen) == 0 {
		return nil
	}
	if !private.Installed() {
		for _, c := range chosen {
			fmt.Printf("\nSKIPPED: %s: no rabbitmq-server is installed (Debian: apt-get install rabbitmq-server)\n", c.Name)
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "gamestore-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs := filepath.Join(dir, "bin")
	if err := load.BuildPrograms(ctx, programs); err != nil {
		return err
	}
	for i, c := range chosen {
		if err := contest(ctx, c, only, programs, filepath.Join(dir, fmt.Sprint(i)), each); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// wanted reports whether the contest or one of its sides is asked for.
func wanted(c load.Contest, only *regexp.Regexp) bool {
	return only.MatchString(c.Name) || slices.ContainsFunc(c.Sides, func(s load.Side) bool { return only.MatchString(s.Name) })
}

func contest(ctx context.Context, c load.Contest, only *regexp.Regexp, programs, dir string, each time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Longest(each))
	defer cancel()
	broker, err := load.StartBroker(ctx, filepath.Join(dir, "rabbitmq"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Stop()) }()
	keep := func(side string) bool { return only.MatchString(c.Name) || only.MatchString(side) }
	standings, err := c.Run(ctx, broker, programs, dir, each, keep)
	if err != nil {
		return err
	}
	report(c, standings)
	return nil
}

func report(c load.Contest, standings []load.Standing) {
	fmt.Printf("\n%s; %d rounds in turns, medians\n\n", c.Name, c.Rounds)
	if c.FixedRate {
		fmt.Printf("| case | %ss/s | p50 ms | p99 ms | p99/p50 |\n|---|---:|---:|---:|---:|\n", c.Unit)
	} else {
		fmt.Printf("| case | %ss/s | ratio | rounds | CPU µs/%s | p50 ms | p99 ms |\n|---|---:|---:|---|---:|---:|---:|\n", c.Unit, c.Unit)
	}
	for _, s := range standings {
		p50, p99 := s.Latency(0.5), s.Latency(0.99)
		if c.FixedRate {
			fmt.Printf("| %s | %.0f | %s | %s | %.1f |\n", s.Name, s.Rate(), millis(p50), millis(p99), float64(p99)/float64(max(p50, 1)))
			continue
		}
		cpu, _ := s.CPU()
		ratios := make([]string, len(s.Ratios))
		for i, r := range s.Ratios {
			ratios[i] = fmt.Sprintf("%.2f", r)
		}
		fmt.Printf("| %s | %.0f | %.2f | %s | %d | %s | %s |\n",
			s.Name, s.Rate(), s.Ratio(), strings.Join(ratios, " "), cpu.Microseconds(), millis(p50), millis(p99))
	}
	fmt.Println()
	for _, s := range standings {
		_, by := s.CPU()
		parts := make([]string, 0, len(by))
		for _, name := range slices.Sorted(maps.Keys(by)) {
			parts = append(parts, fmt.Sprintf("%s %d", name, by[name].Microseconds()))
		}
		fmt.Printf("%s, CPU µs/%s: %s\n", s.Name, c.Unit, strings.Join(parts, ", "))
		for _, note := range s.Notes() {
			fmt.Printf("%s: %s\n", s.Name, note)
		}
	}
}

func millis(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(d.Microseconds())/1e3)
}
