package dashboard

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Link names the list that a figure counts, or the rows that it is computed from.
// Without a part it means the list's total, or an array's length. The part "/a/b" is
// a JSON pointer into the answer; "sum/a" is the sum of the field a over all rows.
type Link struct {
	List  string // issues, sessions, pulls, runs, repos, changes, files, verifications, stats, trends, needs-attention
	Query string // in the query language of lists
	More  string // further parameters of the API, encoded
	Part  string
}

// API is the link as the path of the JSON API; its part stands behind a #.
func (l Link) API() string {
	return links.APIList(l.List) + l.query(l.More) + l.fragment()
}

// Page is the link as the path of a page, "" where no page shows the list.
// The page of a list whose sums are meant shows its rows and their number.
func (l Link) Page() string {
	more := strings.TrimPrefix(l.More, "sums=true")
	switch l.List {
	case "changes":
		return links.Changes + l.query(l.More)
	case "needs-attention":
		return links.NeedsYou + l.query(l.More)
	}
	paged := slices.Contains([]string{"issues", "sessions", "pulls", "runs", "repos", "verifications"}, l.List)
	page := links.List(l.List)
	if more = strings.TrimPrefix(more, "&"); !paged || more != "" && !(strings.HasPrefix(more, "as_of=") && links.HasPast(page)) {
		return ""
	}
	return page + l.query(more)
}

// And is the link with a further term in its query.
func (l Link) And(terms string) Link {
	l.Query = strings.TrimSpace(l.Query + " " + terms)
	return l
}

func (l Link) query(more string) string {
	if l.Query != "" {
		more = strings.TrimSuffix("q="+url.QueryEscape(l.Query)+"&"+more, "&")
	}
	if more == "" {
		return ""
	}
	return "?" + more
}

func (l Link) fragment() string {
	if l.Part == "" {
		return ""
	}
	return "#" + (&url.URL{Path: l.Part}).EscapedPath()
}

// Links are the links of figures, by the figure's place in the answer: a
// JSON pointer without its first slash.
type Links map[string]Link

// at is the place of a figure.
func at(names ...string) string {
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	return strings.Join(escaped, "/")
}

// scope is what an answer is about: one repository or all, now or as of a
// time.
type scope struct {
	repo  telemetry.RepoName
	asOf  time.Time
	since time.Time // of sums over a period; zero: over all time
}

// began is the term of what began in the period, "" over all time.
func (s scope) began(list string) string {
	if s.since.IsZero() {
		return ""
	}
	field := map[string]string{"runs": "date", "sessions": "started", "pulls": "created"}[list]
	return field + ":>=" + moment(s.since)
}

// list links to a list by the terms of a query, in this scope. Empty terms are none.
func (s scope) list(name string, terms ...string) Link {
	terms = slices.DeleteFunc(terms, func(term string) bool { return term == "" })
	if s.repo != "" {
		terms = append(terms, "repo:"+s.repo.Key())
	}
	return Link{List: name, Query: strings.Join(terms, " "), More: s.time()}
}

func (s scope) time() string {
	if s.asOf.IsZero() {
		return ""
	}
	return "as_of=" + url.QueryEscape(links.Time(s.asOf))
}

// answer links to a place in another answer, in this scope.
func (s scope) answer(name, part string, more ...string) Link {
	if s.repo != "" {
		more = append(more, "repo="+url.QueryEscape(string(s.repo)))
	}
	if !s.asOf.IsZero() {
		more = append(more, s.time())
	}
	return Link{List: name, More: strings.Join(more, "&"), Part: part}
}

// with adds a parameter and a part.
func (l Link) with(more, part string) Link {
	l.More, l.Part = strings.Trim(l.More+"&"+more, "&"), part
	return l
}

// UndecidedTerm asks for the issues that rates count: neither dismissed nor
// accepted.
const UndecidedTerm = "-is:dismissed,accepted"

// moment is a time as queries have it: UTC, to the second.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// term is a term of a query whose value may be any text.
func term(field, value string) string {
	return query.Term{Field: field, Values: []query.Value{{Text: value}}}.String()
}

// sum links to the sum of a figure over all rows of a list that began in the period.
func (s scope) sum(list, figure string) Link {
	return s.list(list, s.began(list)).with("sums=true", "/sums/"+figure)
}

// common are the links of the figures that a repository has in a list too.
func (s scope) common() Links {
	return Links{
		"sessions_created":   s.list("sessions", s.began("sessions")),
		"sessions_finished":  s.list("sessions", "is:finished", s.began("sessions")),
		"prs_total":          s.list("pulls", s.began("pulls")),
		"prs_open":           s.list("pulls", "is:open", s.began("pulls")),
		"prs_closed":         s.list("pulls", "is:closed", s.began("pulls")),
		"prs_merged":         s.list("pulls", "is:merged", s.began("pulls")),
		"prs_unknown":        s.list("pulls", "is:unknown", s.began("pulls")),
		"severity_breakdown": s.sum("runs", "severity_breakdown"),
		"category_breakdown": s.sum("runs", "category_breakdown"),
	}
}

// statsLinks are the links of the figures of /api/stats and of /api/repo.
func statsLinks(t telemetry.Totals, s scope) Links {
	links := s.common()
	maps.Copy(links, Links{
		"total_runs":             s.list("runs", s.began("runs")),
		"scans":                  s.list("runs", "kind:scan", s.began("runs")),
		"dispatches":             s.list("runs", "kind:dispatch", s.began("runs")),
		"total_issues":           s.sum("runs", "issues_found"),
		"sessions_with_pr":       s.list("sessions", "has:pr", s.began("sessions")),
		"sessions_active":        s.list("sessions", "is:active"),
		"sessions_working":       s.list("sessions", "is:active", "is:queued,working"),
		"sessions_waiting":       s.list("sessions", "is:active", "is:waiting"),
		"sessions_never_started": s.list("sessions", "is:never_started", s.began("sessions")),
		"fix_rate":               s.sum("pulls", "fix_rate"),
	})
	if s.repo == "" {
		links["repos_scanned"] = s.list("repos")
	}
	if s.repo == "" {
		links["verifications"] = s.list("verifications").with("all=true", "")
	}
	if s.repo == "" && s.asOf.IsZero() {
		links["broken_files"] = Link{List: "files", More: "state=error"}
	}
	s.openLinks(t, links)
	return links
}

// RepoLinks are the links of the figures of one of /api/repos' items as of a time. Those
// with words of their own lead to the repository's answer, where each word
// has its own link.
func RepoLinks(r telemetry.RepoRow, asOf time.Time) Links {
	s := scope{repo: r.Name, asOf: asOf}
	own := func(part string) Link { return Link{List: "repo/" + string(r.Name), More: s.time(), Part: part} }
	open, latest := s.list("issues", "is:open"), s.list("issues", "status:open")
	if !r.Listed {
		open, latest = own("/stats/open"), own("/stats/latest_issues")
	}
	links := s.common()
	maps.Copy(links, Links{
		"runs":             s.list("runs"),
		"issues_found":     s.sum("runs", "issues_found"),
		"open":             open,
		"open_by_severity": own("/stats/open_by_severity"),
		"open_by_category": own("/stats/open_by_category"),
		"dismissed":        s.list("issues", "is:dismissed"),
		"accepted":         s.list("issues", "is:accepted"),
		"latest_issues":    latest,
		"latest_severity":  own("/stats/latest_severity"),
		"latest_category":  own("/stats/latest_category"),
	})
	return links
}

// openLinks link what is open: to the issues or, where some of it has no
// list, to the repositories whose counts add up to it.
func (s scope) openLinks(t telemetry.Totals, links Links) {
	sum := func(figure string) Link { return s.list("repos").with("", "sum/"+figure) }
	links["latest_unlisted"] = s.list("repos", "-is:listed").with("", "sum/open")
	links["dismissed"], links["accepted"] = s.list("issues", "is:dismissed"), s.list("issues", "is:accepted")
	for _, by := range []struct {
		total, severity, category, open string
		severities, categories          map[string]int64
	}{
		{"open", "open_by_severity", "open_by_category", "is:open", t.OpenSeverity, t.OpenCategory},
		{"latest_issues", "latest_severity", "latest_category", "status:open", t.LatestSeverity, t.LatestCategory},
	} {
		links[by.total] = s.list("issues", by.open)
		if t.Unlisted > 0 {
			links[by.total] = sum(by.total)
		}
		for word := range by.severities {
			link, ok := s.severity(by.open, word)
			if t.Unlisted > 0 {
				link, ok = sum(at(by.severity, word)), true
			}
			if ok {
				links[at(by.severity, word)] = link
			}
		}
		for word := range by.categories {
			links[at(by.category, word)] = s.family(by.open, word)
			if t.Unlisted > 0 {
				links[at(by.category, word)] = sum(at(by.category, word))
			}
		}
	}
}

// severity links to the open issues of a tier. One that CodeQL does not have
// is asked for by its own parameter.
func (s scope) severity(open, tier string) (Link, bool) {
	if telemetry.SeverityRank(tier) < len(telemetry.Severities()) {
		return s.list("issues", open, "severity:"+tier), true
	}
	return s.list("issues", open).with("severity="+url.QueryEscape(tier), ""), tier != "" && !strings.Contains(tier, ",")
}

// family links to the open issues of a CWE family.
func (s scope) family(open, name string) Link {
	if name == "" {
		return s.list("issues", open, "no:family")
	}
	return s.list("issues", open, term("family", name))
}

// trendLinks are the links of the figures of /api/trends.
func trendLinks(t telemetry.Trends, s scope) Links {
	since := moment(t.Period.Since)
	links := Links{
		"opened":        s.changes("opened", t.Period.Since, t.Period.Until),
		"closed":        s.changes("closed", t.Period.Since, t.Period.Until),
		"closed_issues": s.list("issues", "closed:>="+since),
		"time_to_fix/n": s.changes("closed", t.Period.Since, t.Period.Until),
		"prs_waiting/n": s.list("pulls", "is:open"),
		"prs_total":     s.pulls(t), "prs_merged": s.pulls(t, "is:merged"), "fix_rate": s.pulls(t).with("sums=true", "/sums/fix_rate"),
		"overdue_scans/n": s.answer("trends", "/overdue_scans/items", "period="+t.Period.Name),
		"sessions/total":  s.list("sessions", "started:>="+since),
		"open_now/total":  s.answer("stats", "/open"), "open_now/listed": s.list("issues", "is:open"),
	}
	before := s
	before.asOf = t.Period.Since.Add(-time.Millisecond)
	links["open_now/dismissed"], links["open_now/accepted"] = s.list("issues", "is:dismissed"), s.list("issues", "is:accepted")
	links["open_before/dismissed"], links["open_before/accepted"] = before.list("issues", "is:dismissed"), before.list("issues", "is:accepted")
	links["open_before/total"], links["open_before/listed"] = before.answer("stats", "/open"), before.list("issues", "is:open")
	if t.Before.Unlisted == 0 {
		links["open_before/total"] = before.list("issues", "is:open")
	}
	for i, p := range t.Open {
		day := s
		if end := p.Day.AddDate(0, 0, 1).Add(-time.Millisecond); end.Before(t.Period.Until) {
			day.asOf = end
		}
		links[at("open", strconv.Itoa(i), "listed")] = day.list("issues", "is:open")
		links[at("open", strconv.Itoa(i), "dismissed")] = day.list("issues", "is:dismissed")
		links[at("open", strconv.Itoa(i), "accepted")] = day.list("issues", "is:accepted")
	}
	for i, w := range t.Weeks {
		end := endOf(w.Monday, 7, t.Period)
		for _, event := range []string{"opened", "closed"} {
			links[at("weeks", strconv.Itoa(i), event)] = s.changes(event, w.Monday, end)
		}
	}
	s.openTrendLinks(t, links)
	for i, f := range t.Families {
		family := "no:family"
		if f.Family != "" {
			family = term("family", f.Family)
		}
		links[at("families", strconv.Itoa(i), "attempted")] = s.list("issues", family, "taken:>="+since, UndecidedTerm)
		links[at("families", strconv.Itoa(i), "closed")] = s.list("issues", family, "taken:>="+since, "is:fixed")
	}
	if len(t.Missing) == 1 {
		all := scope{asOf: s.asOf} // a run number is the action repository's, whatever it scans
		links["runs_missing/sources/0/numbers"] = all.sum("runs", "run_numbers")
	}
	for i, o := range t.Sessions {
		has := "no:pr"
		if o.WithPR {
			has = "has:pr"
		}
		links[at("sessions", "outcomes", strconv.Itoa(i), "n")] = s.list("sessions", "is:"+string(o.State), has, "started:>="+since)
	}
	return links
}

// openTrendLinks link the open issues by their age and by their attempts.
func (s scope) openTrendLinks(t telemetry.Trends, links Links) {
	for i, b := range t.Ages {
		terms := []string{"is:open"}
		if !b.Since.IsZero() {
			terms = append(terms, "first:>="+moment(b.Since))
		}
		if !b.Before.IsZero() {
			terms = append(terms, "first:<"+moment(b.Before))
		}
		links[at("ages", strconv.Itoa(i), "n")] = s.list("issues", terms...)
	}
	for i := range t.Attempts {
		count := strconv.Itoa(i)
		if i == len(t.Attempts)-1 {
			count = ">=" + count
		}
		links[at("attempts", strconv.Itoa(i), "issues")] = s.list("issues", "is:open", "attempts:"+count)
	}
}

// changes links to the events of a period.
func (s scope) changes(event string, since, until time.Time) Link {
	from, to := url.QueryEscape(links.Time(since)), url.QueryEscape(links.Time(until))
	return s.answer("changes", "", "event="+event, "since="+from, "until="+to)
}

// pulls links to the pull requests of the period: for all time, to all of
// them, also those whose time is not known.
func (s scope) pulls(t telemetry.Trends, terms ...string) Link {
	if t.Period.Name != "all" {
		terms = append(terms, "created:>="+moment(t.Period.Since))
	}
	return s.list("pulls", terms...)
}

// endOf is the last moment of some days of a period.
func endOf(from time.Time, days int, p telemetry.Period) time.Time {
	if end := from.AddDate(0, 0, days).Add(-time.Millisecond); end.Before(p.Until) {
		return end
	}
	return p.Until
}
