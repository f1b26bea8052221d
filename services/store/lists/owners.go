package lists

import (
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// issueOwners are whom an issue belongs to.
func issueOwners() []Field[telemetry.IssueRow] {
	return []Field[telemetry.IssueRow]{
		{Name: "owner", Help: "person or team that owns its file, by CODEOWNERS or else the registry's tags, for example @org/team",
			Column: "i.owners", Into: func(i *telemetry.IssueRow) any { return store.ListOf(&i.Owners) }, CSV: "owners", NoPast: true,
			Asked: &asked{kind: query.Text(), cond: each(func(_ moment, v query.Value) Cond { return ownedBy(v.Text) })}},
	}
}

// ownedBy holds for what somebody owns: a person, a team with or without its
// organisation, or a tag, with or without @.
func ownedBy(text string) Cond { return ownedIn("i.owners", text) }

func ownedIn(owners, text string) Cond {
	name := strings.TrimPrefix(text, "@")
	is := func(text string) Cond { return among(owners, text, glob, "") }
	return anyOf(is(name), is("@"+name), is("*/"+name))
}

// asOwned gives issues their owners by the CODEOWNERS that was known at a time. What the
// registry said then is not kept.
func asOwned(tx *store.Tx, at int64, byID map[int64]*telemetry.IssueRow, ids []int64) {
	repos := map[int64]telemetry.Codeowners{}
	of := store.Map[int64, int64](tx, `SELECT id, repo_id FROM issues WHERE id `+tx.In(1, "BIGINT"), store.JSON(ids))
	for id, repo := range of {
		if _, known := repos[repo]; !known {
			repos[repo] = telemetry.ParseCodeowners(store.CodeownersAt(tx, repo, at).Text)
		}
		byID[id].Owners = append([]string{}, repos[repo].Owners(byID[id].File)...)
	}
}
