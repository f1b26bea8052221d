package dashboard

import (
	"cmp"
	"context"
	"strconv"

	"telemetry-dashboard/services/telemetry"
)

// Due is how issues stand with their due dates, with its links: those of all have the
// names of the figures, those of a line its list and number before them, for example
// "by_severity/0/overdue".
type Due struct {
	telemetry.DueFigures
	Links Links
}

// Due returns how issues of all repositories or of one stand with their due dates, and
// how many were closed in time in a period. The error is CodeInvalid for an unknown
// period, CodeNotFound for an unknown repository.
func (d *Dashboard) Due(ctx context.Context, q Question) (Due, error) { return d.due(ctx, q, true) }

func (d *Dashboard) due(ctx context.Context, q Question, owners bool) (due Due, err error) {
	period, err := telemetry.ParsePeriod(q.Period, q.until())
	if err != nil {
		return due, err
	}
	var found bool
	due.DueFigures, found, err = d.Figures.Due(ctx, period, q.Repo.Key(), q.AsOf, owners)
	if err == nil && !found {
		err = noRepoAt(string(q.Repo), q.AsOf)
	}
	due.Links = dueLinks(due.DueFigures, q.scope())
	return due, err
}

// addDue adds to stats what is due. Without a period, all that was ever closed counts.
func (d *Dashboard) addDue(ctx context.Context, q Question, s *Stats) (err error) {
	q.Period = cmp.Or(q.Period, "all")
	if s.Due, err = d.due(ctx, q, false); err != nil {
		return err
	}
	for place, link := range s.Due.Links {
		s.Links["due_"+place] = link
	}
	for _, figure := range []string{"overdue", "due_soon", "closed_in_time", "closed_late", "closed_in_time_n", "closed_in_time_rate"} {
		if link, has := s.Links["due_"+figure]; has {
			s.Links[figure] = link
			delete(s.Links, "due_"+figure)
		}
	}
	delete(s.Links, "due_open")
	for _, tier := range telemetry.Severities() {
		delete(s.Links, "due_open_by_severity/"+tier)
	}
	return nil
}

// dueLinks are the links of the figures of due dates, by their places.
func dueLinks(d telemetry.DueFigures, s scope) Links {
	links, closed, taken := Links{}, "", ""
	if since := moment(d.Period.Since); !d.Period.Since.IsZero() {
		closed, taken = "closed:>="+since, "taken:>="+since
	}
	add := func(before string, terms ...string) {
		of := func(more ...string) Link { return s.list("issues", append(more, terms...)...) }
		links[before+"open"] = of("is:open")
		links[before+"overdue"] = of("is:overdue")
		links[before+"due_soon"] = of("is:open", "due:<7d", "-is:overdue")
		links[before+"closed_in_time"] = of("is:in_time", closed)
		links[before+"closed_late"] = of("is:late", closed)
		for _, tier := range telemetry.Severities() {
			links[before+"open_by_severity/"+tier] = of("is:open", "severity:"+tier)
		}
	}
	add("")
	links["closed_in_time_n"] = s.answer("owners", "/closed_in_time_n", "period="+d.Period.Name)
	if d.All.N() > 0 {
		links["closed_in_time_rate"] = s.answer("owners", "/closed_in_time_rate", "period="+d.Period.Name)
	}
	others := 0 // that cannot be asked for alone
	for _, l := range d.BySeverity {
		if isOther(l.Name) {
			others++
		}
	}
	for i, l := range d.BySeverity {
		switch at := "by_severity/" + strconv.Itoa(i) + "/"; {
		case !isOther(l.Name):
			add(at, "severity:"+l.Name)
		case others == 1:
			add(at, "severity:"+telemetry.KeywordOther)
		}
	}
	for i, l := range d.ByRepo {
		add("by_repo/"+strconv.Itoa(i)+"/", "repo:"+telemetry.RepoName(l.Name).Key())
	}
	for i, l := range d.ByOwner {
		owned := "no:owner"
		if l.Name != "" {
			owned = term("owner", l.Name)
		}
		at := "by_owner/" + strconv.Itoa(i) + "/"
		add(at, owned)
		links[at+"attempted"] = s.list("issues", "has:session", taken, UndecidedTerm, owned)
		links[at+"fixed"] = s.list("issues", "has:session", taken, "is:fixed", owned)
	}
	return links
}

// isOther reports whether a severity is none of those that there are.
func isOther(severity string) bool {
	return telemetry.SeverityRank(severity) >= len(telemetry.Severities())
}
