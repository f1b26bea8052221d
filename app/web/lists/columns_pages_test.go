package lists_test

import (
	"testing"

	"telemetry-dashboard/app/web/webtest"
)

// TestColumnsOnRequest: the list of issues shows score and CWE where the
// address asks for them, offers the other way of each, and saves them with its
// view; what it does not have is ignored, and other lists have no such menu.
func TestColumnsOnRequest(t *testing.T) {
	s := webtest.Shop(t)
	for path, want := range map[string]webtest.Want{
		"/issues": {Status: 200, Text: []string{"Columns", "Owner", "Score", "CWE"}, HTML: []string{`href="/issues?columns=score"`, `href="/issues?columns=cwe"`, `href="/issues?columns=owner"`},
			Lacks: []string{`class="num c-score"`, `class="c-cwe"`}},
		"/issues?columns=cwe,nothing": {Status: 200, HTML: []string{`class="c-cwe"`, `href="/issues?columns=cwe%2Cscore"`, `href="/issues"`,
			`value="columns=cwe&amp;q=is%3Aopen"`}, Lacks: []string{`class="num c-score"`}},
		"/issues?columns=score&sort=score": {Status: 200, HTML: []string{`class="num c-score"`, `aria-sort="ascending"`}},
		"/issues?columns=nothing":          {Status: 200, Lacks: []string{`class="c-cwe"`, "columns=nothing"}},
		"/sessions?columns=cwe":            {Status: 200, Lacks: []string{"column-menu", "columns=cwe"}},
	} {
		t.Run(path, func(t *testing.T) { s.Get(path).Check(t, want) })
	}
}
