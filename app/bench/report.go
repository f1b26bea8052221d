package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// report is all that was measured.
type report struct {
	begun    time.Time
	postgres bool
	sizes    []size
	outside  outside
	load     [2]string // of the machine, at the beginning and at the end
}

// loadAverage is of the last minute, "unknown" where the system has no /proc.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// The budgets that are not an endpoint's.
const (
	hotShare       = 0.80
	unchangedShare = 0.90
	bulkRate       = 2000.0
	oneRecord      = 10 * time.Millisecond // p50
	oneRecordWorst = 50 * time.Millisecond // p99
	startTime      = 150 * time.Millisecond
	memoryBytes    = 100 << 20
	loadBytes      = 150 << 10
	fileRequests   = 5
	pollRequests   = 10
	pollTime       = time.Second
)

func millis(d time.Duration) string {
	switch ms := float64(d) / 1e6; {
	case ms < 1:
		return fmt.Sprintf("%.2f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	default:
		return fmt.Sprintf("%.0f", ms)
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/(1<<20)) }

// verdict says whether a figure keeps its budget, and by how much it misses.
func verdict(got, most float64) string {
	if got <= most {
		return "met"
	}
	return fmt.Sprintf("**missed** by %.0f %%", 100*(got/most-1))
}

func verdictAbove(got, least float64) string {
	if got >= least {
		return "met"
	}
	return fmt.Sprintf("**missed** by %.0f %%", 100*(1-got/least))
}

func (r *report) markdown(took time.Duration) string {
	r.load[1] = loadAverage()
	var b strings.Builder
	r.head(&b, took)
	r.figures(&b)
	r.endpoints(&b)
	return b.String()
}

func (r *report) head(b *strings.Builder, took time.Duration) {
	database := "SQLite"
	if r.postgres {
		database = "PostgreSQL"
	}
	fmt.Fprintf(b, `# Benchmarks

Written by `+"`go run ./app/bench -out docs/benchmarks.md`"+` (`+"`task bench -- -out docs/benchmarks.md`"+`) in %s on %s:
%s/%s, %d cores, %s, %s. The machine is shared and noisy: a ratio and a growth are of one run and can be
trusted to about a tenth, a p99 only as to its order. Others used it meanwhile: its load average was %s at the
beginning and %s at the end, and each process that waits beyond its %d cores lengthens every time below (a p99 most),
and lowers the ratios of slices that it falls into. Nothing here is asserted by a test.

Data: a seeded history of %d repositories, %d findings a scan on average, %v sessions a scan, disturbed as the demo's
is (lines shift, files are renamed, fingerprints change, scans are narrowed). "Runs" is the nominal size. The server is
the real one, over TCP on loopback, client and server sharing the cores.

- *first*: the answer that is in no cache, one request after the other on one connection, up to %d times or %v. The
  database's pages are warm.
- *hot*: the answer is in the server's cache; %d connections. *304*: the client has it. *Of the yardstick*: the rate
  beside that of a bare Fiber handler (`+"`Immutable: true`"+
		`) that returns the same bytes and headers; both are asked in turn, %d rounds of %v, and the median of the rounds' ratios is given.
- *Growth*: the median of first answers at the largest size, over that at the smallest. It matters only above 2 ms.

`, took.Round(time.Second), r.begun.UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		runtime.Version(), database, r.load[0], r.load[1], runtime.NumCPU(),
		repositories, findingsPerScan, sessionsPerScan, firstMost, firstTime, connections, rounds, slice)
}

// figures writes what is not an endpoint's.
func (r *report) figures(b *strings.Builder) {
	fmt.Fprint(b, "## Taking in, starting, asking upstreams\n\n| what |")
	for _, s := range r.sizes {
		fmt.Fprintf(b, " %d runs |", s.runs)
	}
	fmt.Fprint(b, " budget | |\n|---|")
	for range r.sizes {
		fmt.Fprint(b, "---:|")
	}
	fmt.Fprint(b, "---|---|\n")
	line := func(what, budget string, cell func(s *size) string, verdict func(s *size) string) {
		fmt.Fprintf(b, "| %s |", what)
		for i := range r.sizes {
			fmt.Fprintf(b, " %s |", cell(&r.sizes[i]))
		}
		last := ""
		if verdict != nil {
			last = verdict(&r.sizes[len(r.sizes)-1])
		}
		fmt.Fprintf(b, " %s | %s |\n", budget, last)
	}
	line("records loaded, issues, sessions", "", func(s *size) string {
		return fmt.Sprintf("%d, %d, %d", s.loaded.records, s.loaded.issues, s.loaded.sessions)
	}, nil)
	line("bulk, records/s (of a record's time: parse)", "≥ 2,000", func(s *size) string {
		return fmt.Sprintf("%.0f (%.0f %%)", s.loaded.perSecond(), 100*s.loaded.parse.Seconds()/(s.loaded.parse+s.loaded.put).Seconds())
	}, func(s *size) string { return verdictAbove(s.loaded.perSecond(), bulkRate) })
	line("bulk, records per second of processor time", "", func(s *size) string {
		return fmt.Sprintf("%.0f", float64(s.loaded.records)/max(s.loaded.cpu.Seconds(), 1e-9))
	}, nil)
	line("one newest record, p50 / p99 ms", "≤ 10 / 50", func(s *size) string {
		return pair(s.loaded.newest)
	}, func(s *size) string { return budget{oneRecord, oneRecordWorst}.verdict(s.loaded.newest) })
	line("one late record, p50 / p99 ms", "", func(s *size) string { return pair(s.loaded.late) }, nil)
	line("database on disk", "", func(s *size) string { return megabytes(s.database) }, nil)
	if r.outside.files > 0 {
		r.programFigures(line)
	}
	fmt.Fprintln(b)
}

func pair(times []time.Duration) string {
	return millis(quantile(times, 0.5)) + " / " + millis(quantile(times, 0.99))
}

func (r *report) programFigures(line func(what, budget string, cell, verdict func(s *size) string)) {
	line("start to the end of the first page, median / worst of 7, ms", "≤ 150", func(s *size) string {
		if s.start.failed != "" {
			return s.start.failed
		}
		return millis(quantile(s.start.times, 0.5)) + " / " + millis(quantile(s.start.times, 1))
	}, func(s *size) string { return verdict(float64(quantile(s.start.times, 0.5)), float64(startTime)) })
	line("memory after it", "≤ 100 MB", func(s *size) string {
		return megabytes(s.start.atStart)
	}, func(s *size) string { return verdict(float64(s.start.atStart), memoryBytes) })
	line("memory after every endpoint was asked once", "≤ 100 MB", func(s *size) string {
		return megabytes(s.start.used)
	}, func(s *size) string { return verdict(float64(s.start.used), memoryBytes) })
	line("first page load, files and KB compressed", "≤ 150 KB", func(s *size) string {
		return fmt.Sprintf("%d, %.1f", s.files, float64(s.bytes)/1024)
	},
		func(s *size) string { return verdict(float64(s.bytes), loadBytes) })
	o := &r.outside
	last := func(text string) func(*size) string {
		return func(s *size) string {
			if s != &r.sizes[len(r.sizes)-1] {
				return ""
			}
			return text
		}
	}
	line(fmt.Sprintf("refresh, %d new files: counted requests, s", o.files), "≤ 5",
		last(fmt.Sprintf("%d, %.1f", o.firstCounted, o.firstTime.Seconds())), func(*size) string {
			return verdict(float64(o.firstCounted), fileRequests)
		})
	line("refresh, nothing changed: counted requests, ms", "0",
		last(fmt.Sprintf("%d, %s", o.againCounted, millis(o.againTime))), func(*size) string {
			if o.againCounted == 0 {
				return "met"
			}
			return "**missed**"
		})
	line(fmt.Sprintf("poll of %d sessions at %v an answer, API v3: requests, s", o.sessions, devinAnswer),
		"≤ 10, ≤ 1 s", last(fmt.Sprintf("%d, %.2f", o.polls, o.pollTime.Seconds())),
		func(*size) string {
			return verdict(max(float64(o.polls)/pollRequests, o.pollTime.Seconds()/pollTime.Seconds()), 1)
		})
	line("the same, API v1", "≤ 10, ≤ 1 s", last(fmt.Sprintf("%d, %.2f", o.v1Polls, o.v1Time.Seconds())),
		func(*size) string {
			return verdict(max(float64(o.v1Polls)/pollRequests, o.v1Time.Seconds()/pollTime.Seconds()), 1)
		})
}

// endpoints writes a row for each endpoint.
func (r *report) endpoints(b *strings.Builder) {
	fmt.Fprint(b,
		"## Endpoints\n\nHot and 304 at the largest size. Pages carry no ETag, so each of their answers is a first one.\n\n"+
			"| endpoint | KB sent |")
	for _, s := range r.sizes {
		fmt.Fprintf(b, " first at %d, p50 / p99 ms |", s.runs)
	}
	fmt.Fprint(b,
		" growth | budget | | hot p50 / p99 ms | of the yardstick (≥ 0.80) | 304 p50 / p99 ms | of the yardstick (≥ 0.90) |\n|---|---:|")
	for range r.sizes {
		fmt.Fprint(b, "---:|")
	}
	fmt.Fprint(b, "---:|---|---|---:|---|---:|---|\n")
	last := &r.sizes[len(r.sizes)-1]
	for i := range last.rows {
		r.endpoint(b, i)
	}
	fmt.Fprintf(b, "\n%s\n", r.summary())
}

func (r *report) endpoint(b *strings.Builder, i int) {
	row := &r.sizes[len(r.sizes)-1].rows[i]
	fmt.Fprintf(b, "| `%s` | %.1f |", strings.ReplaceAll(row.endpoint.name, "|", `\|`), float64(row.bytes)/1024)
	for n := range r.sizes {
		if failed := r.sizes[n].rows[i].failed; failed != "" {
			fmt.Fprintf(b, " failed: %s |", failed)
		} else {
			fmt.Fprintf(b, " %s |", pair(r.sizes[n].rows[i].first))
		}
	}
	growth := "–"
	if g := r.growth(i); g > 0 {
		growth = fmt.Sprintf("%.1f", g)
	}
	fmt.Fprintf(b, " %s | %s |", growth, r.firstVerdict(i))
	if row.endpoint.cached && row.failed == "" {
		fmt.Fprintf(b, " %s | %.2f %s | %s | %.2f %s |\n", pair(row.hot.times), row.hot.ratio,
			verdictAbove(row.hot.ratio, hotShare), pair(row.unchanged.times), row.unchanged.ratio,
			verdictAbove(row.unchanged.ratio, unchangedShare))
	} else {
		fmt.Fprint(b, " | | | |\n")
	}
}

// growth is 0 where there is but one size.
func (r *report) growth(i int) float64 {
	small, large := r.sizes[0].rows[i].first, r.sizes[len(r.sizes)-1].rows[i].first
	if len(r.sizes) < 2 || len(small) == 0 || len(large) == 0 {
		return 0
	}
	return float64(quantile(large, 0.5)) / float64(quantile(small, 0.5))
}

// verdict says whether the times keep the budget, and by how much they miss it.
func (b budget) verdict(times []time.Duration) string {
	over := float64(quantile(times, 0.5)) / float64(b.p50)
	if b.p99 > 0 {
		over = max(over, float64(quantile(times, 0.99))/float64(b.p99))
	}
	return verdict(over, 1)
}

func (b budget) String() string {
	if b.p99 == 0 {
		return "≤ " + millis(b.p50) + " ms"
	}
	return "≤ " + millis(b.p50) + " / " + millis(b.p99) + " ms"
}

// firstVerdict is the budget of first answers, and whether it is kept.
func (r *report) firstVerdict(i int) string {
	row := &r.sizes[len(r.sizes)-1].rows[i]
	kept := row.endpoint.budget.verdict(row.first)
	if row.failed != "" {
		kept = "**failed**"
	}
	return row.endpoint.budget.String() + " | " + kept
}

// summary counts what is kept and missed.
func (r *report) summary() string {
	kept, missed, hot, hotMissed, unchanged := 0, 0, 0, 0, 0
	last := &r.sizes[len(r.sizes)-1]
	for i := range last.rows {
		row := &last.rows[i]
		if strings.Contains(r.firstVerdict(i), "**") {
			missed++
		} else {
			kept++
		}
		if row.endpoint.cached && row.failed == "" {
			hot++
			if row.hot.ratio < hotShare {
				hotMissed++
			}
			if row.unchanged.ratio < unchangedShare {
				unchanged++
			}
		}
	}
	return fmt.Sprintf("First answers: %d keep their budget, %d miss it. Hot: %d of %d miss theirs; unchanged: %d of %d.",
		kept, missed, hotMissed, hot, unchanged, hot)
}
