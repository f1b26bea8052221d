package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/store"
)

type options struct {
	sizes    []int
	out      string
	postgres string
	only     string
	database string // a file that is there
	keep     string // a directory
}

// asks reports whether an endpoint is measured: one that holds one of the words
// of -only.
func (o options) asks(e endpoint) bool {
	return slices.ContainsFunc(strings.Split(o.only, ","), func(part string) bool {
		return strings.Contains(e.name, part) || strings.Contains(e.path, part)
	})
}

// size is what was measured on a history of one size.
type size struct {
	runs     int
	loaded   loaded
	database int64 // bytes on disk
	rows     []row
	start    started
	files    int // of the first page load
	bytes    int
}

// measure measures every size and writes the report.
func measure(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "dashboard-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	begun := time.Now()
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	r := report{begun: begun, postgres: o.postgres != "", load: [2]string{loadAverage()}}
	for i, runs := range o.sizes {
		s, err := measureSize(ctx, o, runs, dir, program, i == len(o.sizes)-1)
		if err != nil {
			return fmt.Errorf("%d runs: %w", runs, err)
		}
		r.sizes = append(r.sizes, s)
	}
	if o.only == "" {
		if r.outside, err = askUpstreams(ctx, dir); err != nil {
			return err
		}
	}
	text := r.markdown(time.Since(begun))
	fmt.Print(text)
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(text), 0o644) //nolint:gosec // a page of the documentation
}

// say reports progress on standard error.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// measureSize measures one size. Under load only the largest is asked: there
// the size does not matter, since no query is made.
func measureSize(ctx context.Context, o options, runs int, dir, program string, under bool) (size, error) {
	s := size{runs: runs}
	file := filepath.Join(cmp.Or(o.keep, dir), fmt.Sprintf("runs-%d.db", runs))
	address := cmp.Or(o.postgres, "sqlite:"+cmp.Or(o.database, file))
	db, err := store.Open(ctx, store.Options{URL: address, Now: clock})
	if err != nil {
		return s, err
	}
	defer db.Close()
	if o.database == "" {
		if err := s.load(ctx, db, dir); err != nil {
			return s, err
		}
	}
	list, err := s.serve(ctx, o, db, under)
	if err != nil {
		return s, err
	}
	if err := db.Close(); err != nil {
		return s, err
	}
	if info, err := os.Stat(file); err == nil {
		s.database = info.Size()
	}
	if o.only == "" {
		say("%d runs: start", runs)
		s.start = start(ctx, program, address, dir, list)
	}
	if o.keep != "" {
		return s, nil
	}
	return s, os.RemoveAll(file)
}

func (s *size) load(ctx context.Context, db *store.Store, dir string) error {
	say("%d runs: generate", s.runs)
	w, err := newWorld(dir, s.runs)
	if err != nil {
		return err
	}
	defer w.close()
	say("%d runs: load %d files", s.runs, w.files)
	if s.loaded, err = load(ctx, db, w); err != nil {
		return err
	}
	say("%d runs: %.0f records/s", s.runs, s.loaded.perSecond())
	return nil
}

func (s *size) serve(ctx context.Context, o options, db *store.Store, under bool) ([]endpoint, error) {
	site, err := serve(ctx, db)
	if err != nil {
		return nil, err
	}
	sample, err := site.find()
	if err != nil {
		return nil, err
	}
	list := endpoints(sample)
	for _, e := range list {
		if o.asks(e) {
			row := site.ask(e, under)
			s.rows = append(s.rows, row)
			say("%7d %-60.60s first %8s p99 %8s hot %.2f unchanged %.2f %s", s.runs, e.name,
				quantile(row.first, 0.5).Round(10*time.Microsecond),
				quantile(row.first, 0.99).Round(10*time.Microsecond), row.hot.ratio, row.unchanged.ratio, row.failed)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if s.files, s.bytes, err = site.pageLoad("/"); err != nil {
		return nil, err
	}
	return list, site.close()
}
