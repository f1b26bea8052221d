package identity

import (
	"slices"
	"testing"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
	"telemetry-dashboard/services/telemetry/testsize"
)

// TestWorldShowsEveryStatus: the demo's records lead to issues of every
// status, and all but one of them parse.
func TestWorldShowsEveryStatus(t *testing.T) {
	for seed := range uint64(testsize.Of(t, "histories", 1, 4)) {
		scans, broken := map[string][]Scan{}, 0
		for _, f := range history.NewWorld(history.Options{Seed: seed, Disturb: history.Believable()}).Files() {
			rec, err := telemetry.ParseRecord(f.Body)
			switch {
			case err != nil:
				broken++
			case rec.Kind != telemetry.Kind(f.Kind):
				t.Errorf("%s is a %s, and was made as a %s", f.Name, rec.Kind, f.Kind)
			case rec.Kind == telemetry.KindScan:
				scans[rec.Repo.Key()] = append(scans[rec.Repo.Key()], scanOf(f.Name, rec))
			}
		}
		statuses := map[telemetry.Status]int{}
		for key, list := range scans {
			slices.SortFunc(list, func(a, b Scan) int { return a.Compare(b.ScanPosition) })
			l, every := &Ledger{Repo: telemetry.RepoName(key)}, map[*telemetry.Issue]bool{}
			for _, s := range list {
				out, err := l.Apply(s)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range out.Matches {
					every[m.Issue] = true
				}
			}
			for i := range every {
				statuses[i.Status]++
			}
		}
		for _, s := range telemetry.Statuses() {
			if s == telemetry.StatusRetired { // no scan says so
				continue
			}
			if statuses[s] == 0 {
				t.Errorf("seed %d: no issue is %s: %v", seed, s, statuses)
			}
		}
		if broken != 1 {
			t.Errorf("seed %d: %d records are broken, want 1", seed, broken)
		}
	}
}
