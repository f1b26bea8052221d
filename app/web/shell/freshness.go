package shell

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Freshness is the strip: how old the data is, and what is wrong upstream.
func (w *Shell) Freshness() Panel {
	return Panel{Name: "freshness", Title: "Data freshness", Page: links.Overview, Every: "60s", Draw: w.drawFreshness}
}

// lateAfter is after how many of its intervals a source counts as late
// (docs/rules.md#freshness).
const lateAfter = 3

func (w *Shell) drawFreshness(ctx context.Context, v View) (templ.Component, error) {
	p, err := w.freshness(ctx)
	if err != nil {
		return nil, err
	}
	return w.strip(v, p), nil
}

func (w *Shell) strip(v View, p freshness) templ.Component {
	f := w.fresh(p)
	f.Frame = v.Brief()
	f.Current = w.freshnessText(p, f)
	return panels.Freshness(f)
}

// sourceDatabase is the source that the store adds while it cannot write.
const sourceDatabase = "database"

func (w *Shell) fresh(p freshness) panels.Fresh {
	f := panels.Fresh{
		Quota: w.quotaNote(p.quota), Devin: w.quotaNote(p.devin),
		Newest: panels.NewestNote{At: p.last.At.Time}, Jobs: jobsNote(p.lease),
	}
	if p.last.Late(w.Now()) {
		f.Newest.Tone, f.Newest.Usual = parts.Attention, "Usually every "+DaysText(p.last.Usual)
	}
	for _, s := range namedApart(p.sources) {
		f.Sources = append(f.Sources, w.sourceNote(s))
		if !s.FailedAt.IsZero() {
			n := w.problem(s)
			same := func(other panels.Problem) bool { return n.Strong == other.Strong } // run files and pull requests fail alike
			if !slices.ContainsFunc(f.Problems, same) {
				f.Problems = append(f.Problems, n)
			}
		}
		if s.Missing > 0 {
			f.Problems = append(f.Problems, missingProblem(s.Missing))
		}
	}
	for _, of := range []struct {
		name string
		rate telemetry.RateLimit
	}{{"GitHub", p.quota}, {"Devin", p.devin}} {
		if n, ok := w.reserved(of.name, of.rate); ok {
			f.Problems = append(f.Problems, n)
		}
	}
	severe := func(p panels.Problem) int { return slices.Index([]parts.Tone{parts.Danger, parts.Attention}, p.Tone) }
	slices.SortStableFunc(f.Problems, func(a, b panels.Problem) int { return cmp.Compare(severe(a), severe(b)) })
	return f
}

// namedApart returns sources with the action repositories of run files only where
// there are several of them.
func namedApart(sources []telemetry.SourceStatus) []telemetry.SourceStatus {
	actions, named := 0, slices.Clone(sources)
	for i := range named {
		if named[i].Repo != "" {
			actions++
		}
	}
	for i := range named {
		if actions < 2 {
			named[i].Repo = ""
		}
	}
	return named
}

// jobsNote says which of several programs runs the jobs.
func jobsNote(l telemetry.Lease) panels.JobsNote {
	others := parts.Plural(l.Others, "other program", "") + " on the database."
	since := " since " + l.Since.Format("2006-01-02 15:04") + " UTC."
	switch {
	case l.Others == 0:
		return panels.JobsNote{} // who is alone runs them
	case l.Own:
		return panels.JobsNote{Text: "in this program", More: "This program has run the jobs" + since + " It does so for " + others}
	case l.Held:
		return panels.JobsNote{Text: "in another program",
			More: "Another program on the database has run the jobs" + since + " What is started here runs there."}
	}
	return panels.JobsNote{Text: "in no program", Tone: parts.Attention,
		More: "The program that ran the jobs is gone. Another one on the database takes them over within seconds."}
}

// quotaNote says what is left of a limit.
func (w *Shell) quotaNote(r telemetry.RateLimit) panels.QuotaNote {
	if !r.Known {
		return panels.QuotaNote{}
	}
	r = r.At(w.Now())
	note := panels.QuotaNote{
		Known: true,
		Left:  parts.Number(r.Remaining) + "/" + parts.Number(r.Limit),
		Short: parts.Number(r.Remaining),
	}
	switch {
	case r.Remaining == 0:
		note.Tone = parts.Danger
	case r.Reserved(w.Now()):
		note.Tone = parts.Attention
	}
	if !r.Reset.IsZero() && w.Now().Before(r.Reset) {
		note.Renewed = "renewed at " + clock(r.Reset) + " UTC"
	}
	return note
}

// reserved is the strip about a limit of which the rest is kept for what people ask
// for; ok is false while more is left.
func (w *Shell) reserved(upstream string, r telemetry.RateLimit) (n panels.Problem, ok bool) {
	if !r.Reserved(w.Now()) || r.Remaining == 0 {
		return n, false
	}
	return panels.Problem{Notice: parts.Notice{Tone: parts.Attention, Icon: "hourglass", Strong: r.Resumes(upstream),
		Text: "The rest is kept for what people ask for here."}}, true
}

func (w *Shell) sourceNote(s telemetry.SourceStatus) panels.SourceNote {
	note := panels.SourceNote{Source: sourceWord(s), Name: s.Name, At: s.OKAt.Time, Icon: "database"}
	every := w.Settings.RefreshInterval
	switch s.Name {
	case "runs":
		note.Name, note.Icon = "Run files"+of(s.Repo), "file-badge"
		if w.Settings.Webhooks {
			every = ingest.Rest(every)
		}
	case "runs_dir":
		note.Name, note.Icon = "Run files in RUNS_DIR", "file-badge"
	case "sessions":
		note.Name, note.Icon, every = "Sessions", "hubot", w.Settings.PollInterval
	case "pulls":
		note.Name, note.Icon = "Pull requests", "git-pull-request"
	case sourceDatabase:
		note.Name = "Database"
	}
	switch {
	case s.Name == sourceDatabase:
		note.Tone, note.Cause = parts.Danger, "not writable"
	case !s.FailedAt.IsZero():
		note.Tone, note.Cause = parts.Danger, problemLabel(s.Code)
	case s.Missing > 0:
		note.Tone, note.Cause = parts.Attention, parts.Number(s.Missing)+" not found by Devin"
	case every > 0 && w.Now().Sub(s.OKAt.Time) > lateAfter*every:
		note.Tone, note.Cause = parts.Attention, "usually every "+telemetry.SpanText(every)
	}
	return note
}

// of names an action repository, of several.
func of(repo telemetry.RepoName) string {
	if repo == "" {
		return ""
	}
	return " of " + string(repo)
}

// sourceWord is the name of a source in events.
func sourceWord(s telemetry.SourceStatus) string { return strings.ReplaceAll(s.Key(), " ", ":") }

func problemLabel(code telemetry.Code) string {
	return cmp.Or(map[telemetry.Code]string{
		telemetry.CodeUpstreamTimeout: "timed out",
		telemetry.CodeUpstreamDown:    "unreachable",
		telemetry.CodeUpstreamToken:   "token refused",
		telemetry.CodeUpstreamDenied:  "not permitted",
		telemetry.CodeRateLimited:     "rate limited",
		telemetry.CodeConflict:        "missing",
	}[code], "failed")
}

// problem is the strip about a source whose last reading failed: what
// happened, since when, what is shown meanwhile and what to do.
func (w *Shell) problem(s telemetry.SourceStatus) panels.Problem {
	if s.Held != nil {
		return heldProblem(*s.Held)
	}
	who := map[string]string{"runs": "GitHub", "pulls": "GitHub", "sessions": "Devin", "runs_dir": "RUNS_DIR"}[s.Name]
	to, files := "", who
	if s.Repo != "" {
		to, files = " to "+string(s.Repo), string(s.Repo)
	}
	var n panels.Problem
	retry := parts.Action{Text: "Try again", Icon: "sync", URL: links.ActionRefresh}
	variable := "GITHUB_TOKEN"
	wait := parts.Action{
		Text:     "Refresh",
		Icon:     "clock",
		URL:      retry.URL,
		Upstream: "github",
		Wait:     clock(s.RetryAt.Time),
		Off:      "The rate limit is reached",
	}
	if who == "Devin" {
		retry.URL, variable = links.ActionPoll, "DEVIN_API_KEY"
		wait.Text, wait.URL, wait.Upstream = "Poll sessions", retry.URL, "devin"
	}
	if s.Name == sourceDatabase {
		n.Notice = parts.Notice{Tone: parts.Danger, Icon: "database", Text: s.Error}
		n.Strong = "Nothing new has been stored since " + clock(s.FailedAt.Time) + "."
		return n
	}
	keys := w.KeyPage(variable)
	n.Notice = parts.Notice{Tone: parts.Attention, Icon: "cloud-offline", Strong: who + " unreachable since " + clock(s.FailedAt.Time) + "."}
	shown := ""
	if !s.OKAt.IsZero() {
		shown = "Showing what was stored at " + clock(s.OKAt.Time) + "."
	}
	switch s.Code {
	case telemetry.CodeUpstreamToken:
		n.Tone, n.Icon, n.Strong, n.Text, n.Link = parts.Danger, "key", who+" refuses the token (401).",
			"It is wrong or has expired. Set a new "+variable+" and restart. "+shown, keys
	case telemetry.CodeUpstreamDenied, telemetry.CodeUpstreamNotFound:
		n.Tone, n.Icon, n.Strong, n.Text, n.Link = parts.Danger, "lock", who+" does not give access"+to+".",
			s.Error+" "+shown, parts.Link{Text: "Which scopes", URL: keys.URL}
	case telemetry.CodeRateLimited:
		n.Icon, n.Strong, n.Text = "hourglass", who+" rate limit reached.",
			resumes(s.RetryAt.Time, w.Now())+" "+cmp.Or(shown, "Stored data is kept.")
		if s.RetryAt.After(w.Now()) {
			n.Retry = wait
		}
	case telemetry.CodeUpstreamDown, telemetry.CodeUpstreamTimeout, telemetry.CodeUpstreamBroken:
		n.Text, n.Retry = shown+" "+s.Error, retry
	default:
		n.Icon, n.Strong, n.Text, n.Retry = "alert", files+" could not be read since "+clock(s.FailedAt.Time)+".", s.Error+" "+shown, retry
	}
	return n
}

// resumes says when a limit ends: "Resumes 10:47 (12 min)."
func resumes(at, now time.Time) string {
	if at.IsZero() {
		return "It is retried automatically."
	}
	return "Resumes " + resumesAt(at, now) + "."
}

// resumesAt is the end of a limit on the clock, and how long that is.
func resumesAt(at, now time.Time) string {
	wait := at.Sub(now)
	if wait <= 0 {
		return clock(at) + " (now)"
	}
	if wait < time.Minute {
		return clock(at) + " (less than 1 min)"
	}
	return clock(at) + " (" + DaysText(wait+30*time.Second) + ")"
}

func clock(t time.Time) string { return t.UTC().Format("15:04") }

// heldProblem is the strip about a listing that marks nothing gone, with the
// button that confirms it.
func heldProblem(l telemetry.HeldListing) panels.Problem {
	gone := int(l.Known - l.Kept)
	check := "Check that the directory is mounted and is the right one"
	if l.Source != "" {
		check = "Check that ACTION_REPO is the right repository"
	}
	n := panels.Problem{Retry: parts.Action{
		Text:  "Mark " + parts.Plural(gone, "file", "") + " as gone",
		Class: "btn-danger",
		URL:   links.ActionAcceptListing,
		Hidden: []parts.Field{
			{Name: "source", Value: l.Source},
			{Name: "kept", Value: strconv.FormatInt(l.Kept, 10)},
		},
	}}
	n.Notice = parts.Notice{
		Tone:   parts.Danger,
		Icon:   "alert",
		Strong: "Run files are missing.",
		Text: l.Message() + " Seen " + parts.Plural(l.Times, "time", "") + " since " + l.FirstSeen.Format("2006-01-02 15:04") +
			" UTC. " + check + ". If the files were deleted, confirm it.",
	}
	return n
}

// missingProblem is the strip about sessions that Devin answers 404 for.
func missingProblem(n int64) panels.Problem {
	return panels.Problem{Notice: parts.Notice{
		Tone:   parts.Attention,
		Icon:   "question",
		Strong: "Devin cannot find " + parts.Plural(n, "session", "") + " (404).",
		Text: "They were deleted, or DEVIN_API_KEY belongs to another organization. " +
			"Stored data is still shown. Devin is asked again every hour.",
		Link: parts.Link{Text: "Sessions", URL: links.Sessions},
	}}
}
