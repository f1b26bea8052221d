package parts

import (
	"net/url"
	"slices"
	"testing"
)

func TestSafeURL(t *testing.T) {
	for raw, want := range map[string]bool{"https://github.com/o/r": true, "http://x/": true, "/repo/o/r": true, "": false, "javascript:alert(1)": false, "JaVaScRiPt:alert(1)": false,
		"data:text/html,x": false, "//evil.example": false, `/\evil.example`: false, "https:///x": false, "mailto:a@b": false, "relative": false} {
		if got := SafeURL(raw); got != "" != want || want && got != raw {
			t.Errorf("%q: %q", raw, got)
		}
	}
}

func TestAddress(t *testing.T) {
	at := Address{Page: "/repo/o/r/issues", Panel: "/panels/issues", Scope: url.Values{"scope": {"o/r"}}, Query: url.Values{"sort": {"rule"}, "page": {"3"}}}
	for _, tc := range []struct{ got, want string }{
		{at.Href(), "/repo/o/r/issues?page=3&sort=rule"},
		{at.Href("page", "", "sort", ""), "/repo/o/r/issues"},
		{at.Href("q", Blank), "/repo/o/r/issues?page=3&q=&sort=rule"},
		{at.Get("page", "4"), "/panels/issues?page=4&scope=o%2Fr&sort=rule"},
		{at.Href(), "/repo/o/r/issues?page=3&sort=rule"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s, want %s", tc.got, tc.want)
		}
	}
	if got := at.kept("page"); !slices.Equal(got, []Field{{"sort", "rule"}}) {
		t.Errorf("kept: %v", got)
	}
}

func TestPager(t *testing.T) {
	for _, tc := range []struct {
		p        Pager
		from, to int
		window   []int
	}{
		{Pager{Page: 1, Pages: 1, PerPage: 50}, 0, 0, []int{1}},
		{Pager{Page: 2, Pages: 2, PerPage: 50, Total: 98}, 51, 98, []int{1, 2}},
		{Pager{Page: 10, Pages: 47, PerPage: 50, Total: 2314}, 451, 500, []int{1, 0, 9, 10, 11, 0, 47}},
	} {
		if tc.p.From() != tc.from || tc.p.To() != tc.to || !slices.Equal(tc.p.window(), tc.window) {
			t.Errorf("%+v: %d–%d %v", tc.p, tc.p.From(), tc.p.To(), tc.p.window())
		}
	}
}

func TestWords(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{Number(0), "0"}, {Number(999), "999"}, {Number(1585), "1,585"}, {Number(-1234567), "−1,234,567"},
		{Plural(1, "issue", ""), "1 issue"}, {Plural(2314, "issue", ""), "2,314 issues"}, {Plural(2, "repository", ""), "2 repositories"}, {Plural(3, "batch", "batches"), "3 batches"},
		{shortDirectory("src/main/java/io/northwind/claims/EventCodec.java", 24), "…/claims/"}, {shortDirectory("src/main/java/io/northwind/claims/EventCodec.java", 20), "…/"},
		{shortDirectory("routes/login.ts", 20), "routes/"}, {shortDirectory("server.ts", 20), ""}, {shortDirectory("a/b/aVeryLongNameOfASingleFile.java", 20), "…/"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
