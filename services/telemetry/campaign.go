package telemetry

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Campaign is a list of issues that a query named once, with who sees to it,
// until when, and at what cost.
type Campaign struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Query       string   `json:"query"`  // that named its issues
	Issues      int64    `json:"issues"` // how many it named
	Owner       Optional `json:"owner"`
	Due         Time     `json:"due_at"`       // zero: none
	MaxSessions int64    `json:"max_sessions"` // 0: no limit
	MaxACUs     int64    `json:"max_acus"`     // 0: no limit
	By          string   `json:"by"`
	At          Time     `json:"at"`
	ClosedAt    Time     `json:"closed_at"`
	ClosedBy    Optional `json:"closed_by"`
	AutoSend    `json:"auto_send"`
}

// NewCampaign is a campaign to begin.
type NewCampaign struct {
	Name        string
	Query       string
	Expect      int64 // how many issues the query is to name
	Owner       string
	Due         time.Time
	MaxSessions int64
	MaxACUs     int64
	By          string
	At          time.Time // when it began; zero: now
}

// CampaignEdit is what of a campaign is to change; nil stays.
type CampaignEdit struct {
	Version     string // Campaign.Version as it was read; "" = as it is
	Name        *string
	Owner       *string
	Due         *time.Time
	MaxSessions *int64
	MaxACUs     *int64
	PerDay      *int64 // of AutoSend, which By then switches on or off At that time
	Floor       *int64
	By          string
	At          time.Time
}

// Bounds of campaigns.
const (
	CampaignsMost       = 200
	CampaignIssuesMost  = DecisionIssuesMost
	campaignBudgetMost  = 1_000_000
	campaignQueryMost   = 4000 // bytes
	campaignYearsBeyond = 10
)

// Check returns c as it is kept, or what is wrong with it: CodeInvalid with the
// field. known reports whether somebody can own it.
func (c NewCampaign) Check(now time.Time, known func(name string) bool) (NewCampaign, error) {
	switch {
	case !Named(c.Query, c.Expect):
		return c, invalidField("q", "The query is missing: want one that names the issues, for example is:open severity:critical, "+
			"or how many the whole list has in expect.")
	case len(c.Query) > campaignQueryMost:
		return c, invalidField("q", "The query has %d bytes; the limit is %d.", len(c.Query), campaignQueryMost)
	case c.Expect < 1:
		return c, invalidField("expect", "Invalid expect: want the number of issues that the query names, as it was confirmed.")
	case c.Expect > CampaignIssuesMost:
		return c, TooManyCampaignIssues(c.Expect)
	}
	c.Query = strings.TrimSpace(c.Query)
	edit, err := CampaignEdit{Name: &c.Name, Owner: &c.Owner, Due: &c.Due, MaxSessions: &c.MaxSessions, MaxACUs: &c.MaxACUs}.Check(now, known)
	if err == nil {
		c.Name, c.Due = *edit.Name, *edit.Due
	}
	return c, err
}

// isVisible reports whether a reader sees something of a name.
func isVisible(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)
}

// Check is NewCampaign.Check for what is to change.
func (e CampaignEdit) Check(now time.Time, known func(name string) bool) (CampaignEdit, error) {
	if e.Name != nil {
		name, err := ViewName(*e.Name)
		if err != nil {
			return e, withField("name", err)
		}
		if strings.Trim(name, "0123456789") == "" || !strings.ContainsFunc(name, isVisible) {
			return e, invalidField("name", "Invalid name: want one that can be read, and that is no number, which would name another campaign.")
		}
		e.Name = &name
	}
	if e.Owner != nil && *e.Owner != "" && !known(*e.Owner) {
		return e, invalidField("owner", "Nobody here is called %s. Want a person of this dashboard, or an empty text for nobody.",
			Shown(*e.Owner))
	}
	if e.Due != nil && !e.Due.IsZero() {
		switch {
		case !e.Due.After(now):
			return e, invalidField("due", "Invalid due: the time has passed. Want a time after now.")
		case e.Due.After(now.AddDate(campaignYearsBeyond, 0, 0)):
			return e, invalidField("due", "Invalid due: want a time within %d years.", campaignYearsBeyond)
		}
		due := e.Due.UTC().Truncate(time.Millisecond)
		e.Due = &due
	}
	for _, budget := range []struct {
		field string
		n     *int64
	}{{"max_sessions", e.MaxSessions}, {"max_acus", e.MaxACUs}} {
		if budget.n != nil && (*budget.n < 0 || *budget.n > campaignBudgetMost) {
			return e, invalidField(budget.field, "Invalid %s: want a whole number up to %d, or 0 for no limit.", budget.field, campaignBudgetMost)
		}
	}
	return e, e.checkAutoSend()
}

func withField(field string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Field = field
	}
	return err
}

// Apply returns a campaign with what is to change.
func (e CampaignEdit) Apply(c Campaign) Campaign {
	set(&c.Name, e.Name)
	set(&c.MaxSessions, e.MaxSessions)
	set(&c.MaxACUs, e.MaxACUs)
	if e.Owner != nil {
		c.Owner = Optional(*e.Owner)
	}
	if e.Due != nil {
		c.Due = At(*e.Due)
	}
	set(&c.Floor, e.Floor)
	if e.PerDay != nil {
		c.AutoSend = AutoSend{PerDay: *e.PerDay, Floor: c.Floor}
		if c.PerDay > 0 {
			c.AutoSend.By, c.Since = Optional(e.By), At(e.At)
		}
	}
	return c
}

func set[T any](into, from *T) {
	if from != nil {
		*into = *from
	}
}

// CampaignKey is the form in which names of campaigns are compared.
func CampaignKey(name string) string { return strings.ToLower(name) }

// TooManyCampaignIssues is the error of a campaign of too many issues.
func TooManyCampaignIssues(n int64) error {
	return invalidField("q", "A campaign is of at most %d issues; this query names %d. Narrow it.", CampaignIssuesMost, n)
}

// DueParam reads when a campaign is due: a date, which means its end in UTC, or a time
// in RFC 3339; zero for an empty text. The error is CodeInvalid.
func DueParam(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Millisecond), nil
	}
	t, err := TimeParam("due", text)
	if err != nil {
		return t, invalidField("due", "Invalid due: want a date, for example 2027-01-31, or a time as in 2027-01-31T12:00:00Z.")
	}
	return t, nil
}

// Progress is how far an issue has come in a campaign.
type Progress string

// The words of progress, in the order in which bars show them.
const (
	ProgressFixed      Progress = "fixed"       // the last scan no longer finds it
	ProgressSetAside   Progress = "set_aside"   // dismissed, its risk accepted, or its repository retired
	ProgressMerged     Progress = "merged"      // its fix is merged, and no full scan has looked since
	ProgressInReview   Progress = "in_review"   // its pull request is open
	ProgressWorking    Progress = "working"     // its latest session is active
	ProgressTried      Progress = "tried"       // a session took it, and it is still open
	ProgressNotStarted Progress = "not_started" // no session took it
)

// Progresses are all words of progress.
func Progresses() []Progress {
	return []Progress{ProgressFixed, ProgressSetAside, ProgressMerged, ProgressInReview, ProgressWorking, ProgressTried, ProgressNotStarted}
}

// Done reports whether nothing is left to do about an issue.
func (p Progress) Done() bool { return p == ProgressFixed || p == ProgressSetAside }

// CampaignRow is a campaign and how far it has come. Its sessions are those that
// took one of its issues since it began.
type CampaignRow struct {
	Campaign
	Counts   map[Progress]int64 `json:"progress"`
	Done     int64              `json:"done"`             // fixed or set aside
	Left     int64              `json:"left"`             // open
	Unknown  int64              `json:"unknown"`          // that no record names any more, or that are one issue now
	Sessions int64              `json:"sessions"`         // that took its issues
	Unpriced int64              `json:"sessions_unknown"` // of those, without a known cost
	Gone     int64              `json:"gone"`             // issues that they took and that are gone since
	MilliACU int64              `json:"-"`                // of their work on its issues
}

// Percent is how much of the campaign is done, with one decimal.
func (r *CampaignRow) Percent() float64 {
	return PullCounts{Total: r.Done + r.Left, Merged: r.Done}.FixRate()
}

// ACUsPerGone is what an issue that is gone has cost, nil where none is, or no cost is known.
func (r *CampaignRow) ACUsPerGone() *float64 {
	if r.Gone == 0 || r.MilliACU == 0 {
		return nil
	}
	per := float64(r.MilliACU/r.Gone) / 1000
	return &per
}

// CampaignDay is how many issues of a campaign were open at a time.
type CampaignDay struct {
	At   Time  `json:"at"`
	Left int64 `json:"left"`
}

// Pace is how fast a campaign goes: over the last days, at most PaceDays of them.
type Pace struct {
	Days   float64 `json:"days"`
	Gone   int64   `json:"gone"`   // how many fewer are open than at their beginning
	Needed int64   `json:"needed"` // how many would be for the due date, 0 without one or after it
	Ends   Time    `json:"ends"`   // when the last issue would go; zero where that cannot be told
}

// How much has to be known for a forecast.
const (
	PaceDays  = 14
	paceLeast = 7 // days
	paceGone  = 3 // issues
)

// Paced returns the pace of a campaign by how many of its issues were open, in
// the order of time; the last of them is now. A forecast needs a week, and three
// issues gone.
func (c *Campaign) Paced(days []CampaignDay) (p Pace) {
	if len(days) < 2 {
		return p
	}
	const day = 24 * time.Hour
	last := days[len(days)-1]
	first := days[0]
	for _, d := range days {
		if last.At.Sub(d.At.Time) >= PaceDays*day {
			first = d
		}
	}
	over := last.At.Sub(first.At.Time)
	p.Days = float64(over) / float64(day)
	p.Gone = first.Left - last.Left
	if until := c.Due.Sub(last.At.Time); !c.Due.IsZero() && until > 0 {
		p.Needed = int64(math.Ceil(float64(last.Left) * float64(over) / float64(until)))
	}
	if over >= paceLeast*day && p.Gone >= paceGone && last.Left > 0 {
		p.Ends = At(last.At.Add(time.Duration(float64(over) * float64(last.Left) / float64(p.Gone))))
	}
	return p
}

// Late is by how much the last issue would go after the due date, 0 where it
// would not, or that cannot be told.
func (c *Campaign) Late(p Pace) time.Duration {
	if c.Due.IsZero() || p.Ends.IsZero() {
		return 0
	}
	return max(0, p.Ends.Sub(c.Due.Time))
}

// Plan is how many issues would be open at a time if they went evenly from the
// start to the due date.
func (c *Campaign) Plan(start int64, at time.Time) float64 {
	whole := c.Due.Sub(c.At.Time)
	if c.Due.IsZero() || whole <= 0 {
		return 0
	}
	share := float64(at.Sub(c.At.Time)) / float64(whole)
	return float64(start) * (1 - min(max(share, 0), 1))
}

// CampaignDetail is a campaign with how it went.
type CampaignDetail struct {
	CampaignRow
	Days []CampaignDay `json:"burn_down"` // when it began, at the end of each day since (UTC), and now
	Pace Pace          `json:"pace"`
}

// Words are a campaign as the audit log has it.
func (c *Campaign) Words() string {
	words := []string{c.Name}
	if c.Owner != "" {
		words = append(words, "owner "+string(c.Owner))
	}
	if !c.Due.IsZero() {
		words = append(words, "due "+c.Due.UTC().Format(time.DateOnly))
	}
	if c.MaxSessions > 0 {
		words = append(words, strconv.FormatInt(c.MaxSessions, 10)+" sessions")
	}
	if c.MaxACUs > 0 {
		words = append(words, strconv.FormatInt(c.MaxACUs, 10)+" ACUs")
	}
	if auto := c.AutoSend.Words(); auto != "" {
		words = append(words, auto)
	}
	if !c.ClosedAt.IsZero() {
		words = append(words, "closed")
	}
	return strings.Join(words, ", ")
}
