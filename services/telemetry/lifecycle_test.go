package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAttemptsByTheWholeID: a session worked on what its own record's findings call by the same
// id, as a whole; equal numbers of another series are other findings.
func TestAttemptsByTheWholeID(t *testing.T) {
	rec := &Record{Kind: KindScan, Findings: []Finding{{IssueID: "CQLF-R34-0001", Fingerprint: "a"}, {IssueID: "CQLF-ALL-R34-0002", Fingerprint: "b"}, {IssueID: "", Fingerprint: "c"}, {IssueID: "CQLF-R34-0001", Fingerprint: "d"}}}
	for _, c := range []struct {
		name, session string
		ids           []string
		indexes       []int
	}{
		{"the same id", "devin-1", []string{"CQLF-R34-0001"}, []int{0, 3}},
		{"in another case", "devin-1", []string{" cqlf-r34-0001 "}, []int{0, 3}},
		{"the other series", "devin-1", []string{"CQLF-R34-0002"}, nil},
		{"blank", "devin-1", []string{"", " "}, nil},
		{"a dry run", DryRunID, []string{"CQLF-R34-0001"}, nil},
		{"never started, so that nobody took them", "", []string{"CQLF-R34-0001"}, []int{0, 3}},
	} {
		rec.Sessions = []RecordedSession{{ID: c.session, BatchID: 7, IssueIDs: c.ids}}
		var indexes []int
		for _, take := range rec.Attempts() {
			indexes = append(indexes, take.Index)
			if take.Session != SessionKey(c.session) || take.Batch != 7 || take.Result != VerifiedNone {
				t.Errorf("%s: %+v", c.name, take)
			}
		}
		if !slices.Equal(indexes, c.indexes) {
			t.Errorf("%s: places %v, want %v", c.name, indexes, c.indexes)
		}
	}
	v := &Record{Kind: KindVerification, Verification: &Verification{SessionID: "s", Fixed: []Finding{{Fingerprint: "a"}}, StillPresent: []Finding{{Fingerprint: "b"}}}}
	if attempts := v.Attempts(); len(attempts) != 2 || attempts[0].Result != VerifiedFixed || attempts[1].Result != VerifiedPresent {
		t.Errorf("a verification: %+v", attempts)
	}
}

func TestIssueIDRun(t *testing.T) {
	for id, want := range map[string]int64{"CQLF-R34-0010": 34, "cqlf-all-r61-0002": 61, "CQLF-R-1": -1, "CQLF-34-1": -1, "x CQLF-R34-0010": -1, "CQLF-R99999999999999999999-1": -1, "": -1} {
		run, ok := IssueIDRun(id)
		if ok != (want >= 0) || (ok && run != want) {
			t.Errorf("%q: %d %v, want %d", id, run, ok, want)
		}
	}
}

func TestVerificationOutcome(t *testing.T) {
	for _, c := range []struct {
		name string
		c    VerificationFacts
		want VerificationOutcome
	}{
		{"nothing targeted", VerificationFacts{Fixed: 3, Gone: 3, Merge: MergeDone}, VerificationInconclusive},
		{"none fixed", VerificationFacts{Targeted: 2, Remaining: 2, Merge: MergeDone}, VerificationFailed},
		{"some fixed", VerificationFacts{Targeted: 2, Fixed: 1, Remaining: 1, Gone: 1, Merge: MergeDone}, VerificationPartial},
		{"all fixed, something remains", VerificationFacts{Targeted: 2, Fixed: 2, Remaining: 1, Gone: 2, Merge: MergeDone}, VerificationPartial},
		{"not merged", VerificationFacts{Targeted: 1, Fixed: 1, Gone: 1, Merge: MergeNot}, VerificationNotMerged},
		{"closed without a merge", VerificationFacts{Targeted: 1, Fixed: 1, Gone: 1, Merge: MergeClosed, Rescanned: true}, VerificationClosed},
		{"partial, and closed", VerificationFacts{Targeted: 2, Fixed: 1, Gone: 1, Merge: MergeClosed}, VerificationPartial},
		{"merged, no scan since", VerificationFacts{Targeted: 1, Fixed: 1, StillThere: 1, Merge: MergeDone}, VerificationNotRescanned},
		{"merged and gone", VerificationFacts{Targeted: 1, Fixed: 1, Gone: 1, Merge: MergeDone, Rescanned: true}, VerificationGone},
		{"merge unknown and gone", VerificationFacts{Targeted: 1, Fixed: 1, Gone: 1, Merge: MergeUnknown}, VerificationGone},
		{"merged, one still there", VerificationFacts{Targeted: 5, Fixed: 5, Gone: 1, StillThere: 4, Merge: MergeDone, Rescanned: true}, VerificationStillThere},
		{"one still there, one not found", VerificationFacts{Targeted: 2, Fixed: 2, StillThere: 1, Unmatched: 1, Merge: MergeDone, Rescanned: true}, VerificationStillThere},
		{"one gone, one not found", VerificationFacts{Targeted: 2, Fixed: 2, Gone: 1, Unmatched: 1, Merge: MergeDone, Rescanned: true}, VerificationInconclusive},
		{"it names nothing", VerificationFacts{Targeted: 2, Fixed: 2, Merge: MergeDone}, VerificationInconclusive},
	} {
		if got := c.c.Outcome(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCorrectIDs(t *testing.T) {
	for _, c := range []struct {
		name                  string
		ids, titled, verified []string
		want                  []string
		reason                string
	}{
		{"nothing blank", []string{"A"}, []string{"B"}, []string{"C"}, []string{"A"}, ""},
		{"blank, titled", []string{"", " "}, []string{"B", "b"}, []string{"C"}, []string{"B"}, "title of pull request #4"},
		{"none given, titled", []string{}, []string{"B"}, nil, []string{"B"}, "title of pull request #4"},
		{"blank, verified", []string{""}, nil, []string{"C"}, []string{"C"}, "verification record"},
		{"one blank, both titled", []string{"A", ""}, []string{"a", "B"}, nil, []string{"A", "B"}, "title of pull request #4"},
		{"blank, nothing names them", []string{"", "A"}, nil, nil, []string{"A"}, "blank ids removed; nothing names"},
		{"none given, none named", []string{}, nil, nil, []string{}, "nothing names"},
	} {
		got, reason := CorrectIDs(c.ids, 4, c.titled, c.verified)
		if !slices.Equal(got, c.want) || got == nil || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %q (%s), want %q (%s)", c.name, got, reason, c.want, c.reason)
		}
	}
}

// TestTimeline: each step stands in its place and names what is behind it.
func TestTimeline(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 2, n, 10, 0, 0, 0, time.UTC) }
	mark := func(n int, reduced bool) ScanPoint {
		return ScanPoint{ScanPosition{At: At(day(n)), File: fmt.Sprintf("%d.json", n), Run: int64(n)}, reduced, false}
	}
	seen := func(n int, file string, line int64, basis Basis) Appearance {
		return Appearance{RunFile: fmt.Sprintf("%d.json", n), RunNumber: int64(n), At: At(day(n)), File: file, Line: line, Basis: basis}
	}
	issue := IssueDetail{
		Appearances: []Appearance{seen(1, "a.go", 5, BasisNew), seen(2, "a.go", 7, BasisNear), seen(6, "b.go", 0, BasisReopenedByFingerprint)},
		Attempts:    []AttemptRow{{Session: "devin-s", Basis: AttemptRecord, BatchID: 3, File: "2.json", RunNumber: 2, At: At(day(2))}},
	}
	issue.FirstSeen, issue.StoreID = FirstSeen{At: At(day(1)), File: "1.json", Run: 1}, 9
	issue.Verifications = []VerificationRow{{File: "v.json", At: At(day(3).Add(2 * time.Hour)), Session: "devin-s", SourceRun: 2, Outcome: VerificationStillThere, Issues: []VerifiedIssue{{IssueRow: IssueRow{Issue: Issue{StoreID: 9}}, Result: VerifiedFixed}}}}
	pulls := []PullRow{{Number: 4, Session: "devin-s", State: "closed", Merged: true, CreatedAt: TextTime{At(day(2).Add(time.Hour))}, MergedAt: At(day(3))}, {Number: 5, Session: "devin-s", State: "unknown"}}
	var got []string
	for _, s := range Timeline(issue, []ScanPoint{mark(1, false), mark(2, false), mark(3, true), mark(4, true), mark(5, false), mark(6, false)}, pulls) {
		got = append(got, fmt.Sprintf("%s %s %s", s.Kind, s.RunFile, s.Text))
	}
	want := []string{
		"first_seen 1.json First seen in run 1, at a.go:5.",
		"moved 2.json Moved from a.go:5 to a.go:7 (matched by rule and file).",
		"taken 2.json Assigned to session devin-s (batch 3).",
		"pr_opened  Pull request #5 is named; not fetched from GitHub yet.",
		"pr_opened  Pull request #4 was opened.",
		"not_scanned 3.json Not scanned: run 3 covered less than the one before and closed nothing.",
		"merged  Pull request #4 was merged.",
		"verified v.json The re-scan of the fix no longer found it.",
		"gone 5.json Fixed: run 5 no longer found it.",
		"back 6.json Reopened: run 6 found it again, at b.go (reopened by fingerprint).",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
