package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Scopes keeps a person's word that a narrow scan is a full one.
type Scopes interface {
	AcceptScope(ctx context.Context, source, file string, undo bool) (telemetry.RunDetail, error)
}

func (w *Web) specRun() spec {
	return spec{name: "run", title: "Runs", page: "/runs", one: true, topics: everything(), every: "60s", params: []string{"against", "source"}, draw: load(w.loadRun).panel}
}

// loadRun reads and draws a scan or a dispatch.
func (w *Web) loadRun(ctx context.Context, v view) (detail, error) {
	r, err := w.o.Dashboard.RunDetail(ctx, v.get("source"), v.subject)
	if err != nil {
		return detail{}, err
	}
	p := panels.RunPage{Frame: v.untitled(), Head: w.runHead(r), Scan: r.Kind == telemetry.KindScan, Unassigned: rowsOf(r.Unassigned[:min(diffRows, len(r.Unassigned))], w.issueRow), UnassignedAll: len(r.Unassigned), Unknown: !r.UnassignedKnown, Facts: w.runFacts(r)}
	for _, m := range r.Sessions {
		p.Sessions = append(p.Sessions, w.batchRow(m, r))
	}
	if p.Scan {
		err = w.compareRun(ctx, v, r, &p)
	}
	return detail{title: runName(r.RunNumber, 0) + " of " + string(r.Repo), body: panels.Run(p)}, err
}

// compareRun fills in what the scan changed against the one before it, or
// against the earlier one that the address names.
func (w *Web) compareRun(ctx context.Context, v view, r telemetry.RunDetail, p *panels.RunPage) error {
	chosen := cmp.Or(v.get("against"), r.Previous)
	for _, e := range r.Earlier {
		p.Against = append(p.Against, panels.Option{Value: e.File, Text: runName(e.RunNumber, 0) + ", " + e.At.UTC().Format("2 Jan 2006 15:04"), Chosen: e.File == chosen})
	}
	diff := telemetry.RunDiff{New: r.New, Reopened: r.Reopened, Gone: r.Gone, Moved: r.Moved}
	switch {
	case !r.HasFindings:
		p.Compare = "This record counts " + number(r.IssuesFound) + " findings and names none, so it cannot be compared."
		return nil
	case chosen == "":
		p.Compare = "It is the first scan of its repository that says what it found: everything is new."
	case chosen != r.Previous:
		var err error
		if diff, err = w.o.Dashboard.RunDiff(ctx, r.Source, r.File, chosen); err != nil {
			if code := telemetry.CodeOf(err); code != telemetry.CodeInvalid && code != telemetry.CodeNotFound {
				return err
			}
			p.Compare = sentence(err)
			return nil
		}
	}
	p.Lists = []panels.DiffList{w.diffList("New", "new", diff.New), w.diffList("Reopened", "reopened", diff.Reopened), w.diffList("Gone", "fixed", diff.Gone), w.diffList("Moved", "moved", diff.Moved)}
	return nil
}

// diffRows is how many issues of one change are listed.
const diffRows = 200

func (w *Web) diffList(title, status string, issues []telemetry.DiffIssue) panels.DiffList {
	l := panels.DiffList{Title: title, State: panels.IssueState(status), More: max(0, len(issues)-diffRows)}
	if status == "moved" {
		l.State = parts.State{Icon: "arrow-right", Tone: parts.Muted}
	}
	l.State.Word = title
	for _, i := range issues[:min(diffRows, len(issues))] {
		row := i.IssueRow
		if i.After != (telemetry.Spot{}) {
			row.File, row.Line = i.After.File, i.After.Line
		}
		l.Rows = append(l.Rows, w.issueRow(row))
		if status == "moved" {
			l.From = append(l.From, spotText(i.Before.File, i.Before.Line))
		}
	}
	return l
}

func (w *Web) runHead(r telemetry.RunDetail) panels.Heading {
	repo := panels.RepoURL(string(r.Repo))
	h := panels.Heading{Crumbs: []parts.Link{{Text: "Repositories", URL: "/repos"}, {Text: string(r.Repo), URL: repo}, {Text: "Runs", URL: repo + "/runs"}},
		Title: runName(r.RunNumber, 0), Aside: r.RunLabel, States: []parts.State{panels.RunKind(string(r.Kind))}, Time: r.At, As: "ago", Note: "recorded"}
	if r.RunNumber > 0 {
		h.Aside = "of " + string(r.Repo)
	}
	if run := w.github(r.RunURL); run != "" {
		h.Buttons = append(h.Buttons, panels.Button{Link: parts.Link{Text: "Open the action run", URL: run}, Icon: "workflow"})
	}
	h.Buttons = append(h.Buttons, panels.Button{Link: parts.Link{Text: "Raw record", URL: rawURL(r.Source, r.File)}, Icon: "code"})
	form := parts.Action{URL: "/actions/accept-scope", Hidden: []parts.Field{{Name: "file", Value: r.File}, {Name: "source", Value: r.Source}}}
	switch {
	case r.Accepted:
		form.Text, form.Hidden = "Undo", append(form.Hidden, parts.Field{Name: "undo", Value: "true"})
		h.Notices = []parts.Notice{{Icon: "check-circle", Strong: "Accepted as a full scan.", Text: "A person said so: what it does not name counts as gone."}}
		h.Forms = []parts.Action{form}
	case r.Reduced:
		form.Text = "Accept as a full scan"
		h.Notices = []parts.Notice{{Tone: parts.Attention, Icon: "alert", Strong: "Scope reduced.", Text: "It found far less than the scan before, all of it known, and closed nothing. If it did look at everything, accept it: what it does not name is then gone."}}
		h.Forms = []parts.Action{form}
	case r.Kind == telemetry.KindScan && !r.HasFindings:
		h.Notices = []parts.Notice{{Icon: "info", Strong: "Not listed.", Text: "This record names no findings: there are counts, and no list behind them."}}
	}
	return h
}

func (w *Web) runFacts(r telemetry.RunDetail) []panels.Pair {
	facts := []panels.Pair{{Name: "Repository", Text: string(r.Repo), URL: panels.RepoURL(string(r.Repo))}, {Name: "Recorded", Time: r.At, As: "day"}}
	if r.Kind == telemetry.KindScan {
		facts = append(facts, panels.Pair{Name: "Found", Text: number(r.IssuesFound)})
	}
	facts = append(facts, panels.Pair{Name: "Batches", Text: number(r.Batches)}, panels.Pair{Name: "Sessions", Text: number(r.RunRow.Sessions)})
	if r.Reference {
		facts = append(facts, panels.Pair{Name: "Reference", Text: "what is open now is compared with it"})
	}
	return append(facts, panels.Pair{Name: "Run id", Text: r.RunID, URL: w.github(r.RunURL), Code: r.RunID != ""}, panels.Pair{Name: "Record", Text: r.File, URL: rawURL(r.Source, r.File), Code: true},
		panels.Pair{Name: "From", Text: cmp.Or(r.Source, "RUNS_DIR")})
}

// batchRow is a session of the run's record, with what the record says that
// it took.
func (w *Web) batchRow(m telemetry.Mention, r telemetry.RunDetail) panels.BatchRow {
	bare := telemetry.BareID(m.SessionID)
	row := panels.BatchRow{Batch: int(m.BatchID), Unnamed: !m.IssuesNamed, DryRun: m.SessionID == telemetry.DryRunID}
	if s, known := r.States[bare]; known {
		row.SessionRow = w.sessionRow(s)
	} else {
		row.SessionRow = w.unstarted(m, r)
	}
	for _, i := range r.Taken[bare] {
		row.Issues = append(row.Issues, parts.Link{Text: i.Rule, URL: panels.IssueURL(i.PublicID)})
	}
	return row
}

// unstarted is the row of a session without an id.
func (w *Web) unstarted(m telemetry.Mention, r telemetry.RunDetail) panels.SessionRow {
	keys := make([]string, 0, len(r.States))
	for key := range r.States {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if s := r.States[key]; s.ID == "" && s.BatchID == m.BatchID && telemetry.BareID(m.SessionID) == "" && m.SessionID != telemetry.DryRunID {
			return w.sessionRow(s)
		}
	}
	return panels.SessionRow{State: string(telemetry.StateUnknown), Reason: m.Status, Repo: string(r.Repo), IssueIDs: named(m.IssueIDs), Title: cmp.Or(m.SessionID, "no session")}
}

// acceptScope takes a narrow scan for a full one, or takes that back.
func (w *Web) acceptScope(c *fiber.Ctx) error {
	source, file := c.FormValue("source"), c.FormValue("file")
	if _, err := w.o.Scopes.AcceptScope(c.UserContext(), source, file, c.FormValue("undo") == "true"); err != nil {
		return err
	}
	if c.Get("HX-Request") == "" {
		return c.Redirect(parts.Address{Page: panels.RunURL(file)}.Href("source", source), fiber.StatusSeeOther)
	}
	v := view{subject: file, query: url.Values{"source": {source}}}.of(w.specRun())
	part, err := w.specRun().draw(c.UserContext(), v)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, part)
}
