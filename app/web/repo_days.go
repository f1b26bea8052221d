package web

import (
	"context"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// repoTrend is a repository with its last days.
type repoTrend struct {
	telemetry.RepoRow
	days         telemetry.RepoDays
	since, until time.Time // the stretch of these days
}

func (w *Web) reposOf(_ view, q query.Query) ask[repoTrend] {
	all := view{}
	return joined(asked(w.o.Dashboard.Repos, all, q), w.withDays)
}

// withDays adds their last days to repositories.
func (w *Web) withDays(ctx context.Context, repos []telemetry.RepoRow) ([]repoTrend, error) {
	keys := make([]string, len(repos))
	for i, r := range repos {
		keys[i] = r.Name.Key()
	}
	until := w.o.Now().UTC().Truncate(time.Minute).Add(time.Minute - time.Millisecond)
	days, err := w.o.Dashboard.RepoDays(ctx, keys, until, telemetry.RepoDaysShown)
	items := make([]repoTrend, len(repos))
	for i, r := range repos {
		items[i] = repoTrend{
			RepoRow: r,
			days:    days[keys[i]],
			since:   telemetry.Midnight(until).AddDate(0, 0, 1-telemetry.RepoDaysShown),
			until:   until,
		}
	}
	return items, err
}
