package dashboard

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Link names the list that a figure counts, or the rows that it is computed
// from. A link without a part means the list's total, or the length of an
// answer that is an array. The part "/a/b" is a place in the answer (a JSON
// pointer), at which the figure stands or an array has its length; "sum/a"
// is the sum of the field a over all rows of the list.
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
	if l.List == "changes" {
		return links.Changes + l.query(l.More)
	}
	paged := slices.Contains([]string{"issues", "sessions", "pulls", "runs", "repos"}, l.List)
	if !paged || more != "" && !(l.List == "issues" && strings.HasPrefix(more, "as_of=")) {
		return ""
	}
	return links.List(l.List) + l.query(more)
}

// And is the link with a further term in its query.
func (l Link) And(terms string) Link {
	l.Query = strings.TrimSpace(l.Query + " " + terms)
	return l
}

func (l Link) query(more string) string {
	var parts []string
	if l.Query != "" {
		parts = append(parts, "q="+url.QueryEscape(l.Query))
	}
	if more != "" {
		parts = append(parts, more)
	}
	if len(parts) == 0 {
		return ""
	}
	return "?" + strings.Join(parts, "&")
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

// began is a term of what began in the period, "" over all time.
func (s scope) began(field string) string {
	if s.since.IsZero() {
		return ""
	}
	return field + ":>=" + moment(s.since)
}

// sum links to a list of which a sum over the period is made; field is when its
// rows began.
func (s scope) sum(name, field string, terms ...string) Link {
	if began := s.began(field); began != "" {
		terms = append(terms, began)
	}
	return s.list(name, terms...)
}

// list links to a list by the terms of a query, in this scope.
func (s scope) list(name string, terms ...string) Link {
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
	if s.asOf.IsZero() {
		return Link{List: name, More: strings.Join(more, "&"), Part: part}
	}
	return Link{List: name, More: strings.Join(append(more, s.time()), "&"), Part: part}
}

// with adds a parameter and a part.
func (l Link) with(more, part string) Link {
	if l.More != "" && more != "" {
		more = l.More + "&" + more
	} else if more == "" {
		more = l.More
	}
	l.More, l.Part = more, part
	return l
}

// moment is a time as queries have it: UTC, to the second.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// term is a term of a query whose value may be any text.
func term(field, value string) string {
	return query.Term{Field: field, Values: []query.Value{{Text: value}}}.String()
}

// statsLinks are the links of the figures of /api/stats, of /api/repo and of
// the items of /api/repos.
func statsLinks(t telemetry.Totals, s scope) Links {
	links := Links{
		"total_runs":             s.sum("runs", "date"),
		"scans":                  s.sum("runs", "date", "kind:scan"),
		"dispatches":             s.sum("runs", "date", "kind:dispatch"),
		"total_issues":           s.sum("runs", "date").with("sums=true", "/sums/issues_found"),
		"sessions_created":       s.sum("sessions", "started"),
		"sessions_finished":      s.sum("sessions", "started", "is:finished"),
		"sessions_with_pr":       s.sum("sessions", "started", "has:pr"),
		"sessions_active":        s.list("sessions", "is:active"),
		"sessions_working":       s.list("sessions", "is:active", "is:queued,working"),
		"sessions_waiting":       s.list("sessions", "is:active", "is:waiting"),
		"sessions_never_started": s.sum("sessions", "started", "is:never_started"),
		"prs_total":              s.sum("pulls", "created"),
		"prs_open":               s.sum("pulls", "created", "is:open"),
		"prs_closed":             s.sum("pulls", "created", "is:closed"),
		"prs_merged":             s.sum("pulls", "created", "is:merged"),
		"prs_unknown":            s.sum("pulls", "created", "is:unknown"),
		"fix_rate":               s.sum("pulls", "created").with("sums=true", "/sums/fix_rate"),
	}
	if s.repo == "" && s.asOf.IsZero() {
		links["repos_scanned"] = s.list("repos")
		links["verifications"] = Link{List: "verifications", More: "all=true"}
		links["broken_files"] = Link{List: "files", More: "state=error"}
	}
	for _, name := range []string{"severity_breakdown", "category_breakdown"} {
		links[name] = s.sum("runs", "date").with("sums=true", "/sums/"+name)
	}
	s.openLinks(t, links)
	return links
}

// RepoLinks are the links of the figures of one of /api/repos' items. Those
// with words of their own lead to the repository's answer, where each word
// has its own link.
func RepoLinks(r telemetry.RepoRow) Links {
	s := scope{repo: r.Name}
	own := func(part string) Link { return Link{List: "repo/" + string(r.Name), Part: part} }
	open := s.list("issues", "is:open")
	if !r.Listed {
		open = own("/stats/latest_issues")
	}
	return Links{
		"runs":               s.list("runs"),
		"issues_found":       s.list("runs").with("sums=true", "/sums/issues_found"),
		"sessions_created":   s.list("sessions"),
		"sessions_finished":  s.list("sessions", "is:finished"),
		"prs_total":          s.list("pulls"),
		"prs_open":           s.list("pulls", "is:open"),
		"prs_closed":         s.list("pulls", "is:closed"),
		"prs_merged":         s.list("pulls", "is:merged"),
		"prs_unknown":        s.list("pulls", "is:unknown"),
		"severity_breakdown": s.list("runs").with("sums=true", "/sums/severity_breakdown"),
		"category_breakdown": s.list("runs").with("sums=true", "/sums/category_breakdown"),
		"open":               open,
		"open_by_severity":   own("/stats/latest_severity"),
		"open_by_category":   own("/stats/latest_category"),
	}
}

// openLinks link what is open: to the issues or, where some of it has no
// list, to the repositories whose counts add up to it; as of a time, to the
// trend that ends then, in which families are not distinguished.
func (s scope) openLinks(t telemetry.Totals, links Links) {
	sum := func(now, then string) Link {
		if s.asOf.IsZero() {
			return s.list("repos").with("", "sum/"+now)
		}
		return s.answer("trends", "/open_now/"+then, "period=7d")
	}
	links["latest_unlisted"] = sum("open", "unlisted")
	if s.asOf.IsZero() {
		links["latest_unlisted"] = s.list("repos", "-is:listed").with("", "sum/open")
	}
	links["latest_issues"] = s.list("issues", "is:open")
	if t.Unlisted > 0 {
		links["latest_issues"] = sum("open", "total")
	}
	for word := range t.LatestSeverity {
		link, ok := s.severity(word)
		if t.Unlisted > 0 {
			link, ok = sum(at("open_by_severity", word), at("by_severity", word)), true
		}
		if ok {
			links[at("latest_severity", word)] = link
		}
	}
	for word := range t.LatestCategory {
		switch {
		case t.Unlisted == 0:
			links[at("latest_category", word)] = s.family(word)
		case s.asOf.IsZero():
			links[at("latest_category", word)] = sum(at("open_by_category", word), "")
		}
	}
}

// severity links to the open issues of a tier. One that CodeQL does not have
// is asked for by its own parameter.
func (s scope) severity(tier string) (Link, bool) {
	if telemetry.SeverityRank(tier) < len(telemetry.Severities()) {
		return s.list("issues", "is:open", "severity:"+tier), true
	}
	return s.list("issues", "is:open").with("severity="+url.QueryEscape(tier), ""), tier != "" && !strings.Contains(tier, ",")
}

// family links to the open issues of a CWE family.
func (s scope) family(name string) Link {
	if name == "" {
		return s.list("issues", "is:open", "no:family")
	}
	return s.list("issues", "is:open", term("family", name))
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
		"open_now/total":  s.answer("stats", "/latest_issues"), "open_now/listed": s.list("issues", "is:open"),
	}
	before := s
	before.asOf = t.Period.Since.Add(-time.Millisecond)
	links["open_before/total"], links["open_before/listed"] = before.answer("stats", "/latest_issues"), before.list("issues", "is:open")
	if t.Before.Unlisted == 0 {
		links["open_before/total"] = before.list("issues", "is:open")
	}
	for i, p := range t.Open {
		day := s
		if end := p.Day.AddDate(0, 0, 1).Add(-time.Millisecond); end.Before(t.Period.Until) {
			day.asOf = end
		}
		links[at("open", strconv.Itoa(i), "listed")] = day.list("issues", "is:open")
	}
	for i, w := range t.Weeks {
		end := earlier(w.Monday.AddDate(0, 0, 7).Add(-time.Millisecond), t.Period.Until)
		for _, event := range []string{"opened", "closed"} {
			links[at("weeks", strconv.Itoa(i), event)] = s.changes(event, w.Monday, end)
		}
	}
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
	for i, f := range t.Families {
		family := "no:family"
		if f.Family != "" {
			family = term("family", f.Family)
		}
		links[at("families", strconv.Itoa(i), "attempted")] = s.list("issues", family, "taken:>="+since)
		links[at("families", strconv.Itoa(i), "closed")] = s.list("issues", family, "taken:>="+since, "is:fixed")
	}
	if len(t.Missing) == 1 {
		all := scope{asOf: s.asOf} // a run number is the action repository's, whatever it scans
		links["runs_missing/sources/0/numbers"] = all.list("runs").with("sums=true", "/sums/run_numbers")
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

// changes links to the events of a period.
func (s scope) changes(event string, since, until time.Time) Link {
	l := Link{
		List: "changes",
		More: "event=" + event + "&since=" + url.QueryEscape(links.Time(since)) + "&until=" + url.QueryEscape(links.Time(until)),
	}
	if s.repo != "" {
		l.More += "&repo=" + url.QueryEscape(string(s.repo))
	}
	return l
}

// pulls links to the pull requests of the period: for all time, to all of
// them, also those whose time is not known.
func (s scope) pulls(t telemetry.Trends, terms ...string) Link {
	if t.Period.Name != "all" {
		terms = append(terms, "created:>="+moment(t.Period.Since))
	}
	return s.list("pulls", terms...)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
