package overview

import (
	"cmp"
	"slices"
	"strconv"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// rateKind is how the rates of a group are shown.
type rateKind struct {
	group              telemetry.RateGroup
	title, kind, note  string
	others             string // what is left over: "other rules"
	unnamed            string // what has no name of its kind
	withoutSum, hidden bool
}

func rateKinds(v shell.View) []rateKind {
	return []rateKind{
		{group: telemetry.RateByFamily, title: "By family", kind: "Family", note: "most taken first", others: "other families",
			unnamed: "no family"},
		{group: telemetry.RateByRule, title: "By rule", kind: "Rule", note: "most taken first", others: "other rules", unnamed: "no rule"},
		{group: telemetry.RateByAttempt, title: "By attempt", kind: "Attempt", note: "an issue counts in every attempt at it", withoutSum: true},
		{group: telemetry.RateByPlaybook, title: "By playbook", kind: "Playbook", note: "the one of its last attempt", others: "other playbooks",
			unnamed: "No playbook"},
		{group: telemetry.RateBySeverity, title: "By severity", kind: "Severity", note: "worst first", others: "other severities",
			unnamed: "none"},
		{group: telemetry.RateByRepo, title: "By repository", kind: "Repository", note: "most taken first", others: "other repositories",
			hidden: v.Repo.Name != ""},
	}
}

func rateTables(v shell.View, e dashboard.Effectiveness) []panels.Rates {
	var tables []panels.Rates
	for _, k := range rateKinds(v) {
		if k.hidden || len(e.Rates[k.group]) == 0 {
			continue
		}
		t := panels.Rates{Kind: k.kind, DoneHead: "Gone / n", CostHead: "ACUs / gone"}
		t.Title, t.Note = k.title, k.note
		t.Rows = k.rows(e)
		if !k.withoutSum {
			t.All = effectRate(e.All(), "All", page(e, "issues"), page(e, "gone"))
		}
		tables = append(tables, t)
	}
	return tables
}

// rows are those with the most issues; the rest is one row.
func (k rateKind) rows(e dashboard.Effectiveness) []panels.RateRow {
	all := e.Rates[k.group]
	shown := all
	if len(all) > effectRows+1 {
		shown = all[:effectRows]
	}
	if k.group == telemetry.RateBySeverity { // tiers that CodeQL does not have are one row, as in all lists
		known := func(r telemetry.Rate) bool { return telemetry.SeverityRank(r.Name) < len(telemetry.Severities()) }
		shown = all[:len(all)-len(slices.DeleteFunc(slices.Clone(all), known))]
	}
	var rows []panels.RateRow
	for i, r := range shown {
		group, n := "by_"+string(k.group), strconv.Itoa(i)
		row := effectRate(r, k.name(r.Name), page(e, group, n, "issues"), page(e, group, n, "gone"))
		if k.group == telemetry.RateByRepo {
			row.NameURL = links.With(links.Effectiveness, "repo", r.Name, "period", e.Period.Name)
		}
		rows = append(rows, row)
	}
	if rest := all[len(shown):]; len(rest) > 0 {
		sum := telemetry.Rate{}
		for _, r := range rest {
			sum.Issues, sum.Gone, sum.MilliACUs = sum.Issues+r.Issues, sum.Gone+r.Gone, sum.MilliACUs+r.MilliACUs
		}
		issues, gone := k.rest(e, shown)
		rows = append(rows, effectRate(sum, k.others, issues, gone))
	}
	return rows
}

// rest are the lists of the issues that the shown rows leave, and of those
// that are gone; "" where no query names a row.
func (k rateKind) rest(e dashboard.Effectiveness, shown []telemetry.Rate) (issues, gone string) {
	others := e.Links["issues"]
	for _, r := range shown {
		term := "no:" + string(k.group)
		if r.Name != "" {
			term = shell.TermText(string(k.group), r.Name)
		}
		if term == "" {
			return "", ""
		}
		others = others.And("-" + term)
	}
	return others.Page(), others.And("found:gone").Page()
}

func (k rateKind) name(name string) string {
	if k.group == telemetry.RateByAttempt {
		return map[string]string{"1": "First attempt", "2": "Second attempt", "3": "Third attempt", "4": "Fourth and later"}[name]
	}
	if name == "" {
		return k.unnamed
	}
	return name
}

func effectRate(r telemetry.Rate, name, issues, gone string) panels.RateRow {
	row := rateRow(name, telemetry.FamilyRate{Attempted: r.Issues, Closed: r.Gone}, dashboard.Link{}, dashboard.Link{})
	row.URL, row.DoneURL, row.Cost = issues, gone, "–"
	if per := r.ACUsPerGone(); per != nil {
		row.Cost, row.CostURL = acusText(int64(*per*1000)), gone
	}
	return row
}

// blockedRows are the most frequent reasons; the rest is one row.
func blockedRows(p *panels.Effectiveness, e dashboard.Effectiveness) {
	n := e.Count([]telemetry.Said{telemetry.SaidBlocked})
	if n == 0 {
		return
	}
	p.BlockedN, p.AllOf = parts.Number(n), parts.Link{Text: "All " + parts.Number(n), URL: page(e, "blocked/issues")}
	shown := e.Blocked
	if len(shown) > effectCases {
		shown = shown[:effectCases-1]
	}
	for _, b := range shown {
		row := panels.BlockedRow{Reason: b.Reason, N: int(b.Issues), Most: int(e.Blocked[0].Issues)}
		row.URL = e.Links["blocked/issues"].And(shell.TermText("reason", b.Alike...)).Page()
		if row.Reason == "" {
			row.Reason, row.URL = "No reason given", e.Links["blocked/issues"].And("no:reason").Page()
		}
		if len(b.Alike) > 1 {
			row.Note = "and reasons like it"
		}
		p.Blocked = append(p.Blocked, row)
	}
	other := panels.BlockedRow{Reason: "Other", Most: int(e.Blocked[0].Issues)}
	others := e.Links["blocked/issues"]
	for _, b := range shown {
		others = others.And("-" + cmp.Or(shell.TermText("reason", b.Alike...), "no:reason"))
	}
	for _, b := range e.Blocked[len(shown):] {
		other.N += int(b.Issues)
	}
	if other.N > 0 {
		other.URL = others.Page()
		p.Blocked = append(p.Blocked, other)
	}
}

// thrownRows are the latest pull requests that were closed without a merge.
func thrownRows(p *panels.Effectiveness, e dashboard.Effectiveness) {
	n := int64(len(e.ThrownAway))
	if n == 0 {
		return
	}
	p.ThrownN, p.AllPulls = parts.Number(n), parts.Link{Text: "All " + parts.Number(n), URL: page(e, "thrown_away/pulls")}
	for _, t := range e.ThrownAway[:min(n, effectCases)] {
		row := panels.ThrownRow{
			Pull: parts.Link{Text: telemetry.PullRef{Repo: t.Repo, Number: t.Number}.Key(), URL: links.Pull(t.Repo, t.Number)},
			At:   t.ClosedAt.Time,
		}
		row.Note = []panels.Phrase{{Text: parts.Plural(t.Issues, "issue", ""), URL: row.Pull.URL}, {Text: ", closed without a merge"}}
		if t.Verified >= 0 {
			row.Note = []panels.Phrase{{Text: parts.Number(t.Verified) + " of " + parts.Plural(t.Issues, "issue", ""), URL: row.Pull.URL},
				{Text: " verified as fixed, closed without a merge"}}
		}
		if t.MilliACUs >= 0 {
			row.ACUs = acusText(t.MilliACUs)
		}
		p.Thrown = append(p.Thrown, row)
	}
}
