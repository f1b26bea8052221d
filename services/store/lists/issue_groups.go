package lists

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// groupColumns are what issues are grouped by: a text, or of owners a list of them.
func groupColumns() map[string]string {
	return map[string]string{
		"rule": "i.rule", "family": "i.family", "owner": "i.owners",
		"repo": "COALESCE((SELECT t.name FROM repos t WHERE t.id = i.repo_id), '')",
	}
}

// issueGroups is the qualifier that says by what the page groups its rows: it
// leaves no row out.
func issueGroups() []Field[telemetry.IssueRow] {
	var words []word
	for _, name := range slices.Sorted(maps.Keys(groupColumns())) {
		words = append(words, word{name, "1 = 1"})
	}
	return []Field[telemetry.IssueRow]{{Name: "group", Help: "by what the page groups its rows; leaves none out", Asked: is(words...)}}
}

// IssueGroups counts the issues of a question by what they are grouped by, from
// one statement: the worst severity first, then the most. An issue of several
// owners is in the group of each.
func (s Sums) IssueGroups(ctx context.Context, a query.Ask, by string) ([]telemetry.IssueGroup, error) {
	column, known := groupColumns()[by]
	if !known {
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "Invalid group: want rule, repo, owner or family.")
	}
	groups := map[string]*telemetry.IssueGroup{}
	err := ReadAt(ctx, s.issues.store, a.AsOf, func(tx *store.Tx) error {
		clear(groups)
		q, err := s.issues.question(tx, a)
		if err != nil {
			return err
		}
		st := s.issues.counting(&statement{at: q.at}, q, column+", i.severity_rank, COUNT(*), MIN(i.first_at)").
			add(" GROUP BY " + column + ", i.severity_rank")
		tx.Each(st.text.String(), st.args, func(r *store.Row) {
			var key string
			var rank, n int64
			var oldest telemetry.Time
			r.Scan(&key, &rank, &n, &oldest)
			for _, value := range groupValues(by, key) {
				add(groups, value, rank, n, oldest)
			}
		})
		return tx.Err()
	})
	all := make([]telemetry.IssueGroup, 0, len(groups))
	for _, g := range groups {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b telemetry.IssueGroup) int {
		return cmp.Or(cmp.Compare(a.Worst, b.Worst), cmp.Compare(b.OfWorst, a.OfWorst), cmp.Compare(b.Issues, a.Issues),
			cmp.Compare(a.Value, b.Value))
	})
	return all, err
}

// groupValues are the groups of what a column holds: "" is of those without any.
func groupValues(by, key string) []string {
	if by != "owner" {
		return []string{key}
	}
	var owners []string
	if json.Unmarshal([]byte(key), &owners) != nil || len(owners) == 0 {
		return []string{""}
	}
	slices.Sort(owners)
	return slices.Compact(owners)
}

func add(groups map[string]*telemetry.IssueGroup, value string, rank, n int64, oldest telemetry.Time) {
	g := groups[value]
	if g == nil {
		g = &telemetry.IssueGroup{Value: value, Worst: rank, Oldest: oldest}
		groups[value] = g
	}
	g.Issues += n
	switch {
	case rank < g.Worst:
		g.Worst, g.OfWorst = rank, n
	case rank == g.Worst:
		g.OfWorst += n
	}
	if oldest.Before(g.Oldest.Time) {
		g.Oldest = oldest
	}
}
