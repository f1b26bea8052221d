package dashboard

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Details is where single things are read with all that is known of them.
type Details interface {
	IssueDetail(ctx context.Context, publicID string) (issue telemetry.IssueDetail, moved string, found bool, err error)
	SessionDetail(ctx context.Context, key string) (telemetry.SessionDetail, bool, error)
	PullDetail(ctx context.Context, ref telemetry.PullRef) (telemetry.PullDetail, bool, error)
	FindingIDs(ctx context.Context, publicID string, most int) (telemetry.FindingIDs, error)
	RunDetail(ctx context.Context, source, file string) (telemetry.RunDetail, error)
	RunPart(ctx context.Context, source, file string, cut telemetry.RunCut) (telemetry.RunDetail, error)
	RunDiff(ctx context.Context, source, file, against string) (telemetry.RunDiff, error)
	Raw(ctx context.Context, source, file string) (telemetry.RawFile, error)
	RepoHealth(ctx context.Context, key string) (telemetry.RepoHealth, error)
	Activity(
		ctx context.Context, f telemetry.ActivityFilter, from telemetry.ActivityCursor, limit int,
	) (list []telemetry.Activity, next telemetry.ActivityCursor, err error)

	// SessionsByKey and PullExtras are what the rows of a page show of other
	// lists, in one question each.
	SessionsByKey(ctx context.Context, keys []string) (map[string]telemetry.SessionRow, error)
	PullExtras(ctx context.Context, keys []string) (map[string]telemetry.PullExtras, error)
}

// IssueByID returns an issue by its public id, or as moved the id that a late record
// gave it. The error is CodeNotFound for one that never was.
func (d *Dashboard) IssueByID(ctx context.Context, publicID string) (issue telemetry.IssueDetail, moved string, err error) {
	issue, moved, found, err := d.IssueDetail(ctx, publicID)
	if err == nil && !found && moved == "" {
		err = telemetry.Errorf(telemetry.CodeNotFound,
			"Issue %s not found. See the list of issues.", telemetry.Shown(publicID))
	}
	return issue, moved, err
}

// SessionByID returns a session by its id, with or without "devin-", or by
// "file#place" for one that never started. The error is CodeNotFound.
func (d *Dashboard) SessionByID(ctx context.Context, id string) (telemetry.SessionDetail, error) {
	s, found, err := d.SessionDetail(ctx, id)
	if key := telemetry.SessionKey(id); err == nil && !found && key != "" {
		s, found, err = d.SessionDetail(ctx, key)
	}
	if err == nil && !found {
		err = noSession(id)
	}
	return s, err
}

func noSession(id string) error {
	return telemetry.Errorf(telemetry.CodeNotFound,
		"Session %s not found: no run names it. See the list of sessions.", telemetry.Shown(id))
}

// PullByRef returns a pull request by its repository and number. The error
// is CodeNotFound for one that nothing links to a run.
func (d *Dashboard) PullByRef(ctx context.Context, ref telemetry.PullRef) (telemetry.PullDetail, error) {
	p, found, err := d.PullDetail(ctx, ref)
	if err == nil && !found {
		err = telemetry.Errorf(telemetry.CodeNotFound,
			"Pull request %s#%d not found: it belongs to no session and names no issue.",
			telemetry.Shown(string(ref.Repo)), ref.Number)
	}
	return p, err
}
