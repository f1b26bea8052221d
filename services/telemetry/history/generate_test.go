package history

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// named is what the tests read of a record.
type named struct {
	Repo     string    `json:"target_repo"`
	At       time.Time `json:"timestamp"`
	Verified string    `json:"verified_at"`
	Found    int       `json:"issues_found"`
	Prints   []struct {
		Print string `json:"fingerprint"`
		File  string `json:"file"`
		Line  int    `json:"start_line"`
	} `json:"issue_fingerprints"`
}

func TestGenerate(t *testing.T) {
	o := Options{Seed: 1, Repos: 10, Disturb: Believable()}
	var last time.Time
	names, kinds := map[string]bool{}, map[string]int{}
	for f := range Generate(o) {
		var rec named
		if err := json.Unmarshal(f.Body, &rec); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if names[f.Name] || f.At.Before(last) {
			t.Errorf("%s appears twice, or at %v after %v", f.Name, f.At, last)
		}
		names[f.Name], last = true, f.At
		kinds[f.Kind]++
		if f.Kind == KindScan && (len(f.Truth) != len(rec.Prints) || rec.Found != len(rec.Prints)) {
			t.Errorf("%s: %d truths, %d findings, issues_found %d", f.Name, len(f.Truth), len(rec.Prints), rec.Found)
		}
	}
	if kinds[KindScan] < 280 || kinds[KindDispatch] == 0 || kinds[KindVerification] == 0 {
		t.Errorf("kinds: %v", kinds)
	}
}

// TestDisturbances asks for each disturbance alone and looks for its trace.
func TestDisturbances(t *testing.T) {
	type trace struct{ moved, renamed, rehashed, twins, withoutFindings, reduced, back, late, files int }
	look := func(d Disturbances) (tr trace) {
		type place struct {
			print, file string
			line, scan  int
		}
		seen, scans, newest := map[string]place{}, map[string]int{}, map[string]time.Time{}
		for f := range Generate(Options{Seed: 4, Repos: 20, FindingsPerScan: 40, Disturb: d}) {
			if f.Kind != KindScan {
				continue
			}
			var rec named
			if err := json.Unmarshal(f.Body, &rec); err != nil {
				t.Fatal(err)
			}
			tr.files++
			if rec.At.Before(newest[f.Repo]) {
				tr.late++
				continue
			}
			newest[f.Repo] = rec.At
			if f.ScopeReduced {
				tr.reduced++
				continue
			}
			if rec.Found > 0 && f.Truth == nil {
				tr.withoutFindings++
				continue
			}
			scans[f.Repo]++
			prints := map[string]bool{}
			for n, p := range rec.Prints {
				if prints[p.Print] {
					tr.twins++
				}
				prints[p.Print] = true
				was, known := seen[f.Truth[n]]
				if known {
					tr.moved += b2i(p.Line != was.line)
					tr.renamed += b2i(p.File != was.file)
					tr.rehashed += b2i(p.Print[:16] != was.print[:16])
					tr.back += b2i(was.scan < scans[f.Repo]-1)
				}
				seen[f.Truth[n]] = place{p.Print, p.File, p.Line, scans[f.Repo]}
			}
		}
		return tr
	}
	if calm := look(Disturbances{}); calm != (trace{files: calm.files}) || calm.files != 600 {
		t.Errorf("undisturbed: %+v", calm)
	}
	for name, d := range map[string]Disturbances{
		"shifts": {Shifts: 0.2}, "renames": {Renames: 0.2}, "algorithm": {Algorithm: 1}, "duplicates": {Duplicates: 0.2},
		"unnamed": {WithoutFindings: 0.1}, "narrowed": {ScopeReduced: 0.1}, "reopenings": {Reopenings: 0.5}, "late": {Late: 0.1}, "missing": {Missing: 0.1},
	} {
		got := look(d)
		trail := map[string]bool{
			"shifts": got.moved > 0, "renames": got.renamed > 0, "algorithm": got.rehashed > 0, "duplicates": got.twins > 0,
			"unnamed": got.withoutFindings > 0, "narrowed": got.reduced > 0, "reopenings": got.back > 0, "late": got.late > 0, "missing": got.files < 600,
		}
		for other, left := range trail {
			if left != (other == name) {
				t.Errorf("%s: trace of %s is %v: %+v", name, other, left, got)
			}
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestGenerateStartsAnew(t *testing.T) {
	files := Generate(Options{Seed: 2, Repos: 3, Disturb: Believable()})
	var first, second []string
	for f := range files {
		first = append(first, f.Name+string(f.Body))
	}
	for f := range files {
		second = append(second, f.Name+string(f.Body))
	}
	if len(first) == 0 || !slices.Equal(first, second) {
		t.Error("two readings of one sequence differ")
	}
}

func BenchmarkGenerate(b *testing.B) {
	files, bytes := 0, 0
	for b.Loop() {
		for f := range Generate(Options{Seed: 1, Repos: 100, ScansPerRepo: 100, FindingsPerScan: 40, Disturb: Believable()}) {
			files++
			bytes += len(f.Body)
		}
	}
	b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(bytes)/float64(files), "bytes/file")
}

// TestFingerprints: what fingerprints are made of, and what changes them.
func TestFingerprints(t *testing.T) {
	type change struct{ edited, withFile, blank int }
	look := func(d Disturbances) (c change) {
		type place struct{ print, file string }
		seen := map[string]place{}
		for f := range Generate(Options{Seed: 4, Repos: 10, FindingsPerScan: 40, Disturb: d}) {
			var rec named
			if err := json.Unmarshal(f.Body, &rec); err != nil || f.Kind != KindScan {
				continue
			}
			for n, p := range rec.Prints {
				was, known := seen[f.Truth[n]]
				c.blank += b2i(p.Print == "")
				c.edited += b2i(known && p.Print != was.print && p.File == was.file)
				c.withFile += b2i(known && p.Print != was.print && p.File != was.file)
				seen[f.Truth[n]] = place{p.Print, p.File}
			}
		}
		return c
	}
	if c := look(Disturbances{Edits: 0.05}); c.edited == 0 || c.withFile > 0 || c.blank > 0 {
		t.Errorf("edited lines: %+v", c)
	}
	if c := look(Disturbances{Renames: 0.3}); c != (change{}) {
		t.Errorf("renames: %+v", c)
	}
	if c := look(Disturbances{Renames: 0.3, PathFingerprints: 1}); c.withFile == 0 || c.edited > 0 || c.blank > 0 {
		t.Errorf("renames with the path in the fingerprint: %+v", c)
	}
	if c := look(Disturbances{NoFingerprints: 1}); c.blank == 0 || c.edited > 0 || c.withFile > 0 {
		t.Errorf("no fingerprints: %+v", c)
	}
}
