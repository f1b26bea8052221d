package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTakesByTheWholeID: a session took what its own record's findings call by the same
// id, as a whole; equal numbers of another series are other findings.
func TestTakesByTheWholeID(t *testing.T) {
	rec := &Record{Kind: KindScan, Findings: []Finding{{IssueID: "CQLF-R34-0001", Fingerprint: "a"}, {IssueID: "CQLF-ALL-R34-0002", Fingerprint: "b"}, {IssueID: "", Fingerprint: "c"}, {IssueID: "CQLF-R34-0001", Fingerprint: "d"}}}
	for _, c := range []struct {
		name, session string
		ids           []string
		places        []int
	}{
		{"the same id", "devin-1", []string{"CQLF-R34-0001"}, []int{0, 3}},
		{"in another case", "devin-1", []string{" cqlf-r34-0001 "}, []int{0, 3}},
		{"the other series", "devin-1", []string{"CQLF-R34-0002"}, nil},
		{"blank", "devin-1", []string{"", " "}, nil},
		{"a dry run", DryRunID, []string{"CQLF-R34-0001"}, nil},
		{"never started", "", []string{"CQLF-R34-0001"}, nil},
	} {
		rec.Sessions = []RecordedSession{{ID: c.session, BatchID: 7, IssueIDs: c.ids}}
		var places []int
		for _, take := range rec.Takes() {
			places = append(places, take.Place)
			if take.Session != "1" || take.Batch != 7 || take.Claim != ClaimNone {
				t.Errorf("%s: %+v", c.name, take)
			}
		}
		if !slices.Equal(places, c.places) {
			t.Errorf("%s: places %v, want %v", c.name, places, c.places)
		}
	}
	v := &Record{Kind: KindVerification, Verification: &Verification{SessionID: "s", Fixed: []Finding{{Fingerprint: "a"}}, StillPresent: []Finding{{Fingerprint: "b"}}}}
	if takes := v.Takes(); len(takes) != 2 || takes[0].Claim != ClaimFixed || takes[1].Claim != ClaimStill {
		t.Errorf("a verification: %+v", takes)
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

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Claimed
		want Verdict
	}{
		{"nothing targeted", Claimed{Fixed: 3, Gone: 3, Merge: MergeDone}, VerdictInconclusive},
		{"none fixed", Claimed{Targeted: 2, Remaining: 2, Merge: MergeDone}, VerdictFailed},
		{"some fixed", Claimed{Targeted: 2, Fixed: 1, Remaining: 1, Gone: 1, Merge: MergeDone}, VerdictPartial},
		{"all fixed, something remains", Claimed{Targeted: 2, Fixed: 2, Remaining: 1, Gone: 2, Merge: MergeDone}, VerdictPartial},
		{"not merged", Claimed{Targeted: 1, Fixed: 1, Gone: 1, Merge: MergeNot}, VerdictNotMerged},
		{"merged and gone", Claimed{Targeted: 1, Fixed: 1, Gone: 1, Merge: MergeDone}, VerdictGone},
		{"merge unknown and gone", Claimed{Targeted: 1, Fixed: 1, Gone: 1, Merge: MergeUnknown}, VerdictGone},
		{"merged, one still there", Claimed{Targeted: 5, Fixed: 5, Gone: 1, StillThere: 4, Merge: MergeDone}, VerdictStillThere},
		{"one still there, one not found", Claimed{Targeted: 2, Fixed: 2, StillThere: 1, Unmatched: 1, Merge: MergeDone}, VerdictStillThere},
		{"one gone, one not found", Claimed{Targeted: 2, Fixed: 2, Gone: 1, Unmatched: 1, Merge: MergeDone}, VerdictInconclusive},
		{"it names nothing", Claimed{Targeted: 2, Fixed: 2, Merge: MergeDone}, VerdictInconclusive},
	} {
		if got := c.c.Verdict(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestMendIDs(t *testing.T) {
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
		got, reason := MendIDs(c.ids, 4, c.titled, c.verified)
		if !slices.Equal(got, c.want) || got == nil || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %q (%s), want %q (%s)", c.name, got, reason, c.want, c.reason)
		}
	}
}

// TestTimeline: each step stands in its place and names what is behind it.
func TestTimeline(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 2, n, 10, 0, 0, 0, time.UTC) }
	mark := func(n int, reduced bool) ScanMark {
		return ScanMark{Place{At: At(day(n)), File: fmt.Sprintf("%d.json", n), Run: int64(n)}, reduced}
	}
	seen := func(n int, file string, line int64, basis Basis) Appearance {
		return Appearance{RunFile: fmt.Sprintf("%d.json", n), RunNumber: int64(n), At: At(day(n)), File: file, Line: line, Basis: basis}
	}
	issue := IssueDetail{
		Appearances: []Appearance{seen(1, "a.go", 5, BasisFirstSight), seen(2, "a.go", 7, BasisNear), seen(6, "b.go", 0, BasisBackPrint)},
		Attempts:    []Attempt{{Session: "devin-s", Basis: AttemptRecord, BatchID: 3, File: "2.json", RunNumber: 2, At: At(day(2))}},
	}
	issue.FirstSeen, issue.StoreID = FirstSeen{At: At(day(1)), File: "1.json", Run: 1}, 9
	issue.Verifications = []VerificationRow{{File: "v.json", At: At(day(3).Add(2 * time.Hour)), Session: "devin-s", SourceRun: 2, Verdict: VerdictStillThere, Issues: []VerifiedIssue{{IssueRow: IssueRow{Issue: Issue{StoreID: 9}}, Claim: ClaimFixed}}}}
	pulls := []PullRow{{Number: 4, Session: "devin-s", State: "closed", Merged: true, CreatedAt: At(day(2).Add(time.Hour)), MergedAt: At(day(3))}, {Number: 5, Session: "devin-s", State: "unknown"}}
	var got []string
	for _, s := range Timeline(issue, []ScanMark{mark(1, false), mark(2, false), mark(3, true), mark(4, true), mark(5, false), mark(6, false)}, pulls) {
		got = append(got, fmt.Sprintf("%s %s %s", s.Kind, s.RunFile, s.Text))
	}
	want := []string{
		"first_seen 1.json First seen in run 1, at a.go:5.",
		"moved 2.json Moved from a.go:5 to a.go:7 (matched by rule and file).",
		"taken 2.json Session devin-s took it (batch 3).",
		"pr_opened  Pull request #5 is named; GitHub was not asked about it yet.",
		"pr_opened  Pull request #4 was opened.",
		"not_scanned 3.json Not scanned: run 3 looked at less than the one before, and closed nothing.",
		"merged  Pull request #4 was merged.",
		"verified v.json The re-scan of the fix no longer found it.",
		"gone 5.json Gone: run 5 no longer names it.",
		"back 6.json Back: run 6 names it again, at b.go (reopened by fingerprint).",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
