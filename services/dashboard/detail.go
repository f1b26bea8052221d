package dashboard

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Details is where single things are read with all that is known of them, or was
// at a time; the zero time is now.
type Details interface {
	IssueDetail(ctx context.Context, publicID string, at time.Time) (issue telemetry.IssueDetail, moved string, found bool, err error)
	SessionDetail(ctx context.Context, key string, at time.Time) (telemetry.SessionDetail, bool, error)
	PullDetail(ctx context.Context, ref telemetry.PullRef, at time.Time) (telemetry.PullDetail, bool, error)
	FindingIDs(ctx context.Context, publicID string, at time.Time, most int) (telemetry.FindingIDs, error)
	RunDetail(ctx context.Context, source, file string, at time.Time) (telemetry.RunDetail, error)
	RunPart(ctx context.Context, source, file string, cut telemetry.RunCut) (telemetry.RunDetail, error)
	RunDiff(ctx context.Context, source, file, against string, at time.Time) (telemetry.RunDiff, error)
	Raw(ctx context.Context, source, file string) (telemetry.RawFile, error)
	RepoHealth(ctx context.Context, key string, at time.Time) (telemetry.RepoHealth, error)
	Activity(
		ctx context.Context, f telemetry.ActivityFilter, from telemetry.ActivityCursor, limit int,
	) (list []telemetry.Activity, next telemetry.ActivityCursor, err error)

	// SessionsByKey and PullExtras are what the rows of a page show of other
	// lists, in one question each.
	SessionsByKey(ctx context.Context, keys []string, at time.Time) (map[string]telemetry.SessionRow, error)
	PullExtras(ctx context.Context, keys []string, at time.Time) (map[string]telemetry.PullExtras, error)
}

// IssueByID returns an issue by its public id as of a time, or as moved the id that
// a late record gave it. The error is CodeNotFound for one that no scan had found.
func (d *Dashboard) IssueByID(ctx context.Context, publicID string, at time.Time) (issue telemetry.IssueDetail, moved string, err error) {
	issue, moved, found, err := d.IssueDetail(ctx, publicID, at)
	switch {
	case err != nil || found || moved != "":
	case !at.IsZero():
		err = telemetry.Errorf(telemetry.CodeNotFound, "Issue %s not found at that time: no scan by %s names it.",
			telemetry.Shown(publicID), minute(at))
	default:
		err = telemetry.Errorf(telemetry.CodeNotFound,
			"Issue %s not found. See the list of issues.", telemetry.Shown(publicID))
	}
	return issue, moved, err
}

// SessionByID returns a session by its id, with or without "devin-", or by
// "file#place" for one that never started. The error is CodeNotFound.
func (d *Dashboard) SessionByID(ctx context.Context, id string, at time.Time) (telemetry.SessionDetail, error) {
	s, found, err := d.SessionDetail(ctx, id, at)
	if key := telemetry.SessionKey(id); err == nil && !found && key != "" {
		s, found, err = d.SessionDetail(ctx, key, at)
	}
	if err == nil && !found {
		err = noSession(id, at)
	}
	return s, err
}

func noSession(id string, at time.Time) error {
	if !at.IsZero() {
		return telemetry.Errorf(telemetry.CodeNotFound, "Session %s not found at that time: no run by %s names it.",
			telemetry.Shown(id), minute(at))
	}
	return telemetry.Errorf(telemetry.CodeNotFound,
		"Session %s not found: no run names it. See the list of sessions.", telemetry.Shown(id))
}

// PullByRef returns a pull request by its repository and number. The error
// is CodeNotFound for one that nothing links to a run.
func (d *Dashboard) PullByRef(ctx context.Context, ref telemetry.PullRef, at time.Time) (telemetry.PullDetail, error) {
	p, found, err := d.PullDetail(ctx, ref, at)
	switch {
	case err != nil || found:
	case !at.IsZero():
		err = telemetry.Errorf(telemetry.CodeNotFound,
			"Pull request %s#%d not found at that time: by %s it was not opened, or belonged to no session and named no issue.",
			telemetry.Shown(string(ref.Repo)), ref.Number, minute(at))
	default:
		err = telemetry.Errorf(telemetry.CodeNotFound,
			"Pull request %s#%d not found: it belongs to no session and names no issue.",
			telemetry.Shown(string(ref.Repo)), ref.Number)
	}
	return p, err
}
