package http

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

// TestUpstreamFailuresAreShown: what is wrong with an upstream is said on
// every page, and stored data is still shown.
func TestUpstreamFailuresAreShown(t *testing.T) {
	soon := time.Now().Add(20 * time.Minute)
	for name, c := range map[string]struct {
		breaks func(p *program.Played)
		path   string
		holds  []string
		lacks  []string
	}{
		"down": {func(p *program.Played) { p.GitHub.Fail(githubtest.Fault{Status: 502}) }, "/api/refresh",
			[]string{"GitHub unreachable since ", "Showing what was stored at ", "Try again", "unreachable</strong>"},
			[]string{"refuses", "rate limit"}},
		"token": {func(p *program.Played) { p.GitHub.Fail(githubtest.Fault{Status: 401, Message: "Bad credentials"}) }, "/api/refresh",
			[]string{"GitHub refuses the token (401).", "Set a new GITHUB_TOKEN and restart", "Where to get one", "strip-danger"},
			[]string{"unreachable since", "rate limit"}},
		"permission": {func(p *program.Played) {
			p.GitHub.Fail(githubtest.Fault{Status: 403, Message: "Resource not accessible by personal access token"})
		}, "/api/refresh",
			[]string{"GitHub does not give access.", "Which scopes", "strip-danger"}, []string{"unreachable since", "rate limit"}},
		"rate limit": {func(p *program.Played) { p.GitHub.SetRate(5000, 0, soon, 403) }, "/api/refresh",
			[]string{"GitHub rate limit reached.", "Resumes " + soon.UTC().Format("15:04") + " (20 min)", "at " + soon.UTC().Format("15:04"),
				"disabled"}, []string{"unreachable since", "refuses"}},
		"Devin": {func(p *program.Played) { p.Devin.Fail(devintest.KindAny, devintest.Fault{Status: 401}) }, "/api/poll",
			[]string{"Devin refuses the token (401).", "Set a new DEVIN_API_KEY and restart"}, []string{"GitHub refuses"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := program.WithPlayers(t, program.Sample(), nil)
			p.Working()
			if _, body := p.Get("/"); !strings.Contains(body, "/5,000</span> left") || strings.Contains(body, "strip-attention") {
				t.Errorf("while all is well: %v", strings.Contains(body, "strip-attention"))
			}
			c.breaks(p)
			if status, body := p.Post(c.path); status < 400 {
				t.Errorf("%s answered %d %s", c.path, status, body)
			}
			res, body := p.Get("/")
			if res.StatusCode != 200 || !strings.Contains(body, ">59</a>") {
				t.Errorf("what was stored is not served: %d", res.StatusCode)
			}
			for _, text := range c.holds {
				if !strings.Contains(body, text) {
					t.Errorf("it does not say %q", text)
				}
			}
			for _, text := range c.lacks {
				if strings.Contains(body, text) {
					t.Errorf("it says %q", text)
				}
			}
		})
	}
}
