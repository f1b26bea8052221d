package browser

import (
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestEndpointsAreTriedOnTheirPage: the page of the API sends what its forms say,
// and shows the answer and the command that sends the same, also where the
// dashboard is beneath a path.
func TestEndpointsAreTriedOnTheirPage(t *testing.T) {
	b := startBrowser(t)
	p := program.WithRuns(t, program.Sample(), program.Settings{})
	b.open(p.URL + "/docs/api#get-api-issues")
	send := func(form string) (said string) {
		t.Helper()
		b.js(`document.querySelector('` + form + `').requestSubmit()`)
		b.until(`document.querySelector('` + form + ` output p')?.textContent.includes(" ms")`)
		return b.js(`document.querySelector('` + form + ` output').textContent`)
	}
	const list = `form[data-try="/api/issues"]`
	b.js(`document.querySelector('` + list + ` [name=q]').value = "is:open severity:critical,high"`)
	b.js(`document.querySelector('` + list + ` [name=per_page]').value = "1"`)
	for _, want := range []string{"200", "curl -sS", "/api/issues?q=is%3Aopen+severity%3Acritical%2Chigh&per_page=1'", `"total":`, `"per_page": 1`} {
		if said := send(list); !strings.Contains(said, want) {
			t.Errorf("no %q in: %s", want, said)
		}
	}
	const one = `form[data-try="/api/repo/{owner}/{name}"]`
	b.js(`document.querySelector('` + one + ` [name=owner]').value = "octo"`)
	b.js(`document.querySelector('` + one + ` [name=name]').value = "shop"`)
	for _, want := range []string{"200", "/api/repo/octo/shop'", `"target_repo": "https://github.com/octo/shop"`} {
		if said := send(one); !strings.Contains(said, want) {
			t.Errorf("a repository: no %q in %s", want, said)
		}
	}
	const view = `form[data-try="/api/views"][data-method=POST]`
	b.js(`document.querySelector('` + view + ` textarea').value = '{"list":"issues","name":"It\'s tried","query":"q=is%3Aopen"}'`)
	if said := send(view); !strings.Contains(said, "201") || !strings.Contains(said, `-X POST`) || !strings.Contains(said, `It'\''s tried`) {
		t.Errorf("a view: %s", said)
	}
}
