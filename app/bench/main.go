// Command bench measures the budgets of docs/benchmarks.md with
// a generated history: it loads it through the real store, serves it by the
// real server on loopback, and asks over TCP. What is fast is held against a
// bare Fiber handler that returns the same bytes in the same run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	runs := flag.String("runs", "1000,10000,100000", "sizes of the history, in runs")
	out := flag.String("out", "", "write the report to this file too, for example docs/benchmarks.md")
	postgres := flag.String("postgres", "", "measure on this PostgreSQL database, which must be empty, instead of SQLite; takes one size")
	only := flag.String("only", "", "measure only endpoints whose path or name holds one of these, separated by commas, and nothing else")
	database := flag.String("database", "", "ask a SQLite file that an earlier run has kept, and load nothing; takes its size by -runs")
	keep := flag.String("keep", "", "keep the loaded SQLite files in this directory")
	profile := flag.String("profile", "", "write a CPU profile of loading and of first answers to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := func() error {
		sizes, err := parseSizes(*runs)
		if err != nil {
			return err
		}
		if *postgres+*database != "" && len(sizes) > 1 {
			return fmt.Errorf("-postgres and -database take one size, for example -runs 10000")
		}
		end, err := startProfile(*profile)
		if err != nil {
			return err
		}
		defer end()
		return measure(ctx, options{sizes: sizes, out: *out, postgres: *postgres, only: *only, database: *database, keep: *keep})
	}()
	if err != nil {
		stop()
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

func parseSizes(text string) ([]int, error) {
	var sizes []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < repositories {
			return nil, fmt.Errorf("-runs: %q is no number of runs from %d; write for example -runs 1000,10000", word, repositories)
		}
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes), nil
}
