package figures

import (
	"cmp"
	"context"
	"slices"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Due returns how the issues of a repository by its key, or of all, stand with their
// due dates at a time, zero for now, and how many were closed in time in a period.
// Owners are left out unless they are asked for. found is false for a repository that
// no record named.
func (f *Figures) Due(
	ctx context.Context, p telemetry.Period, repo string, at time.Time, owners bool,
) (d telemetry.DueFigures, found bool, err error) {
	err = lists.ReadAt(ctx, f.store, at, func(tx *store.Tx) error {
		d = telemetry.DueFigures{Period: p}
		id, known := lists.RepoID(tx, repo)
		if found = known; !known {
			return tx.Err()
		}
		severities, repos := map[string]*telemetry.DueLine{}, map[string]*telemetry.DueLine{}
		dueLines(tx, id, p, `o.name`, ` JOIN repos o ON o.id = i.repo_id`, never, func(name, severity string, l telemetry.DueLine) {
			d.All.Add(l)
			lineOf(severities, severity).Add(l)
			lineOf(repos, name).Add(l)
		})
		d.BySeverity, d.ByRepo, d.ByOwner = sortedLines(severities), sortedLines(repos), []telemetry.DueLine{}
		if owners {
			byOwner := map[string]*telemetry.DueLine{}
			dueLines(tx, id, p, `COALESCE(w.owner, '')`, ` LEFT JOIN issue_owners w ON w.issue_id = i.id`,
				`i.attempts > 0 AND i.attempted_at >= $1 AND NOT `+lists.Decided(`i.state_rank`),
				func(name, _ string, l telemetry.DueLine) { lineOf(byOwner, name).Add(l) })
			d.ByOwner = sortedLines(byOwner)
		}
		slices.SortStableFunc(d.BySeverity, func(a, b telemetry.DueLine) int {
			return cmp.Compare(telemetry.SeverityRank(a.Name), telemetry.SeverityRank(b.Name))
		})
		return tx.Err()
	})
	return d, found, err
}

// never is a condition that no issue meets.
const never = `false`

// dueLines counts issues i by a name and by severity, and of those for which tried
// is true how many there are and are fixed.
func dueLines(
	tx *store.Tx, repo int64, p telemetry.Period, name, join, tried string, do func(name, severity string, l telemetry.DueLine),
) {
	const minute = 60_000 // times from now count from it, as in the lists
	now := store.Millis(tx.Now())
	condition, args := ofRepo("i.repo_id", repo, store.Millis(p.Since), now, now-now%minute+telemetry.DueSoon.Milliseconds())
	const fixed = `i.state_rank = 4 AND i.due_at <> 0 AND i.closed_at >= $1`
	counted := lists.ForTried
	if tried == never {
		counted = lists.ForCounts
	}
	tx.Each(`SELECT `+name+`, i.severity `+counted+`, COUNT(*) FILTER (WHERE i.state_rank < 4), COUNT(*) FILTER (WHERE i.overdue = 1),
			COUNT(*) FILTER (WHERE i.overdue = 0 AND i.state_rank < 4 AND i.due_at <> 0
				AND i.due_at + CASE WHEN i.paused_at = 0 THEN 0 ELSE $2 - i.paused_at END < $3),
			COUNT(*) FILTER (WHERE `+fixed+` AND i.closed_at <= i.due_at), COUNT(*) FILTER (WHERE `+fixed+` AND i.closed_at > i.due_at),
			COUNT(*) FILTER (WHERE `+tried+`), COUNT(*) FILTER (WHERE `+tried+` AND i.state_rank = 4)
		FROM issues i`+join+` WHERE (i.state_rank < 4 OR `+fixed+` OR `+tried+`)`+condition+` GROUP BY 1, 2`, args, func(r *store.Row) {
		var name, severity string
		var open int64
		var l telemetry.DueLine
		r.Scan(&name, &severity, &open, &l.Overdue, &l.Soon, &l.InTime, &l.Late, &l.Attempted, &l.Fixed)
		if open > 0 {
			l.Open = map[string]int64{severity: open}
		}
		do(name, severity, l)
	})
}

func lineOf(lines map[string]*telemetry.DueLine, name string) *telemetry.DueLine {
	if lines[name] == nil {
		lines[name] = &telemetry.DueLine{Name: name}
	}
	return lines[name]
}

// sortedLines are lines with the most overdue first, then the most open.
func sortedLines(lines map[string]*telemetry.DueLine) []telemetry.DueLine {
	all := []telemetry.DueLine{}
	for _, l := range lines {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b telemetry.DueLine) int {
		return cmp.Or(cmp.Compare(b.Overdue, a.Overdue), cmp.Compare(telemetry.Sum(b.Open), telemetry.Sum(a.Open)), cmp.Compare(a.Name, b.Name))
	})
	return all
}
