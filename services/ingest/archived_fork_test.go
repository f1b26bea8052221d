package ingest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// waits are the pull requests that wait for a person at a time.
func (f *follower) waits(t *testing.T, at time.Time) string {
	t.Helper()
	rows, err := lists.Needs(f.Store.Store).Rows(t.Context(), query.Ask{
		Query: storetest.Parse(t, lists.Needs(f.Store.Store), "group:pr_ready"), Page: storetest.AllRows(), AsOf: at,
	})
	if err != nil {
		t.Fatal(err)
	}
	var pulls []string
	for _, n := range rows.Items {
		pulls = append(pulls, string(n.PullRepo))
	}
	return strings.Join(pulls, " ")
}

// TestArchivedFork: a pull request in an archived fork of a target that is in
// use waits for nobody, from when that is known until the fork is in use again,
// and says so; what waited before is what it was. The target's page is told
// which of its forks are asked for at growing distance, and when they are next.
func TestArchivedFork(t *testing.T) {
	fork := func(name string) []byte {
		return bytes.Replace(scan("acme/app", int64(len(name)), "2026-11-10T10:00:00Z"), []byte(`"fork_url":""`), []byte(`"fork_url":"https://github.com/`+name+`"`), 1)
	}
	f := follow(t, func(p *githubtest.Player) {
		p.Repo("acme/app")
		p.Repo("acme/action").PutFile("telemetry/runs/1.json", fork("bots/app"))
		p.Repo("acme/action").PutFile("telemetry/runs/2.json", fork("others/app"))
		p.Repo("bots/app").ForkOf(p.Repo("acme/app"))
		p.Repo("bots/app").PutPull(telemetry.PullRequest{Number: 1, Title: "fix(CQLF-R8-0001): x"})
		p.Repo("others/app").Hide(true)
	})
	ref := telemetry.PullRef{Repo: "bots/app", Number: 1}
	is := func(what, waits string, retired telemetry.Retired) {
		t.Helper()
		p, found, err := f.PullDetail(t.Context(), ref, time.Time{})
		if got := f.waits(t, time.Time{}); err != nil || !found || got != waits || p.Retired != retired {
			t.Errorf("%s: waits %q, want %q; the pull request says %q, want %q (%v, %v)", what, got, waits, p.Retired, retired, found, err)
		}
	}
	is("in use", "bots/app", "")
	before := f.now()
	f.gh.Repo("bots/app").Archive(true)
	f.turn(t, 48)
	is("archived", "", telemetry.RetiredArchived)
	if got := f.waits(t, before); got != "bots/app" {
		t.Errorf("before it was archived, %q waited", got)
	}
	h, err := f.RepoHealth(t.Context(), "acme/app", time.Time{})
	if err != nil || len(h.Seldom) != 2 || h.Seldom[0].Repo != "bots/app" || h.Seldom[0].Cause != "" || h.Seldom[0].Next.IsZero() ||
		!strings.HasPrefix(h.Seldom[1].Cause, "GitHub shows no repository others/app (404)") || !h.Seldom[1].Next.After(f.now()) {
		t.Errorf("asked for seldom: %+v (%v)", h.Seldom, err)
	}
	f.gh.Repo("bots/app").Archive(false)
	f.gh.Repo("others/app").Hide(false)
	f.turn(t, 48)
	f.turn(t, 48)
	is("in use again", "bots/app", "")
	if h, err := f.RepoHealth(t.Context(), "acme/app", time.Time{}); err != nil || len(h.Seldom) != 0 {
		t.Errorf("in use again, asked for seldom: %+v (%v)", h.Seldom, err)
	}
}
