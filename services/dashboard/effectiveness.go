package dashboard

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// Effectiveness is what came of sessions' attempts at issues in a period, with
// its links.
type Effectiveness struct {
	telemetry.Effectiveness
	Links Links
}

// Effectiveness returns what came of the attempts of a period, of all
// repositories or of one. The error is CodeInvalid for an unknown period,
// CodeNotFound for an unknown repository.
func (d *Dashboard) Effectiveness(ctx context.Context, q Question) (e Effectiveness, err error) {
	period, err := telemetry.ParsePeriod(q.Period, q.until())
	if err != nil {
		return e, err
	}
	var found bool
	e.Effectiveness, found, err = d.Figures.Effectiveness(ctx, period, q.Repo.Key(), q.AsOf)
	if err == nil && !found {
		err = noRepoAt(string(q.Repo), q.AsOf)
	}
	e.Links = effectivenessLinks(e.Effectiveness, q.scope())
	return e, err
}

// Odds is what came of earlier attempts in a repository.
func (d *Dashboard) Odds(ctx context.Context, repo telemetry.RepoName) (telemetry.Odds, error) {
	return d.Figures.Odds(ctx, repo.Key())
}

// effectivenessLinks are the links of the figures of /api/effectiveness.
func effectivenessLinks(e telemetry.Effectiveness, s scope) Links {
	tried, started := []string{"has:session", UndecidedTerm}, []string{"has:attempt"}
	if since := moment(e.Period.Since); !e.Period.Since.IsZero() {
		tried, started = []string{"tried:>=" + since, UndecidedTerm}, append(started, "started:>="+since)
	}
	issues := func(terms ...string) Link { return s.list("issues", slices.Concat(tried, terms)...) }
	took := func(terms ...string) Link { return s.list("sessions", slices.Concat(started, terms)...) }
	links := Links{
		"issues":                issues(),
		"sessions":              took(),
		"gone":                  issues("found:gone"),
		"still_there":           issues("found:still_there"),
		"not_rescanned":         issues("found:not_rescanned"),
		"not_merged":            issues("found:not_merged"),
		"merge_unknown":         issues("merge:unknown"),
		"cost/sessions":         took("acus:>=0"),
		"cost/sessions_unknown": took("-acus:>=0"),
		"cost/acus":             took("acus:>=0").whole().with("", "sum/acus_consumed"),
		"blocked/issues":        issues("claim:blocked"),
		"thrown_away/pulls":     took("found:thrown_away"),
	}
	for i, said := range append(telemetry.Saids(), "") {
		row, terms := strconv.Itoa(i), []string{}
		if said != "" {
			terms = append(terms, "claim:"+string(said))
		}
		links[at("claims", row, "issues")] = issues(terms...)
		links[at("claims", row, "not_merged")] = issues(append(terms, "found:not_merged")...)
		for _, found := range telemetry.Founds() {
			links[at("claims", row, string(found))] = issues(append(terms, "found:"+string(found))...)
		}
	}
	for group, rates := range e.Rates {
		for i, r := range rates {
			all, gone := rateTerms(group, r.Name)
			if all == "" {
				continue
			}
			links[at("by_"+string(group), strconv.Itoa(i), "issues")] = issues(all)
			links[at("by_"+string(group), strconv.Itoa(i), "gone")] = issues(gone, "found:gone")
		}
	}
	return links
}

// whole is the link to the download of a list, which has all of its rows.
func (l Link) whole() Link {
	l.List += ".json"
	return l
}

// rateTerms ask for the issues of a rate, and for those of which some may be
// gone. A severity that CodeQL does not have cannot be asked for alone: "".
func rateTerms(group telemetry.RateGroup, name string) (all, gone string) {
	switch group {
	case telemetry.RateByAttempt:
		all, gone = "attempts:>="+name, "attempts:"+name
		if name == strconv.Itoa(telemetry.LateAttempt) {
			gone = all
		}
		return all, gone
	case telemetry.RateBySeverity:
		if telemetry.SeverityRank(name) < len(telemetry.Severities()) {
			all = "severity:" + name
		}
	case telemetry.RateByRepo:
		all = "repo:" + strings.ToLower(name)
	case telemetry.RateByFamily:
		all = "no:family"
		if name != "" {
			all = term("family", name)
		}
	case telemetry.RateByPlaybook:
		all = "no:playbook"
		if name != "" {
			all = term("playbook", name)
		}
	default:
		all = term(string(group), name)
	}
	return all, all
}
