package details

import (
	"context"
	"fmt"
	"time"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// openSpans returns how long the issue was open before it was last fixed or
// reopened, and since when it is open now; zero if it is not.
func openSpans(i telemetry.IssueDetail) (before time.Duration, now time.Time) {
	for _, s := range i.Timeline {
		switch s.Kind {
		case telemetry.StepFirstSeen, telemetry.StepBack:
			now = s.At.Time
		case telemetry.StepGone:
			before, now = before+s.At.Sub(now), time.Time{}
		}
	}
	return before, now
}

func openFor(i telemetry.IssueDetail) panels.Pair {
	before, now := openSpans(i)
	switch {
	case now.IsZero():
		return panels.Pair{Name: "Was open for", Text: shell.DaysText(before)}
	case before > 0:
		return panels.Pair{Name: "Open for", Time: now, As: "span", Text: "now, and " + shell.DaysText(before) + " before"}
	}
	return panels.Pair{Name: "Open for", Time: now, As: "span"}
}

// dueFacts say when the issue is due, and how that came about.
func dueFacts(i telemetry.IssueDetail) []panels.Pair {
	d := i.Due
	if d.At.IsZero() {
		return []panels.Pair{{Name: "Due", Text: "never", Faint: true}}
	}
	due := panels.Pair{Name: "Due", Time: d.At.Time, As: "day"}
	switch {
	case d.Met != nil && *d.Met:
		due.Text = "and closed in time"
	case d.Met != nil:
		due.Text = "and closed late"
	case d.Overdue:
		due.Text = "overdue"
	}
	sum := parts.Plural(d.Days, "day", "") + " × " + d.Factor.String()
	if d.Paused > 0 {
		sum += " + " + shell.DaysText(time.Duration(d.Paused)*time.Second) + " paused"
	}
	if !d.Since.IsZero() {
		sum += ", pausing now"
	}
	return []panels.Pair{due, {Name: "Due date", Time: d.Start.Time, As: "day", Text: "+ " + sum, Measure: true}}
}

// backSince returns when the issue was last reopened, and how long it had been fixed.
func backSince(i telemetry.IssueDetail) (back time.Time, away time.Duration) {
	var gone time.Time
	for _, s := range i.Timeline {
		switch s.Kind {
		case telemetry.StepGone:
			gone = s.At.Time
		case telemetry.StepBack:
			back, away = s.At.Time, s.At.Sub(gone)
		}
	}
	return back, away
}

// printPairs are the fingerprints that the issue had, the latest first, each
// with the runs that gave it.
func printPairs(i telemetry.IssueDetail) []panels.Pair {
	type interval struct {
		print       string
		first, last int64
	}
	var intervals []interval
	for _, a := range i.Appearances {
		if n := len(intervals); n > 0 && intervals[n-1].print == a.Fingerprint {
			intervals[n-1].last = a.RunNumber
			continue
		}
		intervals = append(intervals, interval{a.Fingerprint, a.RunNumber, a.RunNumber})
	}
	var list []panels.Pair
	for n := len(intervals) - 1; n >= 0; n-- {
		s := intervals[n]
		name := fmt.Sprintf("Runs %d–%d", s.first, s.last)
		switch {
		case n == len(intervals)-1:
			name = fmt.Sprintf("Since run %d", s.first)
		case s.first == s.last:
			name = fmt.Sprintf("Run %d", s.first)
		}
		list = append(list, panels.Pair{Name: name, Text: s.print, Code: true})
	}
	return list
}

// idsMost is how many scans' ids are shown at once, and idsAll when all are
// asked for.
const (
	idsMost = 5
	idsAll  = 500
)

func (w *Web) issueIDs(ctx context.Context, v shell.View, i telemetry.IssueDetail) (rows []panels.Pair, all int, more parts.Link,
	err error) {
	most := idsMost
	if v.Get("ids") == "all" {
		most = idsAll
	}
	ids, err := w.Dashboard.FindingIDs(ctx, i.PublicID, v.AsOf, most)
	for _, id := range ids.Items {
		rows = append(rows, panels.Pair{
			Name:    shell.RunName(id.RunNumber, 0),
			NameURL: links.Run(id.RunFile),
			Text:    id.IssueID,
			Code:    id.IssueID != "",
		})
	}
	switch {
	case len(ids.Items) < ids.Total && most == idsMost:
		more = parts.Link{Text: "All " + parts.Number(ids.Total), URL: links.With(links.Issue(i.PublicID), "ids", "all")}
	case len(ids.Items) < ids.Total:
		more = parts.Link{Text: fmt.Sprintf("%s shown", parts.Number(len(ids.Items)))}
	case most == idsAll:
		more = parts.Link{Text: "Fewer", URL: links.Issue(i.PublicID)}
	}
	return rows, ids.Total, more, err
}

func outcomeSegment(o telemetry.AttemptOutcome, state telemetry.State) panels.Segment {
	segment := map[telemetry.OutcomeKind]panels.Segment{
		telemetry.OutcomeRunning:   {Text: "In progress for", As: "span"},
		telemetry.OutcomeNoUpdate:  {Text: "No update since", As: "day"},
		telemetry.OutcomeNoPull:    {Text: "No pull request"},
		telemetry.OutcomeOpen:      {Text: "PR open for", As: "span"},
		telemetry.OutcomeRefused:   {Text: "PR closed without a merge"},
		telemetry.OutcomeUnscanned: {Text: "Merged, not scanned since"},
		telemetry.OutcomeStill:     {Text: "Still there after the merge"},
		telemetry.OutcomeGone:      {Text: "Fixed for", As: "span"},
		telemetry.OutcomeBack:      {Text: "Fixed for " + shell.DaysText(o.Until.Sub(o.Since.Time)) + ", then reopened"},
		telemetry.OutcomeUnknown:   {Text: "PR state unknown"},
	}[o.Kind]
	if segment.As != "" {
		segment.Time = o.Since.Time
	}
	if o.Kind == telemetry.OutcomeNoPull && state == telemetry.StateSuspended {
		segment.Text = "Suspended, no pull request yet"
	}
	if o.MergeUnknown {
		segment.Text = "Merge unknown. " + segment.Text
	}
	return segment
}
