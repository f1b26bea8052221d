package telemetry

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// oddNames are names and ids that are easily read twice, or taken for another.
func oddNames() []string {
	return []string{
		"", " ", "o/r", "0/0.GIT.GIT", "o/.git", "o/..git", "o/r.git/", "//o/r.git//", "git@h:o/r.git.git", "git@git@h:o/r",
		"https://h/o/r%2Egit", "HTTPS://h/O/R.GIT", "https://h/o/r.git.git/pull/1", "\u00a0o/r\u2003", "o/r\x00", "o/\u212A",
		"devin-devin-x", "devin- x", "devin-", "devin-devin-", " devin-x", "DEVIN-X", "dev\u0130n-x", "devin-dry-run",
		"devin-devin-dry-run", "dry-run", "\xffdevin-x", "devin-\xff", "CQLF-R34-0010", " cqlf-all-r61-0002 ",
		"CQLF-\u017F-R1-1", "cqlf-r1-1,cqlf-R1-1", "https://api.github.com/repos/o/r/pulls/12",
		"https://api.api.h/repos/o/r/pulls/12", "https://api.h/o/r/pull/12", "https://h/o/r/pull/+12",
		"https://h/o/r/pull/012", "https://[::1]:80/o/r/pull/1", "https://h%c3%a4/o/r/pull/1",
		"https://u:p@h/o/r/pull/9223372036854775807", "http://api./repos/o/r/pull/1", "http://api.:80/repos/o/r/pull/1",
		"o/r#12", "#12", "o/r.git#12", "12", "/sessions/devin-devin-x",
		"devin-\u212A1 0123456789abcdef0", "devin-a-b-c_d",
	}
}

// FuzzNames: what was read of a name, an id or an address reads as the same
// again, and nothing becomes an id or a name but by dropping what is dropped
// of all of them.
func FuzzNames(f *testing.F) {
	for _, name := range oddNames() {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, s string) {
		stable := func(what string, once, twice any) {
			if once != twice {
				t.Errorf("%s of %q is %q, and of that %q", what, s, once, twice)
			}
		}
		repo := ParseRepo(s)
		stable("repository", repo, ParseRepo(string(repo)))
		stable("repository's key", repo.Key(), ParseRepo(repo.Key()).Key())
		if !contains(s, string(repo)) {
			t.Errorf("%q is repository %q", s, repo)
		}
		key := SessionKey(s)
		stable("session", key, SessionKey(key))
		if key != "" && !contains(s, key) {
			t.Errorf("%q is session %q", s, key)
		}
		if good := key != "" && !strings.HasPrefix(key, "devin-") && utf8.ValidString(s); good && SessionKey("devin-"+key) != key {
			t.Errorf("session devin-%s is %q", key, SessionKey("devin-"+key))
		}
		stable("issue id", IssueKey(s), IssueKey(IssueKey(s)))
		for _, id := range IssueIDs(s) {
			stable("issue id", id, IssueKey(id))
			if !slices.Equal(IssueIDs(id), []string{id}) || !contains(s, id) {
				t.Errorf("%q names %q, which names %q", s, id, IssueIDs(id))
			}
		}
		for _, token := range SessionTokens(s) {
			stable("session", token, lowerASCII(token))
			if !contains(s, token) {
				t.Errorf("%q names session %q", s, token)
			}
		}
		ref, address := ParsePullURL(s)
		again, same := ParsePullURL(address)
		stable("pull request", ref, again)
		stable("pull request's address", address, same)
		if again, ok := PullOf(ref.Key()); ref.Number > 0 && (!ok || again.Key() != ref.Key()) {
			t.Errorf("%s is read as %s", ref.Key(), again.Key())
		}
		for _, most := range []int{mostName, mostPath} {
			stable("cut text", bounded(cleanText(s), most), bounded(cleanText(bounded(cleanText(s), most)), most))
		}
	})
}

// contains reports whether part stands in s as it is, but for the case of ASCII
// letters and for bytes that are no text.
func contains(s, part string) bool {
	if strings.Contains(s, "%") {
		return true // escaped in an address
	}
	return strings.Contains(lowerASCII(s), lowerASCII(part))
}
