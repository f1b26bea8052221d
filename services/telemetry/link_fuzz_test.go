package telemetry

import (
	"slices"
	"strings"
	"testing"
)

// FuzzLinks: links join what was given, each pair once, in order, and do not
// depend on the order in which sessions and pull requests come.
func FuzzLinks(f *testing.F) {
	f.Add("a\x00b\x00c", "https://github.com/o/r/pull/1 CQLF-R1-0001 devin-a", byte(3))
	f.Add("devin-devin-x", "devin-devin-x cqlf-all-r1-1 Revert", byte(255))
	f.Fuzz(func(t *testing.T, ids, text string, how byte) {
		var sessions []LinkSession
		ref := PullRef{Repo: "o/r", Number: int64(how%3) + 1}
		for n, id := range strings.Split(ids, "\x00") {
			s := LinkSession{ID: SessionKey(id), Repos: []string{"o/r"}, IssueIDs: IssueIDs(text)}
			if slices.ContainsFunc(sessions, func(o LinkSession) bool { return o.ID == s.ID }) || n > 20 {
				continue
			}
			for bit, list := range []*[]PullRef{&s.Devin, &s.Verified, &s.Recorded} {
				if int(how)>>bit&1 == n&1 {
					*list = []PullRef{ref, ParsePull(text)}
				}
			}
			sessions = append(sessions, s)
		}
		pulls := []LinkPull{
			{Ref: ref, IssueIDs: IssueIDs(text), Tokens: SessionTokens(text, ids)},
			{Ref: PullRef{Repo: "o/r", Number: 9}, IssueIDs: IssueIDs(text), Tokens: SessionTokens(text)},
		}
		links := LinkAll(sessions, pulls)
		for n, l := range links {
			if n > 0 && (links[n-1].Pull > l.Pull || links[n-1].Pull == l.Pull && links[n-1].Session >= l.Session) {
				t.Errorf("%v comes after %v", l, links[n-1])
			}
			known := slices.ContainsFunc(sessions, func(s LinkSession) bool { return s.ID == l.Session })
			if l.Basis.Rank() < 0 || l.Ambiguous && l.Basis.stated() || !known {
				t.Errorf("a link of nothing: %+v", l)
			}
		}
		slices.Reverse(sessions)
		slices.Reverse(pulls)
		if again := LinkAll(sessions, pulls); !slices.Equal(again, links) {
			t.Errorf("another order gives other links:\n%v\n%v", again, links)
		}
	})
}
