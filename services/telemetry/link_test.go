package telemetry

import (
	"fmt"
	"slices"
	"testing"
)

func TestLinkAll(t *testing.T) {
	pr := func(n int64) PullRef { return PullRef{"O/R", n} }
	other := PullRef{"x/other", 1}
	session := func(id string) LinkSession { return LinkSession{ID: id, Repos: []string{"o/r", "fork/r"}} }
	with := func(s LinkSession, change func(*LinkSession)) LinkSession { change(&s); return s }
	devin := func(n int64) func(*LinkSession) { return func(s *LinkSession) { s.Devin = []PullRef{pr(n)} } }
	verified := func(n int64) func(*LinkSession) { return func(s *LinkSession) { s.Verified = []PullRef{pr(n)} } }
	recorded := func(n int64) func(*LinkSession) { return func(s *LinkSession) { s.Recorded = []PullRef{pr(n)} } }
	took := func(ids ...string) func(*LinkSession) { return func(s *LinkSession) { s.IssueIDs = ids } }
	for _, c := range []struct {
		name     string
		sessions []LinkSession
		pulls    []LinkPull
		want     []string
	}{
		{"Devin before verification", []LinkSession{with(with(session("a"), devin(1)), verified(1))}, nil, []string{"o/r#1 a devin"}},
		{"verification before record", []LinkSession{with(with(session("b"), recorded(1)), verified(1))}, nil, []string{"o/r#1 b verification"}},
		{"what is stated of two sessions holds of both", []LinkSession{with(session("a"), recorded(1)), with(session("b"), verified(1)), with(session("c"), devin(1))},
			nil, []string{"o/r#1 a record", "o/r#1 b verification", "o/r#1 c devin"}},
		{"record before the session's id", []LinkSession{with(session("a"), recorded(1)), session("b")}, []LinkPull{{Ref: pr(1), Tokens: []string{"b"}}}, []string{"o/r#1 a record"}},
		{"the session's id before issue ids", []LinkSession{session("a"), with(session("b"), took("CQLF-R1-0001"))}, []LinkPull{{Ref: pr(1), Tokens: []string{"a"}, IssueIDs: []string{"CQLF-R1-0001"}}}, []string{"o/r#1 a session_id"}},
		{"issue ids", []LinkSession{with(session("a"), took("cqlf-r1-0001"))}, []LinkPull{{Ref: pr(1), IssueIDs: []string{"CQLF-R1-0001"}}}, []string{"o/r#1 a issue_id"}},
		{"in the fork too", []LinkSession{with(session("a"), took("CQLF-R1-0001"))}, []LinkPull{{Ref: PullRef{"Fork/R", 4}, IssueIDs: []string{"CQLF-R1-0001"}}}, []string{"fork/r#4 a issue_id"}},
		{"the two series are independent", []LinkSession{with(session("a"), took("CQLF-ALL-R1-0001"))}, []LinkPull{{Ref: pr(1), IssueIDs: []string{"CQLF-R1-0001"}}}, nil},
		{"another run's number", []LinkSession{with(session("a"), took("CQLF-R2-0001"))}, []LinkPull{{Ref: pr(1), IssueIDs: []string{"CQLF-R1-0001"}}}, nil},
		{"issue ids in a foreign repository", []LinkSession{with(session("a"), took("CQLF-R1-0001"))}, []LinkPull{{Ref: other, IssueIDs: []string{"CQLF-R1-0001"}}}, nil},
		{"blank issue ids fit nothing", []LinkSession{with(session("a"), took("", " "))}, []LinkPull{{Ref: pr(1), IssueIDs: []string{""}}}, nil},
		{"a session's id holds anywhere", []LinkSession{session("a")}, []LinkPull{{Ref: other, Tokens: []string{"zzz", "a"}}}, []string{"x/other#1 a session_id"}},
		{"two ids in one text: both are shown", []LinkSession{session("a"), session("b")}, []LinkPull{{Ref: pr(1), Tokens: []string{"b", "a"}}}, []string{"o/r#1 a session_id?", "o/r#1 b session_id?"}},
		{"two sessions took the issue: both are shown", []LinkSession{with(session("b"), took("CQLF-R1-0001")), with(session("a"), took("CQLF-R1-0001", "CQLF-R1-0002"))},
			[]LinkPull{{Ref: pr(1), IssueIDs: []string{"CQLF-R1-0001"}}}, []string{"o/r#1 a issue_id?", "o/r#1 b issue_id?"}},
		{"one session by two ids is no guess", []LinkSession{with(session("a"), took("CQLF-R1-0001", "CQLF-R1-0002"))},
			[]LinkPull{{Ref: pr(1), IssueIDs: []string{"CQLF-R1-0001", "CQLF-R1-0002"}}}, []string{"o/r#1 a issue_id"}},
		{"a session with two pull requests", []LinkSession{with(with(session("a"), devin(1)), recorded(2))}, nil, []string{"o/r#1 a devin", "o/r#2 a record"}},
		{"one named twice", []LinkSession{with(with(session("a"), devin(1)), recorded(1))}, []LinkPull{{Ref: pr(1), Tokens: []string{"a"}}}, []string{"o/r#1 a devin"}},
		{"nothing", nil, []LinkPull{{Ref: pr(1), Tokens: []string{"a"}}}, nil},
	} {
		var got []string
		for _, l := range LinkAll(c.sessions, c.pulls) {
			mark := ""
			if l.Ambiguous {
				mark = "?"
			}
			got = append(got, fmt.Sprintf("%s %s %s%s", l.Pull, l.Session, l.Basis, mark))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
