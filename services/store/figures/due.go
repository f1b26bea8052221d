package figures

import (
	"cmp"
	"context"
	"fmt"
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
		for _, c := range dueCounts(tx, id, p, `o.name`, ` JOIN repos o ON o.id = i.repo_id`, never) {
			d.All.Add(c.DueLine)
			lineOf(severities, c.severity).Add(c.DueLine)
			lineOf(repos, c.name).Add(c.DueLine)
		}
		d.BySeverity, d.ByRepo, d.ByOwner = sortedLines(severities), sortedLines(repos), []telemetry.DueLine{}
		if owners {
			byOwner := map[string]*telemetry.DueLine{}
			counts := dueCounts(tx, id, p, `COALESCE(w.owner, '')`, ` LEFT JOIN issue_owners w ON w.issue_id = i.id`,
				`i.attempts > 0 AND i.attempted_at >= $1 AND NOT `+lists.Decided(`i.state_rank`))
			for _, c := range counts {
				lineOf(byOwner, c.name).Add(c.DueLine)
			}
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

// dueCount is a line of issues of a severity.
type dueCount struct {
	name, severity string
	telemetry.DueLine
}

// dueCounts counts issues i by a name and by severity, and of those for which tried
// is true how many there are and are fixed.
func dueCounts(tx *store.Tx, repo int64, p telemetry.Period, name, join, tried string) []dueCount {
	since := store.Millis(p.Since)
	return store.Kept(tx, fmt.Sprintf("due dates by %s of %d since %d", name, repo, since), func() ([]dueCount, int) {
		counts := countDue(tx, repo, since, name, join, tried)
		return counts, len(counts) * dueCountBytes
	})
}

// dueCountBytes is about what a line takes.
const dueCountBytes = 500

func countDue(tx *store.Tx, repo, since int64, name, join, tried string) []dueCount {
	const minute = 60_000 // times from now count from it, as in the lists
	now := store.Millis(tx.Now())
	condition, args := ofRepo("i.repo_id", repo, since, now, now-now%minute+telemetry.DueSoon.Milliseconds())
	const fixed = `i.state_rank = 4 AND i.due_at <> 0 AND i.closed_at >= $1`
	counted := lists.ForTried
	if tried == never {
		counted = lists.ForCounts
	}
	counts := []dueCount{}
	tx.Each(`SELECT `+name+`, i.severity `+counted+`, COUNT(*) FILTER (WHERE i.state_rank < 4), COUNT(*) FILTER (WHERE i.overdue = 1),
			COUNT(*) FILTER (WHERE i.overdue = 0 AND i.state_rank < 4 AND i.due_at <> 0
				AND i.due_at + CASE WHEN i.paused_at = 0 THEN 0 ELSE $2 - i.paused_at END < $3),
			COUNT(*) FILTER (WHERE `+fixed+` AND i.closed_at <= i.due_at), COUNT(*) FILTER (WHERE `+fixed+` AND i.closed_at > i.due_at),
			COUNT(*) FILTER (WHERE `+tried+`), COUNT(*) FILTER (WHERE `+tried+` AND i.state_rank = 4)
		FROM issues i`+join+` WHERE (i.state_rank < 4 OR `+fixed+` OR `+tried+`)`+condition+` GROUP BY 1, 2`, args, func(r *store.Row) {
		var c dueCount
		var open int64
		r.Scan(&c.name, &c.severity, &open, &c.Overdue, &c.Soon, &c.InTime, &c.Late, &c.Attempted, &c.Fixed)
		if open > 0 {
			c.Open = map[string]int64{c.severity: open}
		}
		counts = append(counts, c)
	})
	return counts
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
