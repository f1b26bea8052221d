package http

import (
	"net/http"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// sessionState is the state of a session and the upstream's word for it.
func sessionState(p *program.Played, id string) string {
	p.T.Helper()
	for _, s := range p.Items("/api/sessions?per_page=200") {
		if telemetry.SessionKey(s["session_id"].(string)) == id {
			return s["state"].(string) + " " + s["status"].(string)
		}
	}
	return "none"
}

// TestRealRecordsOverTheWire takes the real records from a played GitHub:
// the figures of the specification, all four POST endpoints, a polled state
// that outlives a refresh and a restart, and a GitHub that falls silent.
func TestRealRecordsOverTheWire(t *testing.T) {
	const id = "2324fa5c543d4e7ab725243d3ee6291e" // of a real record, recorded as created
	for name, key := range map[string]string{"Devin v1": "apk_test", "Devin v3": "cog_test"} {
		t.Run(name, func(t *testing.T) {
			p := program.NewPlayed(t, key, program.RealRuns(t))
			p.Devin.Put(devintest.Session{ID: id, Status: "running", Detail: "waiting_for_user"})
			p.GitHub.Repo("marius-posa/juice-shop").PutPull(
				telemetry.PullRequest{Number: 777, Title: "CQLF-R34-0010: escape", Body: "by devin-" + id, User: "devin"},
			)
			p.GitHub.Repo("marius-posa/juice-shop").PutPull(telemetry.PullRequest{Number: 778, Title: "unrelated"})
			settings := p.Settings(nil).With(program.Settings{"DEVIN_ORG_ID": "", "CACHE_TTL": ""})
			settings["DEVIN_API_URL"] += "/v1/"
			p.Program = program.Start(t, settings)
			p.Figures("POST", "/api/refresh", map[string]float64{"total_files": 54, "prs_found": 18})
			p.Figures("POST", "/api/refresh", map[string]float64{"downloaded": 0, "total_files": 54, "prs_found": 18})
			want := map[string]float64{
				"total_runs":       48,
				"total_issues":     1585,
				"latest_issues":    98,
				"sessions_created": 32,
				"prs_total":        18,
				"prs_unknown":      17,
			}
			p.Figures("GET", "/api/stats", want)
			p.Figures("POST", "/api/poll", map[string]float64{"polled": 1, "prs_found": 18})
			polled := sessionState(p, id)
			if !strings.HasPrefix(polled, "pr_ready ") {
				t.Errorf("the polled session reads %q", polled)
			}
			p.Figures("POST", "/api/poll-prs", map[string]float64{"total": 18})
			p.Figures("POST", "/api/backfill", map[string]float64{})
			p.Ask("POST", "/api/refresh")
			if got := sessionState(p, id); got != polled {
				t.Errorf("after a refresh the session reads %q, before %q", got, polled)
			}
			p.Restart()
			if got := sessionState(p, id); got != polled {
				t.Errorf("after a restart the session reads %q, before %q", got, polled)
			}
			p.Ask("POST", "/api/refresh") // not the start's own, which the next would join
			p.GitHub.Fail(githubtest.Fault{Status: http.StatusUnauthorized})
			if status, answer := p.Ask("POST", "/api/refresh"); status != http.StatusBadGateway ||
				answer["code"] != string(telemetry.CodeUpstreamToken) {
				t.Errorf("with a token that GitHub refuses: %d %v", status, answer)
			}
			p.Figures("GET", "/api/stats", want)
		})
	}
}
