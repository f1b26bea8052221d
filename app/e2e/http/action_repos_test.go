package http

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// second is an action repository beside program.ActionRepo.
const second = "octo/second"

// scanOf is a small scan of a repository.
func scanOf(repo string, run int, at string) []byte {
	return program.SmallScan(run, at, map[string]any{"target_repo": "https://github.com/" + repo, "fork_url": ""})
}

// putInto writes records into an action repository.
func putInto(repo *githubtest.Repo, records map[string][]byte) {
	for name, body := range records {
		repo.PutFile("telemetry/runs/"+name, body)
	}
}

// sourcesOf are the action repositories of /api/sources, and what is wrong with each.
func sourcesOf(p *program.Program) map[string]string {
	p.T.Helper()
	found := map[string]string{}
	for _, s := range p.Items("/api/sources") {
		if s["name"] == "runs" {
			found[fmt.Sprint(s["repo"])] = fmt.Sprint(s["error"])
		}
	}
	return found
}

// TestSeveralActionRepositories: a database that was filled from one action
// repository keeps its data when another is added, and when their order changes.
// Files of one name are two records, each repository is a source of its own, and one
// that cannot be read is named and does not stop the other.
func TestSeveralActionRepositories(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			p := program.NewPlayed(t, "cog_played", map[string]any{"same.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)})
			p.GitHub.Repo("me/shop")
			p.GitHub.Repo("octo/till")
			b := p.GitHub.Repo(second)
			putInto(b, map[string][]byte{
				"same.json": scanOf("octo/till", 7, "2026-02-02T10:00:00Z"), "more.json": scanOf("octo/till", 8, "2026-02-03T10:00:00Z"),
			})
			settings := p.Settings(nil).With(program.Settings{"DATABASE_URL": "sqlite:" + t.TempDir() + "/kept.db"})
			if database == "postgres" {
				settings["DATABASE_URL"] = storetest.PostgresAddress(t)
			}
			runs := func(want float64, files float64) {
				t.Helper()
				if answer := p.Job("refresh"); answer["total_files"] != files || fmt.Sprint(answer["errors"]) != "[]" {
					t.Errorf("refresh: %v", answer)
				}
				p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": want})
			}
			p.Start(settings)
			runs(1, 1)
			p.Stop()
			for _, repos := range []string{program.ActionRepo + "," + second, second + " , " + program.ActionRepo} {
				p.Start(settings.With(program.Settings{"ACTION_REPO": repos}))
				runs(3, 3)
				if got := sourcesOf(p.Program); len(got) != 2 || got[program.ActionRepo] != "" || got[second] != "" {
					t.Errorf("sources %v", got)
				}
				if page := p.Page("/runs"); !strings.Contains(page, "Run files of "+second) {
					t.Error("the strip does not name " + second)
				}
				for source, repo := range map[string]string{program.ActionRepo: "octo/shop", second: "octo/till"} {
					if raw := p.Object(http.MethodGet, "/api/runs/same.json/raw?source="+source); raw["target_repo"] != "https://github.com/"+repo {
						t.Errorf("same.json of %s is of %v", source, raw["target_repo"])
					}
				}
				if config := p.Object(http.MethodGet, "/api/config"); config["action_repo"] != strings.TrimSpace(strings.Split(repos, ",")[0]) ||
					len(config["action_repos"].([]any)) != 2 {
					t.Errorf("config %v", config)
				}
				p.Stop()
			}
			b.Hide(true)
			p.Put(map[string]any{"new.json": program.SmallScan(2, "2026-02-04T10:00:00Z", nil)})
			p.Start(settings.With(program.Settings{"ACTION_REPO": second + "," + program.ActionRepo}))
			answer := p.Job("refresh")
			if said := fmt.Sprint(answer["errors"]); !strings.Contains(said, second+": GitHub shows no repository "+second) {
				t.Errorf("with %s hidden: %v", second, said)
			}
			p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 4})
			if got := sourcesOf(p.Program); got[program.ActionRepo] != "" || !strings.Contains(got[second], second) {
				t.Errorf("sources %v", got)
			}
			if page := p.Page("/"); !strings.Contains(page, "does not give access to "+second) {
				t.Error("the strip does not say which repository cannot be read")
			}
			p.Stop()
			p.Start(settings) // as at first: the other one is kept, and no longer read
			runs(4, 2)
			if got := sourcesOf(p.Program); len(got) != 1 || got[program.ActionRepo] != "" {
				t.Errorf("sources %v", got)
			}
		})
	}
}

// TestRunsStartWhereTheLastOneCameFrom: of several action repositories, that of the
// target's newest run starts the next one, and the first one where there is none.
func TestRunsStartWhereTheLastOneCameFrom(t *testing.T) {
	p := program.NewPlayed(t, "cog_played", map[string]any{"a.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)})
	b := p.GitHub.Repo(second)
	putInto(b, map[string][]byte{"b.json": scanOf("octo/till", 7, "2026-02-02T10:00:00Z")})
	p.PutWorkflow()
	b.PutWorkflow("codeql-fixer.yml", append([]string{"target_repo"}, telemetry.DispatchInputs()...)...)
	p.Action.Ref("release")
	b.Ref("release")
	p.Start(p.Settings(nil).With(program.Settings{"ACTION_REPO": program.ActionRepo + "," + second, "ACTION_REF": "release"}))
	for target, action := range map[string]string{"octo/till": second, "octo/shop": program.ActionRepo, "octo/new": program.ActionRepo} {
		p.GitHub.Forget()
		status, answer := p.PostJSON("/api/dispatch", fmt.Sprintf(`{"target_repo": %q}`, target))
		if status != http.StatusAccepted || !strings.Contains(answer, `"action_repo":"`+action+`"`) || !strings.Contains(answer, `"ref":"release"`) {
			t.Errorf("a run on %s: %d %v", target, status, answer)
		}
		for _, r := range p.GitHub.Requests() {
			if r.Method == http.MethodPost && !strings.HasPrefix(r.Path, "/repos/"+action+"/actions/") {
				t.Errorf("a run on %s was started by %s", target, r.Path)
			}
		}
	}
	if page := p.Page("/repo/octo/till/dispatch"); !strings.Contains(page, "The workflow of "+second+" runs.") {
		t.Error("the form does not say which workflow runs")
	}
}

// TestWebhooksOfEachActionRepository: a push to any of the action repositories, and a
// run of its workflow, reads that one, and no other.
func TestWebhooksOfEachActionRepository(t *testing.T) {
	p := program.NewPlayed(t, "cog_played", map[string]any{"a.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)})
	b := p.GitHub.Repo(second)
	putInto(b, map[string][]byte{"b.json": scanOf("octo/till", 7, "2026-02-02T10:00:00Z")})
	p.Start(p.Settings(nil).With(program.Settings{
		"ACTION_REPO": program.ActionRepo + "," + second, "GITHUB_WEBHOOK_SECRET": program.WebhookSecret, "REFRESH_INTERVAL": "0",
	}))
	p.Job("refresh")
	putInto(b, map[string][]byte{"c.json": scanOf("octo/till", 8, "2026-02-03T10:00:00Z")})
	p.GitHub.Forget()
	p.Webhook("push", "push", map[string]any{"ref": "refs/heads/main", "repository": program.RepositoryOf(second),
		"commits": []any{map[string]any{"added": []string{"telemetry/runs/c.json"}}}})
	if d := p.Delivery("push"); d["state"] != "done" {
		t.Errorf("%v", d)
	}
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 3})
	putInto(b, map[string][]byte{"d.json": scanOf("octo/till", 9, "2026-02-04T10:00:00Z")})
	p.Webhook("workflow_run", "run", map[string]any{"action": "completed", "repository": program.RepositoryOf(strings.ToUpper(second)),
		"workflow_run": map[string]any{"path": ".github/workflows/codeql-fixer.yml"}})
	if d := p.Delivery("run"); d["state"] != "done" {
		t.Errorf("%v", d)
	}
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 4})
	for _, r := range p.GitHub.Requests() {
		if strings.HasPrefix(r.Path, "/repos/"+program.ActionRepo+"/git/") {
			t.Errorf("the other repository was read: %s", r.Path)
		}
	}
}
