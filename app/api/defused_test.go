package api

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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

// FuzzDefused: whatever cells hold, a download reads back as they are, but
// for the apostrophe before what a spreadsheet would run.
func FuzzDefused(f *testing.F) {
	for _, cell := range []string{"=1+1", "＝1", "\t=1", "\r\n=1", "a,b\"c\nd", "", "'=1", "\xff=1", "\x00"} {
		f.Add(cell, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		e := exported[struct{}, []string, string]{head: []string{"a", "b"}, cells: func(_ struct{}, row []string) []string { return slices.Clone(row) }}
		rows := [][]string{{a, b}, {b, a}, {a + b, b + a}}
		var file bytes.Buffer
		w := bufio.NewWriter(&file)
		if err := e.csv(w, struct{}{}, func(do func([][]string) error) error { return do(rows) }); err != nil || w.Flush() != nil {
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
