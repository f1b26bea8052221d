package lists

import (
	"slices"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// issueOwners are whom an issue belongs to.
func issueOwners() []Field[telemetry.IssueRow] {
	return []Field[telemetry.IssueRow]{
		{Name: "owner", Help: "person or team that owns its file, by CODEOWNERS or else the registry's tags, for example @org/team",
			Column: "i.owners", Into: func(i *telemetry.IssueRow) any { return store.ListOf(&i.Owners) }, CSV: "owners",
			Values: ofRows("owner", "issue_owners WHERE owner <> ''"),
			Asked:  &asked{kind: query.Text(), cond: each(func(_ moment, v query.Value) Cond { return ownedBy(v.Text) })}},
	}
}

// withoutOwner is true of an issue i that nobody owns.
const withoutOwner = `i.id NOT IN (SELECT w.issue_id FROM issue_owners w)`

// ownedBy holds for what somebody owns: a person, a team with or without its
// organisation, or a tag, with or without @.
func ownedBy(text string) Cond {
	name := glob(strings.TrimPrefix(text, "@"))
	is := func(pattern string) Cond { return like("w.owner", pattern) }
	return anyOf(is(name), is("@"+name), is("%/"+name)).within("i.id IN (SELECT w.issue_id FROM issue_owners w WHERE ")
}

// ownedIn is the same of a column with a list of owners.
func ownedIn(owners, text string) Cond {
	name := strings.TrimPrefix(text, "@")
	is := func(text string) Cond { return among(owners, text, glob, "") }
	return anyOf(is(name), is("@"+name), is("*/"+name))
}

// ownedByTeams holds for what one of the teams owns, each of them "org/team".
func ownedByTeams(owners string, teams []string) Cond {
	if len(teams) == 0 {
		return never()
	}
	c := Cond{Text: "EXISTS (SELECT 1 FROM texts(" + owners + ")texts WHERE LOWER(e.value) IN (?" + strings.Repeat(", ?", len(teams)-1) + "))"}
	for _, team := range teams {
		c.Args = append(c.Args, "@"+strings.ToLower(team))
	}
	return c
}

// owned says who owned the files of a repository at a time.
type owned struct {
	files *telemetry.Codeowners // nil where it had no CODEOWNERS
	tags  []string              // that the registry gave it
}

// ownedAt is who owned the files of a repository at a time, by the CODEOWNERS and the
// registry that had been fetched.
func ownedAt(tx *store.Tx, repo, at int64) (o owned) {
	if file := store.CodeownersAt(tx, repo, at); file.Path != "" {
		files := telemetry.ParseCodeowners(file.Text)
		return owned{files: &files}
	}
	tx.Row(`SELECT g.tags FROM registry_log g JOIN repos r ON r.key = g.repo_key WHERE r.id = $1 AND g.at <= $2 ORDER BY g.at DESC LIMIT 1`,
		repo, at).Scan(store.ListOf(&o.tags))
	return o
}

func (o owned) of(file string) []string {
	if o.files != nil {
		return append([]string{}, o.files.Owners(file)...)
	}
	return append([]string{}, o.tags...)
}

// asOwned gives issues their owners of a time.
func asOwned(tx *store.Tx, at int64, byID map[int64]*telemetry.IssueRow, ids []int64) {
	repos := map[int64]owned{}
	of := store.Map[int64, int64](tx, `SELECT id, repo_id FROM issues WHERE id `+tx.In(1, "BIGINT"), store.JSON(ids))
	for id, repo := range of {
		if _, known := repos[repo]; !known {
			repos[repo] = ownedAt(tx, repo, at)
		}
		byID[id].Owners = repos[repo].of(byID[id].File)
	}
}

// issueOwnersThen are the owners of issues at @, of which rows() has all.
const issueOwnersThen = `SELECT CAST(e.value ->> 0 AS BIGINT) AS issue_id, CAST(e.value ->> 1 AS TEXT) AS owner,
	CAST(e.value ->> 2 AS BIGINT) AS repo_id FROM rows() WHERE CAST(@ AS BIGINT) > 0`

func issueOwnerRows(tx *store.Tx) string {
	rows, at := [][]any{}, store.Millis(tx.Now())
	for _, repo := range store.All[int64](tx, `SELECT id FROM repos ORDER BY id`) {
		o := ownedAt(tx, repo, at)
		if o.files == nil && len(o.tags) == 0 {
			continue
		}
		byFile := map[string][]string{}
		tx.Each(`SELECT i.id, i.file FROM issues i WHERE i.repo_id = $1`, []any{repo}, func(r *store.Row) {
			var id int64
			var file string
			r.Scan(&id, &file)
			owners, known := byFile[file]
			if !known {
				owners = slices.Compact(slices.Sorted(slices.Values(o.of(file))))
				byFile[file] = owners
			}
			for _, owner := range owners {
				rows = append(rows, []any{id, owner, repo})
			}
		})
	}
	return store.JSON(rows)
}
