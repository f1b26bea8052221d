package web

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// sparkDays is how far back the rows of repositories look.
const sparkDays = 30

// repoTrend is a repository with its last days.
type repoTrend struct {
	telemetry.RepoRow
	days         telemetry.RepoDays
	since, until time.Time // the stretch of these days
}

func (w *Web) reposOf(_ view, q telemetry.Query) ask[repoTrend] {
	return func(ctx context.Context, p telemetry.Page) (telemetry.List[repoTrend], error) {
		rows, err := w.o.Dashboard.Repos(ctx, telemetry.RepoFilter{Query: q}, p)
		if err != nil {
			return telemetry.List[repoTrend]{}, err
		}
		keys := make([]string, len(rows.Items))
		for i, r := range rows.Items {
			keys[i] = r.Name.Key()
		}
		until := w.o.Now().UTC().Truncate(time.Minute).Add(time.Minute - time.Millisecond)
		days, err := w.o.Dashboard.RepoDays(ctx, keys, until, sparkDays)
		list := telemetry.List[repoTrend]{Total: rows.Total}
		for i, r := range rows.Items {
			list.Items = append(list.Items, repoTrend{RepoRow: r, days: days[keys[i]], since: telemetry.Midnight(until).AddDate(0, 0, 1-sparkDays), until: until})
		}
		return list, err
	}
}
