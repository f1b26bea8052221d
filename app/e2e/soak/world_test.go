package soak

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// playHistory lets the players serve a generated organization.
func (s *soak) playHistory() {
	end := time.Now().UTC().Truncate(time.Second)
	world := history.NewWorld(history.Options{
		Seed: 7, Start: end.Add(-100 * 24 * time.Hour), End: end, ActionRepo: program.ActionRepo, Disturb: history.Believable(),
	})
	for _, f := range world.Files() {
		s.Put(map[string]any{f.Name: f.Body})
	}
	for _, name := range world.Repos() {
		s.GitHub.Repo(name)
		s.subjects.repos = append(s.subjects.repos, name)
	}
	for _, p := range world.Pulls() {
		s.GitHub.Repo(p.Repo).PutPull(telemetry.PullRequest{
			Number: p.Number, Title: p.Title, Body: p.Body, State: p.State, User: p.User, HeadRef: p.Branch,
			CreatedAt: p.Created, UpdatedAt: p.Updated, ClosedAt: p.Closed, MergedAt: p.Merged,
		})
	}
	for _, session := range world.Sessions() {
		s.Devin.Put(devintest.Session{
			ID: session.ID, Status: session.V3, Detail: session.V3Detail, Title: session.Title,
			CreatedAt: session.Created, UpdatedAt: session.Updated,
		})
	}
	s.PutWorkflow()
}

// change lets the upstreams have something new, in a few versions that come
// again, so that neither the players nor what the program stores grow.
func (w *worker) change(ctx context.Context) {
	n, version := w.dice.IntN(8), w.dice.IntN(4)
	name := fmt.Sprintf("telemetry/runs/soak-%d.json", n)
	switch version {
	case 0:
		w.Action.DeleteFile(name)
	case 1:
		w.Action.PutFile(name, []byte(`{"target_repo": "https://github.com/octo/sh`))
	default:
		at := time.Date(2026, 5, 14, 10, n, 0, 0, time.UTC).Format(time.RFC3339)
		w.Action.PutFile(name, program.SmallScan(50+version, at, nil))
	}
	repo := w.GitHub.Repo(oneOf(w, w.subjects.repos...))
	repo.PutPull(telemetry.PullRequest{Number: 9000 + n, Title: "CQLF-R51-0001: fix",
		State: oneOf(w, "open", "closed"), User: "devin-ai-integration[bot]"})
	w.Devin.Update(oneOf(w, w.subjects.sessions...), func(s *devintest.Session) {
		s.Status, s.Detail = "running", oneOf(w, "working", "waiting_for_user", "finished")
		s.Messages = s.Messages[:min(len(s.Messages), 10)]
	})
	w.rest(ctx, time.Second)
}

// fault lets the upstreams fail for a moment.
func (w *worker) fault(ctx context.Context) {
	w.GitHub.Fail(oneOf(w, githubFaults()...))
	w.Devin.Fail(devintest.KindAny, oneOf(w, devinFaults()...))
	w.rest(ctx, 3*time.Second)
	w.GitHub.ClearFaults()
	w.Devin.Fail(devintest.KindAny, devintest.Fault{})
	w.rest(ctx, 3*time.Second)
}

func githubFaults() []githubtest.Fault {
	return []githubtest.Fault{
		{Status: http.StatusBadGateway}, {Drop: true}, {CutShort: true, Raw: `[{"number": 1`}, {Status: 200, Raw: "null"},
		{Status: 200, Raw: "[null]"}, {Status: 200, Empty: true}, {Status: 200, Raw: "<html>"}, {Status: 200, Raw: "[[]]"},
		{Status: http.StatusNotFound}, {Delay: 2 * time.Second}, {Status: 200, Stall: true, Raw: `[{"number": 1}]`},
		{Status: 200, Drip: 50 * time.Millisecond, Raw: `[{"number": 1}]`},
		{Status: 200, Gzip: true, Raw: "[" + strings.Repeat("{},", 1<<20) + "{}]"},
		{Method: http.MethodPost, Status: 200, Raw: "<html>"}, {Path: "/pulls", Status: http.StatusUnauthorized},
		githubtest.Secondary(http.StatusForbidden, 1), {Status: http.StatusFound, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}},
	}
}

func devinFaults() []devintest.Fault {
	return []devintest.Fault{
		{Status: http.StatusInternalServerError}, {Abort: true}, {Cut: true}, {Short: true}, {Stall: true}, {NotJSON: true}, {Body: "null"},
		{Body: "{}"}, {Body: `{"items": [null]}`}, {Delay: 2 * time.Second}, {Drip: time.Millisecond}, {Status: 429, RetryAfter: "1"},
		{Status: http.StatusUnauthorized}, {Body: string(bytes.Repeat([]byte("[{},"), 1<<20)), Gzip: true},
		{Body: `{"items": [], "has_next_page": true, "end_cursor": "{n}"}`},
	}
}
