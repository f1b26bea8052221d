package http

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// TestRegistriesAndStatesOfSeveralActionRepositories: what lies beside the run files of
// several action repositories counts together. Of a repository that two registries have
// the one that was read last counts, of a fingerprint the session that was started last;
// a file that is gone leaves what the other says.
func TestRegistriesAndStatesOfSeveralActionRepositories(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			s := newSides(t)
			settings := s.Settings(nil).With(program.Settings{"ACTION_REPO": program.ActionRepo + "," + second})
			if database == "postgres" {
				settings["DATABASE_URL"] = storetest.PostgresAddress(t)
			}
			s.registry(program.ActionRepo, "octo/shop @org/shop", "octo/books @org/books")
			s.registry(second, "octo/till @org/till")
			s.state(program.ActionRepo, "aa 1 2026-02-05", "cc 3 2026-02-05")
			s.state(second, "bb 2 2026-02-05", "cc 4 2026-02-04")
			s.Start(settings)
			s.Job("refresh")
			s.owned("of both registries", "octo/shop=@org/shop octo/till=@org/till octo/books=@org/books")
			s.took("of both states", "1=aa 2=bb 3=cc 4=")

			s.registry(second, "octo/till @org/till", "octo/shop @org/others")
			s.state(second, "bb 2 2026-02-05", "cc 4 2026-02-06")
			s.Job("refresh")
			s.owned("of the one that was read last", "octo/shop=@org/others octo/till=@org/till octo/books=@org/books")
			s.took("of what was started last", "1=aa 2=bb 3= 4=cc")

			s.GitHub.Repo(second).DeleteFile("telemetry/repo_registry.json")
			s.GitHub.Repo(second).DeleteFile("telemetry/orchestrator_state.json")
			s.Job("refresh")
			s.owned("of the one that is left", "octo/shop=@org/shop octo/till= octo/books=@org/books")
			s.took("of the one that is left", "1=aa 2= 3=cc 4=")
		})
	}
}

// sides is a program over two action repositories, whose records scan three
// repositories and name four sessions, but not what these work on.
type sides struct {
	*program.Played
	t *testing.T
}

func newSides(t *testing.T) *sides {
	s := &sides{program.NewPlayed(t, "cog_played", nil), t}
	for i, repo := range []string{"octo/shop", "octo/till", "octo/books"} {
		sessions := []any{session(i + 1)}
		if i == 2 {
			sessions = append(sessions, session(4))
		}
		finding := program.SmallFinding(i+1, map[string]any{"fingerprint": strings.Repeat([]string{"a", "b", "c"}[i], 16)})
		action := []string{program.ActionRepo, second, program.ActionRepo}[i]
		s.GitHub.Repo(repo)
		putInto(s.GitHub.Repo(action), map[string][]byte{fmt.Sprintf("%d.json", i+1): program.SmallScan(i+1, "2026-02-03T10:00:00Z", map[string]any{
			"target_repo": "https://github.com/" + repo, "fork_url": "", "sessions": sessions, "issue_fingerprints": []any{finding},
		})})
	}
	return s
}

func session(n int) any {
	return program.RecordedSession(map[string]any{"session_id": fmt.Sprintf("%032x", n)})
}

// registry writes that of an action repository: "owner/name tag".
func (s *sides) registry(action string, entries ...string) {
	for i, e := range entries {
		repo, tag, _ := strings.Cut(e, " ")
		entries[i] = fmt.Sprintf(`{"repo": %q, "tags": [%q]}`, repo, tag)
	}
	s.GitHub.Repo(action).PutFile("telemetry/repo_registry.json", []byte(`{"repos": [`+strings.Join(entries, ",")+`]}`))
}

// state writes that of an action repository: "fingerprint session date".
func (s *sides) state(action string, entries ...string) {
	for i, e := range entries {
		f := strings.Fields(e)
		entries[i] = fmt.Sprintf(`%q: {"last_session_id": "%032s", "dispatch_count": 1, "last_dispatched": "%sT10:00:00Z"}`,
			strings.Repeat(f[0], 8), f[1], f[2])
	}
	s.GitHub.Repo(action).PutFile("telemetry/orchestrator_state.json", []byte(`{"dispatch_history": {`+strings.Join(entries, ",")+`}}`))
}

// owned compares who owns the issue of each repository.
func (s *sides) owned(what, want string) {
	s.t.Helper()
	owners := map[string]string{}
	for _, issue := range s.Items("/api/issues") {
		owners[fmt.Sprint(issue["repo"])] = strings.Trim(fmt.Sprint(issue["owners"]), "[]")
	}
	for _, w := range strings.Fields(want) {
		repo, owner, _ := strings.Cut(w, "=")
		if owners[repo] != owner {
			s.t.Errorf("owners %s: %s has %q, want %q", what, repo, owners[repo], owner)
		}
	}
}

// took compares which fingerprints each session works on.
func (s *sides) took(what, want string) {
	s.t.Helper()
	for _, w := range strings.Fields(want) {
		n, prefix, _ := strings.Cut(w, "=")
		var took []string
		issues, _ := s.Object(http.MethodGet, fmt.Sprintf("/api/sessions/%032s", n))["issues"].([]any)
		for _, issue := range issues {
			took = append(took, fmt.Sprint(issue.(map[string]any)["fingerprint"])[:2])
		}
		if got := strings.Join(took, " "); got != prefix {
			s.t.Errorf("sessions %s: %s took %q, want %q", what, n, got, prefix)
		}
	}
}
