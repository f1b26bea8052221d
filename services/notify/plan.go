package notify

import (
	"fmt"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Plan decides when what a rule found is told, and in which words. It is pure but for
// the ids, which it is given.
type Plan struct {
	NewIDs func() string
}

// NewID returns the id of a message.
func (p Plan) NewID() string { return "msg_" + p.NewIDs() }

// Step is what is to be done at a time with so many things that a rule has to tell. In
// quiet hours it is nothing: they wait for their end.
func (p Plan) Step(r telemetry.NotifyRule, pending int64, now time.Time) telemetry.NotifyStep {
	switch {
	case !r.On || pending == 0 || quiet(r, now):
		return telemetry.NotifyNothing
	case r.DigestAt != "" && r.NextAt.After(now):
		return telemetry.NotifyNothing
	case r.DigestAt != "":
		return telemetry.NotifyDigest
	case pending > telemetry.NotifyAtOnce:
		return telemetry.NotifyTogether
	}
	return telemetry.NotifyEach
}

// quiet reports whether a time is in the quiet hours of a rule, by the clock of its zone.
// They may go past midnight.
func quiet(r telemetry.NotifyRule, now time.Time) bool {
	from, ok := telemetry.ClockMinutes(r.QuietFrom)
	to, fine := telemetry.ClockMinutes(r.QuietTo)
	if !ok || !fine {
		return false
	}
	local := now.In(zone(r))
	minute := local.Hour()*60 + local.Minute()
	if from < to {
		return minute >= from && minute < to
	}
	return minute >= from || minute < to
}

// NextDigest is when the next digest after a time is due: once on each day of the zone.
// A time of day that the clock skips in spring is the first moment after the gap; of one
// that comes twice in autumn it is the first.
func (p Plan) NextDigest(r telemetry.NotifyRule, after time.Time) time.Time {
	minutes, ok := telemetry.ClockMinutes(r.DigestAt)
	if !ok {
		return time.Time{}
	}
	in := zone(r)
	day := after.In(in)
	at := onDay(day, minutes, in)
	for !at.After(after) {
		day = time.Date(day.Year(), day.Month(), day.Day()+1, 12, 0, 0, 0, in)
		at = onDay(day, minutes, in)
	}
	return at.UTC()
}

// onDay is the first moment of a day at which its clock shows a time of day or later.
func onDay(day time.Time, minutes int, in *time.Location) time.Time {
	at := time.Date(day.Year(), day.Month(), day.Day(), minutes/60, minutes%60, 0, 0, in)
	_, before := at.Add(-12 * time.Hour).Zone()
	_, after := at.Add(12 * time.Hour).Zone()
	if before == after {
		return at
	}
	wall := time.Date(day.Year(), day.Month(), day.Day(), minutes/60, minutes%60, 0, 0, time.UTC)
	early := wall.Add(-time.Duration(max(before, after)) * time.Second)
	late := wall.Add(-time.Duration(min(before, after)) * time.Second)
	for _, t := range []time.Time{early, late} { // the first at which the clock shows it
		if l := t.In(in); l.Day() == day.Day() && l.Hour()*60+l.Minute() == minutes {
			return t
		}
	}
	from, to := early, late // in a gap: the change of the clock is between the two
	for to.Sub(from) > time.Second {
		middle := from.Add(to.Sub(from) / 2)
		if _, offset := middle.In(in).Zone(); offset == before {
			from = middle
		} else {
			to = middle
		}
	}
	return to.Truncate(time.Minute)
}

// zone is the time zone of a rule, which was checked when the rule was stored.
func zone(r telemetry.NotifyRule) *time.Location {
	in, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	return in
}

// Message is what a rule tells of count things, of which items are the worst. None is a
// try of the rule.
func (p Plan) Message(r telemetry.NotifyRule, owner string, count int64, items []telemetry.Notice) telemetry.NotifyMessage {
	m := telemetry.NotifyMessage{Event: r.Event, Rule: r.Name, Owner: owner, Count: count, Items: []telemetry.Notice{}, Link: viewOf(r, owner)}
	for _, n := range items {
		n.Link = pageOf(r.Event, n)
		n.Title = telemetry.Shorten(oneLine(n.Title), titleMost)
		m.Items = append(m.Items, n)
	}
	what := r.Event.Words()
	switch {
	case count == 0:
		m.Event = telemetry.NotifyTest
		m.Title = fmt.Sprintf("This is a test of the rule %s", r.Name)
	case count == 1 && len(m.Items) == 1:
		m.Title = what + ": " + m.Items[0].Title
		if s := m.Items[0].Severity; s != "" {
			m.Title = what + " (" + s + "): " + m.Items[0].Title
		}
	default:
		m.Title = fmt.Sprintf("%s: %s", what, grouped(count))
	}
	if r.DigestAt != "" && count > 0 {
		m.Title = grouped(count) + " in your digest: " + strings.ToLower(what[:1]) + what[1:]
		if owner != "" {
			m.Title += ", for " + owner
		} else if r.Event.OfIssues() {
			m.Title += ", without an owner"
		}
	}
	m.Title = telemetry.Shorten(oneLine(m.Title), titleMost)
	return m
}

const titleMost = 200 // bytes

// oneLine is a text without breaks of lines and other controls.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }), " ")
}

// grouped is a number as people read it: 9,950.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// pageOf is the page of one thing that a rule tells of.
func pageOf(event telemetry.NotifyEvent, n telemetry.Notice) string {
	switch event {
	case telemetry.NotifyWaiting:
		return links.Session(n.Ref)
	case telemetry.NotifyPullReady, telemetry.NotifyStillThere:
		if strings.Count(n.Ref, "/") == 2 {
			return links.Of(links.Pulls, n.Ref)
		}
		return links.NeedsYou
	case telemetry.NotifyScanOverdue:
		return links.Repo(n.Repo)
	case telemetry.NotifyJobFailing:
		return links.Activity
	case telemetry.NotifyBudget:
		return links.Of(links.Campaigns, n.Subject)
	}
	return links.Issue(n.Subject)
}

// viewOf is the view that shows all that a rule finds.
func viewOf(r telemetry.NotifyRule, owner string) string {
	switch r.Event {
	case telemetry.NotifyScanOverdue:
		return links.Repos
	case telemetry.NotifyJobFailing:
		return links.Activity
	case telemetry.NotifyBudget:
		return links.Campaigns
	}
	var terms []string
	page := links.Issues
	switch r.Event {
	case telemetry.NotifyNew:
		terms = append(terms, "is:open")
	case telemetry.NotifyReopened, telemetry.NotifyOverdue:
		terms = append(terms, "is:"+string(r.Event))
	case telemetry.NotifyDueSoon:
		terms = append(terms, "due:<3d", "-is:overdue")
	default:
		page = links.NeedsYou
		terms = append(terms, "group:"+string(r.Event))
	}
	if r.Severity != "" {
		terms = append(terms, "severity:"+strings.Join(atLeast(r.Severity), ","))
	}
	if r.Repo != "" {
		terms = append(terms, "repo:"+string(r.Repo))
	}
	switch {
	case page != links.Issues:
	case owner != "" || r.Owner != "":
		terms = append(terms, `owner:"`+strings.NewReplacer(`"`, ``, `\`, ``).Replace(firstOf(owner, r.Owner))+`"`)
	case r.DigestAt != "":
		terms = append(terms, "no:owner")
	}
	return links.Matching(page, strings.Join(terms, " "))
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// atLeast are a severity and those that are worse.
func atLeast(severity string) (list []string) {
	for _, s := range telemetry.Severities() {
		list = append(list, s)
		if s == severity {
			return list
		}
	}
	return list
}
