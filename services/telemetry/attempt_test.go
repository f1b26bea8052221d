package telemetry

import (
	"fmt"
	"slices"
	"testing"
)

// TestAttempts: which issues a session worked on (docs/rules.md#which-issues-a-session-took) is told by an id
// that the same record's findings have, whole and in any case.
func TestAttempts(t *testing.T) {
	const session = `[{"session_id":"devin-A1","batch_id":2,"issue_ids":[%s]}]`
	findings := `[{"id":"CQLF-R7-0001","fingerprint":"a","rule_id":"r","file":"x"},{"id":"CQLF-ALL-R7-0002","fingerprint":"b","rule_id":"r","file":"y"},{"id":"CQLF-R7-0001","fingerprint":"c","rule_id":"r","file":"z"},{"id":"","fingerprint":"d"}]`
	for name, c := range map[string]struct {
		ids  string
		want []string
	}{
		"the same id":                  {`"CQLF-ALL-R7-0002"`, []string{"b"}},
		"in any case":                  {`" cqlf-all-r7-0002 "`, []string{"b"}},
		"an id that two findings have": {`"CQLF-R7-0001"`, []string{"a", "c"}},
		"the other series":             {`"CQLF-R7-0002"`, nil},
		"a number written otherwise":   {`"CQLF-R7-1"`, nil},
		"blank ids":                    {`"", " "`, nil},
		"several":                      {`"CQLF-ALL-R7-0002","CQLF-R9-0001","CQLF-R7-0001"`, []string{"b", "a", "c"}},
	} {
		rec := parse(t, with("issue_fingerprints", findings))
		rec.Sessions = parse(t, with("sessions", fmt.Sprintf(session, c.ids))).Sessions
		var got []string
		for _, take := range rec.Attempts() {
			got = append(got, take.Finding.Fingerprint)
			if take.Session != "a1" || take.Batch != 2 || rec.Findings[take.Index] != take.Finding {
				t.Errorf("%s: %+v", name, take)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: took %q, want %q", name, got, c.want)
		}
	}
	for id, want := range map[string]int{"": 1, "dry-run": 0} { // of one that never started, what it was to work on
		rec := parse(t, goodScan)
		rec.Sessions[0].ID = id
		if got := rec.Attempts(); len(got) != want || want > 0 && got[0].Session != "" {
			t.Errorf("a session %q took %v", id, got)
		}
	}
}

// TestRealAttempts: in runs 33, 34 and 37 the sessions' ids, 31 of them, name no
// finding of their own record; elsewhere each names one.
func TestRealAttempts(t *testing.T) {
	nameless := map[int64]int{}
	for name, rec := range realRecords(t) {
		if rec.Kind != KindScan || len(rec.Findings) == 0 {
			continue
		}
		for _, s := range rec.Sessions {
			for _, id := range s.IssueIDs {
				if IssueKey(id) != "" && !slices.ContainsFunc(rec.Findings, func(f Finding) bool { return IssueKey(f.IssueID) == IssueKey(id) }) {
					nameless[rec.RunNumber]++
				}
			}
			if took := slices.ContainsFunc(rec.Attempts(), func(take Attempt) bool { return take.Session == SessionKey(s.ID) }); took && nameless[rec.RunNumber] > 0 {
				t.Errorf("%s: a session of run %d took something by an id that names nothing", name, rec.RunNumber)
			}
		}
	}
	sum, runs := 0, []int64{}
	for run, n := range nameless {
		sum += n
		runs = append(runs, run)
	}
	slices.Sort(runs)
	if sum != 31 || !slices.Equal(runs, []int64{33, 34, 37}) {
		t.Errorf("ids that name nothing: %v; want 31 in runs 33, 34 and 37", nameless)
	}
}

func TestFixRate(t *testing.T) {
	for _, c := range []struct {
		merged, total int64
		want          float64
	}{{0, 0, 0}, {0, 3, 0}, {1, 3, 33.3}, {2, 3, 66.7}, {1, 8, 12.5}, {1, 16, 6.3}, {3, 3, 100}, {1, 2000, 0.1}, {1, 2001, 0}} {
		if got := (PullCounts{Total: c.total, Merged: c.merged}).FixRate(); got != c.want {
			t.Errorf("%d of %d is %v, want %v", c.merged, c.total, got, c.want)
		}
	}
}
