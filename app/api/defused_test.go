package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

func TestDefused(t *testing.T) {
	got := defused([]string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1", "a=b", "", "1", "src/a.js"})
	want := []string{"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "'＝1+1", "a=b", "", "1", "src/a.js"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestExportName(t *testing.T) {
	day := time.Date(2026, 11, 24, 23, 0, 0, 0, time.FixedZone("", -5*3600))
	for repo, want := range map[string]string{"": "issues-2026-11-25", "octo/Shop": "issues-octo-Shop-2026-11-25", `x"; rm`: "issues-2026-11-25"} {
		if got := exportName("issues", repo, day); got != want {
			t.Errorf("%q: %s, want %s", repo, got, want)
		}
	}
}

// table is a list whose rows are their cells.
type table [][]string

func (table) Schema() *query.Schema { return &query.Schema{} }
func (table) Head() []string        { return []string{"a", "b"} }

func (table) Cells(row *[]string, _ time.Time) []string { return slices.Clone(*row) }

func (x table) Counts(context.Context, []query.Ask) ([]int64, error) {
	return []int64{int64(len(x))}, nil
}

func (table) Values(context.Context, time.Time, string, string, int) ([]string, error) {
	return nil, nil
}

func (x table) Rows(context.Context, query.Ask) (telemetry.List[[]string], error) {
	return telemetry.List[[]string]{Items: x, Total: int64(len(x))}, nil
}

func (x table) Begin(context.Context, query.Ask) (func(context.Context, func([][]string) error) error, error) {
	return x.each, nil
}

func (x table) each(_ context.Context, do func([][]string) error) error { return do(x) }

// FuzzDefused: whatever cells hold, a download reads back as they are, but
// for the apostrophe before what a spreadsheet would run.
func FuzzDefused(f *testing.F) {
	for _, cell := range []string{"=1+1", "＝1", "\t=1", "\r\n=1", "a,b\"c\nd", "", "'=1", "\xff=1", "\x00"} {
		f.Add(cell, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		rows := table{{a, b}, {b, a}, {a + b, b + a}}
		l := listed[[]string, string]{list: rows, now: time.Now}
		var file bytes.Buffer
		w := bufio.NewWriter(&file)
		if err := l.csv(t.Context(), w, query.Ask{}, rows.each); err != nil || w.Flush() != nil {
			t.Fatal(err)
		}
		read, err := csv.NewReader(&file).ReadAll()
		if err != nil || len(read) != len(rows)+1 {
			t.Fatalf("%q: %d lines, %v", rows, len(read), err)
		}
		plain := strings.NewReplacer("\r", "", "\n", "") // the reader and the form each have their own ends of lines
		for n, row := range rows {
			for c, cell := range row {
				got := read[n+1][c]
				if first, _ := utf8.DecodeRuneInString(got); got != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
					t.Errorf("%q would be run", got)
				}
				if got, want := plain.Replace(got), plain.Replace(cell); got != want && got != "'"+want {
					t.Errorf("%q reads back as %q", cell, got)
				}
			}
		}
	})
}
