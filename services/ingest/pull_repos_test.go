package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// listed are the repositories whose pull requests were asked for.
func (f *follower) listed() (repos []string) {
	for _, r := range f.gh.Requests() {
		if repo, _, ok := strings.Cut(strings.TrimPrefix(r.Path, "/repos/"), "/pulls?state=all"); ok && !slices.Contains(repos, repo) {
			repos = append(repos, repo)
		}
	}
	slices.Sort(repos)
	return repos
}

// asksOf are the minutes, of so many, at which the loop asked for the pull requests
// of a repository, and what its jobs said of it.
func (f *follower) asksOf(t *testing.T, repo string, minutes int) (asked []int, said []string) {
	t.Helper()
	for minute := 5; minute <= minutes; minute += 5 {
		said = append(said, f.refresh(t, 5*time.Minute, telemetry.ByInterval(5*time.Minute))...)
		if slices.Contains(f.listed(), repo) {
			asked = append(asked, minute)
		}
	}
	return asked, said
}

// TestRepositoriesThatAreNotShown: a repository that GitHub does not show, or not
// to this token, is said once, in the job and in the log, and asked for again at
// growing distance. A person and a webhook have it asked for at once, and once it
// is shown all is as before.
func TestRepositoriesThatAreNotShown(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{
		"missing":          {Status: 404, Message: "Not Found"},
		"without a permit": {Status: 403, Message: "Resource not accessible by personal access token"},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, func(p *githubtest.Player) {
				for i, repo := range []string{"acme/kept", "acme/gone"} {
					p.Repo("acme/action").PutFile(fmt.Sprintf("telemetry/runs/%d.json", i), scan(repo, int64(i+1), "2026-11-10T10:00:00Z"))
					p.Repo(repo)
				}
			})
			fault.Path = "/repos/acme/gone/pulls"
			f.gh.Fail(fault)
			asked, said := f.asksOf(t, "acme/gone", 600)
			if want := []int{5, 10, 25, 85, 445}; !slices.Equal(asked, want) {
				t.Errorf("asked for after %v minutes, want %v", asked, want)
			}
			if len(said) != 1 || !strings.HasPrefix(said[0], "acme/gone: ") {
				t.Errorf("the jobs say %q", said)
			}
			if lines := f.log.lines("acme/gone"); len(lines) != 1 || !strings.Contains(lines[0], "level=WARN") {
				t.Errorf("logged: %q", lines)
			}
			if !slices.Equal(f.listed(), []string{"acme/kept"}) {
				t.Errorf("the other one is not asked for at each turn: %v", f.listed())
			}
			if said = f.refresh(t, time.Minute, telemetry.ByPage); len(said) != 1 || !slices.Contains(f.listed(), "acme/gone") {
				t.Errorf("a person asked, and got %q and %v", said, f.listed())
			}
			f.gh.ClearFaults()
			if asked, said = f.asksOf(t, "acme/gone", 180); len(asked) > 0 || len(said) > 0 {
				t.Errorf("within three hours asked for after %v minutes, said %q", asked, said)
			}
			f.gh.Forget()
			f.deliver(t, telemetry.Delivery{Event: telemetry.EventRepository, Action: "publicized", Repo: "acme/gone"})
			if !slices.Contains(f.listed(), "acme/gone") {
				t.Error("a webhook told of it, and it is not asked for")
			}
			if asked, said = f.asksOf(t, "acme/gone", 15); !slices.Equal(asked, []int{5, 10, 15}) || len(said) > 0 {
				t.Errorf("once it is shown: asked for after %v minutes, said %q", asked, said)
			}
			if lines := f.log.lines("acme/gone"); len(lines) != 2 || !strings.Contains(lines[1], "again") {
				t.Errorf("logged: %q", lines)
			}
		})
	}
}

// TestDistanceSurvivesARestart: what is kept in the database is not begun anew.
func TestDistanceSurvivesARestart(t *testing.T) {
	f := follow(t, func(p *githubtest.Player) {
		p.Repo("acme/action").PutFile("telemetry/runs/1.json", scan("acme/gone", 1, "2026-11-10T10:00:00Z"))
		p.Repo("acme/action").PutFile("telemetry/runs/2.json", scan("acme/kept", 2, "2026-11-10T10:00:00Z"))
		p.Repo("acme/kept")
	})
	f.asksOf(t, "acme/gone", 30)
	next := func() time.Time {
		syncs, err := f.PullSyncs(t.Context())
		if err != nil || len(syncs) != 2 {
			t.Fatal(syncs, err)
		}
		return syncs[slices.IndexFunc(syncs, func(s telemetry.PullSync) bool { return s.Missing })].AskAt
	}
	before := next()
	f.restart(t)
	if after := next(); !after.Equal(before) || after.Sub(f.now()) < 44*time.Minute {
		t.Errorf("at %s asked for again at %s, before the restart at %s", f.now(), after, before)
	}
}

// TestArchivedAndRenamedAreSaidOnce: in an archived repository nothing happens, so
// that it is asked for at growing distance; renamed, it is followed. The log tells
// of both once.
func TestArchivedAndRenamedAreSaidOnce(t *testing.T) {
	f := follow(t, func(p *githubtest.Player) {
		for i, repo := range []string{"acme/old", "acme/kept", "acme/still"} {
			p.Repo("acme/action").PutFile(fmt.Sprintf("telemetry/runs/%d.json", i), scan(repo, int64(i+1), "2026-11-10T10:00:00Z"))
			p.Repo(repo).PutPull(telemetry.PullRequest{Number: 1, Title: "fix(CQLF-R1-0001): x"})
		}
	})
	f.gh.Repo("acme/old").Rename("acme/new")
	f.gh.Repo("acme/still").Archive(true)
	f.turn(t, 25)
	asked, said := f.asksOf(t, "acme/still", 600)
	if want := []int{5, 20, 80, 440}; !slices.Equal(asked, want) || len(said) > 0 {
		t.Errorf("the archived one is asked for after %v minutes, want %v; said %q", asked, want, said)
	}
	if !slices.Equal(f.listed(), []string{"acme/kept", "acme/new"}) {
		t.Errorf("asked for at each turn: %v", f.listed())
	}
	f.turn(t, 48)
	for _, want := range []string{"renamed", "archived"} {
		if lines := f.log.lines("was " + want); len(lines) != 1 {
			t.Errorf("logged %d times that one was %s: %q", len(lines), want, lines)
		}
	}
	f.gh.Repo("acme/still").Archive(false)
	f.turn(t, 48)
	if asked, _ := f.asksOf(t, "acme/still", 15); !slices.Equal(asked, []int{5, 10, 15}) {
		t.Errorf("unarchived, it is asked for after %v minutes", asked)
	}
}
