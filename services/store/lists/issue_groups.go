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
	groups := groupsOf{}
	err := ReadAt(ctx, s.issues.store, a.AsOf, func(tx *store.Tx) error {
		clear(groups)
		q, err := s.issues.question(tx, a)
		if err != nil {
			return err
		}
		st := s.issues.counting(&statement{at: q.at}, q, column+`, i.severity_rank, i.repo_id, COUNT(*), MIN(i.first_at), SUM(i.overdue),
			SUM(CASE WHEN `+underWay(q.moment)+` THEN 1 ELSE 0 END)`).add(" GROUP BY " + column + ", i.severity_rank, i.repo_id")
		tx.Each(st.text.String(), st.args, func(r *store.Row) {
			var key string
			var c groupCount
			r.Scan(&key, &c.rank, &c.repo, &c.n, &c.oldest, &c.overdue, &c.underWay)
			for _, value := range groupValues(by, key) {
				groups.add(value, c)
			}
		})
		if by == "rule" {
			groups.title(tx)
		}
		return tx.Err()
	})
	all := make([]telemetry.IssueGroup, 0, len(groups))
	for _, g := range groups {
		g.Repos = int64(len(g.repos))
		all = append(all, g.IssueGroup)
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

// groupCount is how many issues of a group have a severity in a repository.
type groupCount struct {
	rank, repo, n     int64
	oldest            telemetry.Time
	overdue, underWay int64
}

// grouped is a group with the repositories that it is in.
type grouped struct {
	telemetry.IssueGroup
	repos map[int64]bool
}

// groupsOf are groups by what they have in common.
type groupsOf map[string]*grouped

func (groups groupsOf) add(value string, c groupCount) {
	g := groups[value]
	if g == nil {
		g = &grouped{telemetry.IssueGroup{Value: value, Worst: c.rank, Oldest: c.oldest}, map[int64]bool{}}
		groups[value] = g
	}
	g.Issues, g.Overdue, g.UnderWay = g.Issues+c.n, g.Overdue+c.overdue, g.UnderWay+c.underWay
	g.repos[c.repo] = true
	switch {
	case c.rank < g.Worst:
		g.Worst, g.OfWorst = c.rank, c.n
	case c.rank == g.Worst:
		g.OfWorst += c.n
	}
	if c.oldest.Before(g.Oldest.Time) {
		g.Oldest = c.oldest
	}
}

// title gives rules their titles.
func (groups groupsOf) title(tx *store.Tx) {
	rules := slices.Sorted(maps.Keys(groups))
	for rule, title := range store.Map[string, string](tx, `SELECT rule, title FROM rules WHERE rule `+tx.In(1, "TEXT"), store.JSON(rules)) {
		groups[rule].Title = title
	}
}
