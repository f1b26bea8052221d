package telemetry

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// realRecords reads the records of REAL_RUNS, by file name.
func realRecords(t *testing.T) map[string]*Record {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no records in %s: %v", dir, err)
	}
	records := map[string]*Record{}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := ParseRecord(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		records[filepath.Base(name)] = rec
	}
	return records
}

// replay folds the scans of each repository, by repository key.
func replay(t *testing.T, records map[string]*Record) map[string]*Ledger {
	t.Helper()
	scans := map[string][]Scan{}
	for name, rec := range records {
		if rec.Kind == KindScan {
			key := rec.Repo.Key()
			scans[key] = append(scans[key], Scan{Place: Place{rec.Timestamp, name, rec.RunNumber}, Findings: rec.Findings, HasFindings: rec.HasFindings()})
		}
	}
	ledgers := map[string]*Ledger{}
	for key, list := range scans {
		slices.SortFunc(list, func(a, b Scan) int { return a.Compare(b.Place) })
		l := &Ledger{Repo: RepoName(key)}
		for _, s := range list {
			if _, err := l.Apply(s); err != nil {
				t.Fatal(err)
			}
		}
		ledgers[key] = l
	}
	return ledgers
}

func TestRealRecords(t *testing.T) {
	records := realRecords(t)
	kinds := map[Kind]int{}
	var found int64
	sessions := map[string]bool{}
	for _, rec := range records {
		kinds[rec.Kind]++
		found += rec.IssuesFound
		for _, s := range rec.Sessions {
			if id := BareID(s.ID); id != "" {
				sessions[id] = true
			}
		}
	}
	if kinds[KindScan] != 39 || kinds[KindDispatch] != 9 || kinds[KindVerification] != 6 {
		t.Errorf("kinds: %v", kinds)
	}
	if found != 1585 || len(sessions) != 32 {
		t.Errorf("found %d findings and %d sessions, want 1585 and 32", found, len(sessions))
	}
	open, all := map[string]int{}, 0
	for key, l := range replay(t, records) {
		open[key] = len(l.Open)
		all += len(l.Open)
		for _, closed := range l.places {
			all += len(closed)
		}
	}
	if want := []int{10, 87, 1, 0}; cmp.Compare(open["marius-posa/codeql-devin-fixer"], want[0]) != 0 || open["marius-posa/juice-shop"] != want[1] || open["marius-posa/dvpwa"] != want[2] || open["marius-posa/hypnospy"] != want[3] {
		t.Errorf("open: %v", open)
	}
	if all != 132 {
		t.Errorf("%d issues, want 132", all)
	}
}
