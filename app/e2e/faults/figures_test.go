package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// figures is what the read side returns, except when it was learned.
type figures struct {
	totals telemetry.Totals
	rows   []string
	files  map[string]string // state by name
}

// figures reads what is stored, as pages and the API do.
func (w *world) figures(ctx context.Context) (f figures, err error) {
	if f.totals, err = w.board.Totals(ctx); err != nil {
		return f, err
	}
	all := query.Ask{Page: query.Page{Number: 1, Size: 1000}}
	runs, err := w.board.Runs.Rows(ctx, all)
	if err != nil {
		return f, err
	}
	sessions, err := w.board.Sessions.Rows(ctx, all)
	if err != nil {
		return f, err
	}
	pulls, err := w.board.Pulls.Rows(ctx, all)
	if err != nil {
		return f, err
	}
	issues, err := w.board.Issues.Rows(ctx, all)
	if err != nil {
		return f, err
	}
	files, err := w.board.Files.Rows(ctx, all)
	if err != nil {
		return f, err
	}
	f.files = map[string]string{}
	for _, file := range files.Items {
		f.files[file.Source+" "+file.File] = fmt.Sprintf("%s %s gone=%v %s", file.Kind, file.SHA, file.Gone, file.Error)
	}
	f.rows = append(append(append(lined("run", runs.Items), lined("session", sessions.Items)...), lined("pull", pulls.Items)...),
		lined("issue", issues.Items)...)
	return f, nil
}

// learned are the fields that say when and from where a state was learned:
// after a fault later than without it.
func learned() []string { return []string{"polled_at", "state_since", "state_source"} }

func lined[T any](kind string, items []T) []string {
	list := []string{}
	for _, item := range items {
		fields := map[string]any{}
		body, err := json.Marshal(item)
		if err == nil {
			err = json.Unmarshal(body, &fields)
		}
		for _, name := range learned() {
			delete(fields, name)
		}
		list = append(list, fmt.Sprintf("%s %s %v", kind, encode(fields), err))
	}
	return list
}

// diff returns how the figures differ, "" if they do not.
func (f figures) diff(other figures) string {
	d := cmp.Diff(f.totals, other.totals) + cmp.Diff(f.rows, other.rows) + cmp.Diff(f.files, other.files)
	if len(d) > 4000 {
		d = d[:4000] + "…"
	}
	return d
}

// lost names what the figures have and later ones have not.
func (f figures) lost(after figures) (lost []string) {
	for name, state := range f.files {
		if now := after.files[name]; now != state {
			lost = append(lost, fmt.Sprintf("the file %s was %q and is %q", name, state, now))
		}
	}
	for name, state := range after.files {
		if strings.Contains(state, "gone=true") {
			lost = append(lost, name+" is gone")
		}
	}
	for what, n := range map[string][2]int64{
		"runs":          {f.totals.Runs, after.totals.Runs},
		"sessions":      {f.totals.SessionsCreated, after.totals.SessionsCreated},
		"issues found":  {f.totals.IssuesFound, after.totals.IssuesFound},
		"pull requests": {f.totals.PRs.Total, after.totals.PRs.Total},
		"merged":        {f.totals.PRs.Merged, after.totals.PRs.Merged},
	} {
		if n[1] < n[0] {
			lost = append(lost, fmt.Sprintf("%s: %d, then %d", what, n[0], n[1]))
		}
	}
	return lost
}
