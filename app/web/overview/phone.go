package overview

import (
	"cmp"
	"strings"
	"time"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// What a phone shows of a collapsed panel: the number that matters, in a line.

// summarizeSlices says the parts of a whole: "5 critical · 110 high".
func summarizeSlices(slices []parts.Slice, none string) string {
	var words []string
	for _, s := range slices {
		if s.N > 0 {
			words = append(words, parts.Number(s.N)+" "+s.Name)
		}
	}
	return cmp.Or(strings.Join(words, " · "), none)
}

// summarizeSegments says the first words of each segment.
func summarizeSegments(segments []parts.Segment, none string) string {
	words := make([]string, len(segments))
	for i, b := range segments {
		words[i] = b.Text
	}
	return cmp.Or(strings.Join(words, " · "), none)
}

func summarizeTrend(o dashboard.Overview) string {
	return parts.Number(o.Now.Total()) + " open · " + parts.Number(o.Opened) + " opened, " + parts.Number(o.Closed) + " closed"
}

func summarizeRates(r panels.Rates) string {
	if r.All.Tried == 0 {
		return r.Empty.Title
	}
	return r.All.Percent + " closed of " + parts.Number(r.All.Tried) + " attempted"
}

func summarizeSpans(o dashboard.Overview) string {
	text := "No issues closed"
	if o.TimeToFix.N > 0 {
		text = shell.DaysText(o.TimeToFix.Median) + " to fix, median"
	}
	if n := len(o.Ages); n > 0 && o.Ages[n-1].N > 0 {
		text += " · " + parts.Number(o.Ages[n-1].N) + " open " + o.Ages[n-1].Name
	}
	return text
}

// summarizeOutcomes names the most frequent outcome of the sessions.
func summarizeOutcomes(o panels.Outcomes) string {
	var best panels.OutcomeRow
	for _, r := range o.Rows {
		if r.N > best.N {
			best = r
		}
	}
	if best.N == 0 {
		return o.Empty.Title
	}
	return parts.Number(best.N) + " " + strings.ToLower(panels.SessionState(best.State, "", best.HasPR).Label) + " of " + o.Count
}

func summarizeQueue(t panels.Table[panels.PullRow], now time.Time) string {
	if len(t.Rows) == 0 {
		return t.Empty.Title
	}
	if oldest := t.Rows[0].Waiting; !oldest.IsZero() {
		return "oldest open for " + shell.DaysText(now.Sub(oldest))
	}
	return "waiting for a review"
}

func summarizeTop(t panels.Table[panels.RepoRow]) string {
	if len(t.Rows) == 0 {
		return t.Empty.Title
	}
	r := t.Rows[0]
	return string(r.Name) + ": " + parts.Number(r.OpenSeverity["critical"]+r.OpenSeverity["high"]) + " critical + high"
}

func summarizeRuns(t panels.Table[panels.RunRow]) string {
	if len(t.Rows) == 0 {
		return t.Empty.Title
	}
	return "latest: " + string(t.Rows[0].Repo)
}
