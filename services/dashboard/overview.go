package dashboard

import (
	"context"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// Figures is where figures over time are read.
type Figures interface {
	Totals(ctx context.Context) (telemetry.Totals, error)
	TotalsOf(ctx context.Context, repo string) (telemetry.Totals, bool, error)
	TotalsAsOf(ctx context.Context, t time.Time, repo string) (telemetry.Totals, bool, error)
	Trends(ctx context.Context, q telemetry.TrendQuery) (telemetry.Trends, bool, error)
	LastRun(ctx context.Context, at time.Time) (telemetry.LastRun, error)
	Effectiveness(ctx context.Context, p telemetry.Period, repo string, at time.Time) (telemetry.Effectiveness, bool, error)
	Due(ctx context.Context, p telemetry.Period, repo string, at time.Time, owners bool) (telemetry.DueFigures, bool, error)
	Odds(ctx context.Context, repo string) (telemetry.Odds, error)
	RepoDays(ctx context.Context, keys []string, until time.Time, days int) (map[string]telemetry.RepoDays, error)
	Campaigns(ctx context.Context) ([]telemetry.CampaignRow, error)
	CampaignDetail(ctx context.Context, id int64) (telemetry.CampaignDetail, bool, error)
	AutoSends(ctx context.Context, id int64) ([]telemetry.AutoSendFacts, error)
}

// Question is what figures are asked for.
type Question struct {
	Period string             // 7d, 30d, 90d or all; "" is 30d
	Repo   telemetry.RepoName // "" for all
	Now    time.Time
	AsOf   time.Time             // zero: now
	Parts  []telemetry.TrendPart // of an overview; none: all
}

func (q Question) scope() scope { return scope{repo: q.Repo, asOf: q.AsOf} }

// until is the end of the answer: the given time or, so that the answers of
// one minute are equal, the end of the present minute.
func (q Question) until() time.Time {
	if !q.AsOf.IsZero() {
		return q.AsOf
	}
	return q.Now.UTC().Truncate(time.Minute).Add(time.Minute - time.Millisecond)
}

// Stats are what is open and active now, or was at a time, and the sums, each with its link.
type Stats struct {
	telemetry.Totals
	Due   Due // without owners
	Links Links
}

// Stats returns the figures of all repositories or of one. The error is
// CodeNotFound for one that no record names, or none of that time.
func (d *Dashboard) Stats(ctx context.Context, q Question) (Stats, error) {
	var t telemetry.Totals
	var found bool
	var err error
	if q.AsOf.IsZero() {
		t, found, err = d.TotalsOf(ctx, q.Repo.Key())
	} else {
		t, found, err = d.TotalsAsOf(ctx, q.AsOf, q.Repo.Key())
	}
	if err == nil && !found {
		err = noRepoAt(string(q.Repo), q.AsOf)
	}
	s := Stats{Totals: t, Links: statsLinks(t, q.scope())}
	if err == nil {
		err = d.addDue(ctx, q, &s)
	}
	return s, err
}

// PeriodStats is Stats, but what sums over time counts the runs, sessions and
// pull requests of the period alone: pull requests by when they were opened.
// The error is CodeInvalid for an unknown period.
func (d *Dashboard) PeriodStats(ctx context.Context, q Question) (Stats, error) {
	period, err := telemetry.ParsePeriod(q.Period, q.until())
	if err != nil {
		return Stats{}, err
	}
	s, err := d.Stats(ctx, q)
	if err != nil || period.Since.IsZero() {
		return s, err
	}
	in := q.scope()
	in.since = period.Since
	began := in.began("runs")
	runs, err := d.counts(ctx, d.Runs, q, began, "kind:scan "+began, "kind:dispatch "+began)
	if err != nil {
		return s, err
	}
	s.Runs, s.Scans, s.Dispatches = runs[0], runs[1], runs[2]
	asks, err := asked(d.Runs, q, began)
	if err != nil {
		return s, err
	}
	sums, err := d.RunSums(ctx, asks[0])
	if err != nil {
		return s, err
	}
	s.IssuesFound, s.SeveritySum, s.CategorySum = sums.IssuesFound, sums.Severity, sums.Category
	began = in.began("sessions")
	sessions, err := d.counts(ctx, d.Sessions, q, began, "is:finished "+began, "has:pr "+began, "is:never_started "+began)
	if err != nil {
		return s, err
	}
	s.SessionsCreated, s.SessionsFinished, s.SessionsWithPR = sessions[0], sessions[1], sessions[2]
	s.SessionsByState = map[telemetry.State]int64{telemetry.StateNeverStarted: sessions[3], telemetry.StateFinished: sessions[1]}
	if asks, err = asked(d.Pulls, q, in.began("pulls")); err == nil {
		s.PRs, err = d.PullSums(ctx, asks[0])
	}
	if err != nil {
		return s, err
	}
	s.Links = statsLinks(s.Totals, in)
	return s, d.addDue(ctx, q, &s)
}

// asked are questions of one list by their queries.
func asked(l Described, q Question, queries ...string) ([]query.Ask, error) {
	asks := make([]query.Ask, len(queries))
	for i, text := range queries {
		parsed, err := Parse(l, text)
		if err != nil {
			return nil, err
		}
		asks[i] = query.Ask{Repo: q.Repo.Key(), AsOf: q.AsOf, Query: parsed}
	}
	return asks, nil
}

// counts are the totals of queries of one list.
func (d *Dashboard) counts(ctx context.Context, l Described, q Question, queries ...string) ([]int64, error) {
	asks, err := asked(l, q, queries...)
	if err != nil {
		return nil, err
	}
	return l.Counts(ctx, asks)
}

// Overview are the figures of a period: trends, and tiles of the present.
type Overview struct {
	telemetry.Trends
	Now   telemetry.DayPoint   // what is open at the end of the period
	PRs   telemetry.PullCounts // opened in the period; of all time, all
	Links Links
}

// Change is how many more are open than before the period.
func (o *Overview) Change() int64 { return o.Now.Total() - o.Before.Total() }

// Overview returns the figures of a period of all repositories or of one. The error is
// CodeInvalid for an unknown period, CodeNotFound for an unknown repository.
func (d *Dashboard) Overview(ctx context.Context, q Question) (Overview, error) {
	period, err := telemetry.ParsePeriod(q.Period, q.until())
	if err != nil {
		return Overview{}, err
	}
	asked := telemetry.TrendQuery{Period: period, Repo: q.Repo.Key(), AsOf: !q.AsOf.IsZero(), Parts: q.Parts}
	trends, found, err := d.Trends(ctx, asked)
	if err == nil && !found {
		err = noRepoAt(string(q.Repo), q.AsOf)
	}
	if err != nil {
		return Overview{}, err
	}
	o := Overview{Trends: trends, Links: trendLinks(trends, q.scope())}
	if n := len(trends.Open); n > 0 {
		o.Now = trends.Open[n-1]
	}
	if !asked.Asks(telemetry.TrendPulls) {
		return o, nil
	}
	ask := query.Ask{Repo: q.Repo.Key(), AsOf: q.AsOf}
	if period.Name != "all" {
		if ask.Query, err = Parse(d.Pulls, "created:>="+moment(trends.Period.Since)); err != nil {
			return Overview{}, err
		}
	}
	o.PRs, err = d.PullSums(ctx, ask)
	return o, err
}

// NeedGroups is how much waits for a person.
type NeedGroups struct {
	Counts map[telemetry.Need]int64 // of each group, whatever the query names
	Links  Links
}

// Total is the sum of all groups.
func (g NeedGroups) Total() (n int64) {
	for _, count := range g.Counts {
		n += count
	}
	return n
}

// NeedGroups counts what waits for a person, by group. The links are of all
// that waits, of one repository or, for "", of all.
func (d *Dashboard) NeedGroups(ctx context.Context, a query.Ask) (NeedGroups, error) {
	counts, err := d.NeedCounts(ctx, a)
	g := NeedGroups{Counts: counts, Links: Links{}}
	for _, need := range telemetry.Needs() {
		l := Link{List: "needs-attention", More: "group=" + string(need)}
		if a.Repo != "" {
			l.More += "&repo=" + a.Repo
		}
		if at := (scope{asOf: a.AsOf}).time(); at != "" {
			l.More += "&" + at
		}
		g.Links[at("groups", string(need))] = l
	}
	return g, err
}
