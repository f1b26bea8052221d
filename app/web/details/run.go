package details

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Run is a scan or a dispatch.
func (w *Web) Run() shell.Panel {
	p := page("run", "Runs", links.Runs, w.LoadRun)
	p.Params = []string{"against", "source", "list"}
	return p
}

// LoadRun reads and draws a scan or a dispatch: the beginning of each of its
// lists, or one page of the one that the address names.
func (w *Web) LoadRun(ctx context.Context, v shell.View) (detail, error) {
	page, err := v.Paging(parts.Sort{})
	if err != nil {
		return detail{}, err
	}
	list := v.Get("list")
	if list != "" && !slices.Contains(runLists(), list) {
		return detail{}, telemetry.Errorf(telemetry.CodeInvalid, "Invalid list %q: want one of %v.", list, runLists())
	}
	r, shown, err := w.runPart(ctx, v, list, page)
	if err != nil {
		return detail{}, err
	}
	p := panels.RunPage{
		Frame:   v.Untitled(),
		Head:    w.runHead(v, r),
		Scan:    r.Kind == telemetry.KindScan,
		Only:    list,
		Unknown: !r.UnassignedKnown,
		Facts:   w.runFacts(r),
	}
	for _, m := range r.Sessions {
		p.Sessions = append(p.Sessions, w.batchRow(m, r))
	}
	if p.Scan {
		w.compareRun(r, &p, shown)
		p.Unassigned = diffList(&p, shown, "unassigned", shell.RowsOf(r.Unassigned, w.IssueRow), r.Counts.Unassigned)
	}
	return detail{title: shell.RunName(r.RunNumber, 0) + " of " + string(r.Repo), body: panels.Run(p)}, err
}

func runLists() []string { return []string{"new", "reopened", "gone", "moved", "unassigned"} }

const listRows = 25

// runPart reads what of a run is shown. A page beyond the end of its list is
// the last one.
func (w *Web) runPart(ctx context.Context, v shell.View, list string, page query.Page) (telemetry.RunDetail, parts.Pager, error) {
	cut := telemetry.RunCut{At: v.AsOf, Against: v.Get("against"), Windows: map[string]telemetry.Window{}}
	if list == "" {
		for _, name := range runLists() {
			cut.Windows[name] = telemetry.Window{Size: listRows}
		}
		r, err := w.Dashboard.RunPart(ctx, v.Get("source"), v.Subject, cut)
		return r, parts.Pager{}, err
	}
	for {
		cut.Windows[list] = telemetry.Window{From: int((page.Number - 1) * page.Size), Size: int(page.Size)}
		r, err := w.Dashboard.RunPart(ctx, v.Get("source"), v.Subject, cut)
		if err != nil {
			return r, parts.Pager{}, err
		}
		all := listLength(r, list)
		shown := parts.Pager{
			Page:    int(page.Number),
			Pages:   max(1, (all+int(page.Size)-1)/int(page.Size)),
			PerPage: int(page.Size),
			Total:   all,
			Asked:   int(page.Number),
		}
		if asked, err := v.Number("page", 1, 1, 1<<40); err == nil {
			shown.Asked = int(asked)
		}
		if shown.Page <= shown.Pages {
			return r, shown, nil
		}
		page.Number = int64(shown.Pages)
	}
}

func listLength(r telemetry.RunDetail, list string) int {
	switch list {
	case "new":
		return r.Counts.New
	case "reopened":
		return r.Counts.Reopened
	case "gone":
		return r.Counts.Gone
	case "moved":
		return r.Counts.Moved
	}
	return r.Counts.Unassigned
}

// compareRun fills in what the scan changed against the one before it, or
// against the earlier one that the address names.
func (w *Web) compareRun(r telemetry.RunDetail, p *panels.RunPage, shown parts.Pager) {
	for _, e := range r.Earlier {
		p.Against = append(p.Against, panels.Option{
			Value:  e.File,
			Text:   shell.RunName(e.RunNumber, 0) + ", " + e.At.UTC().Format("2 Jan 2006 15:04"),
			Chosen: e.File == r.Against,
		})
	}
	if r.Against != "" && !slices.ContainsFunc(p.Against, func(o panels.Option) bool { return o.Chosen }) {
		p.Against = append(p.Against, panels.Option{Value: r.Against, Text: r.Against, Chosen: true}) // older than those that are offered
	}
	switch {
	case !r.HasFindings:
		p.Compare = "This scan counts findings but lists none, so it cannot be compared."
		return
	case r.NotCompared != "":
		p.Compare = r.NotCompared
		return
	case r.Against == "":
		p.Compare = "This is the first scan of its repository with findings data: all issues are new."
	}
	spots := func(issues []telemetry.DiffIssue) (rows []panels.IssueRow, from []string) {
		for _, i := range issues {
			row := i.IssueRow
			if i.After != (telemetry.Spot{}) {
				row.File, row.Line = i.After.File, i.After.Line
			}
			rows, from = append(rows, w.IssueRow(row)), append(from, spotBefore(i))
		}
		return rows, from
	}
	for name, issues := range map[string][]telemetry.DiffIssue{"new": r.New, "reopened": r.Reopened, "gone": r.Gone, "moved": r.Moved} {
		rows, from := spots(issues)
		l := diffList(p, shown, name, rows, listLength(r, name))
		if name == "moved" {
			l.From = from
		}
		p.Lists = append(p.Lists, l)
	}
	slices.SortFunc(p.Lists, func(a, b panels.DiffList) int {
		return slices.Index(runLists(), a.Name) - slices.Index(runLists(), b.Name)
	})
}

// spotBefore is where a moved issue was, as briefly as possible.
func spotBefore(i telemetry.DiffIssue) string {
	if i.Before.File == i.After.File {
		return fmt.Sprintf("line %d", i.Before.Line)
	}
	return path.Base(shell.SpotText(i.Before.File, i.Before.Line))
}

// diffList is one list of a run's page, and where all of it is.
func diffList(p *panels.RunPage, shown parts.Pager, name string, rows []panels.IssueRow, all int) panels.DiffList {
	l := panels.DiffList{Name: name, Rows: rows, All: all}
	switch name {
	case "gone":
		l.State = panels.IssueState(telemetry.StatusFixed)
		l.State.Label = "Gone"
	case "moved":
		l.State = parts.State{Icon: "arrow-right", Tone: parts.Muted, Label: "Moved"}
	case "unassigned":
		l.State.Label = "Issues in no session"
	default:
		l.State = panels.IssueState(telemetry.Status(name))
	}
	if p.Only == name {
		l.Pager = shown
	} else if all > len(rows) {
		l.More = parts.Link{Text: "All " + parts.Number(all), URL: p.At.Href("list", name)}
	}
	return l
}

func (w *Web) runHead(v shell.View, r telemetry.RunDetail) panels.Heading {
	repo := links.Repo(r.Repo)
	h := panels.Heading{
		Breadcrumbs: []parts.Link{
			{Text: "Repositories", URL: links.Repos},
			{Text: string(r.Repo), URL: repo},
			{Text: "Runs", URL: links.In(r.Repo, links.Runs)},
		},
		Title:  shell.RunName(r.RunNumber, 0),
		Aside:  r.RunLabel,
		States: []parts.State{panels.RunKind(r.Kind)},
		Time:   r.At.Time,
		As:     "ago",
		Note:   "recorded",
	}
	if r.RunNumber > 0 {
		h.Aside = "of " + string(r.Repo)
	}
	if run := w.Settings.GitHubWeb.Recorded(r.RunURL); run != "" {
		h.Buttons = append(h.Buttons, panels.Button{Link: parts.Link{Text: "Open the action run", URL: run}, Icon: "workflow"})
	}
	h.Buttons = append(h.Buttons, panels.Button{Link: parts.Link{Text: recordText(r), URL: recordURL(r)}, Icon: "code"})
	if h.Notices, h.Forms = scopeNotice(r); !v.AsOf.IsZero() {
		h.Forms = nil
	}
	h.Notices = append(append(h.Notices, prunedNotices(r)...), logNotices(r.LogBroken)...)
	if !r.CountedAt.IsZero() {
		h.Notices = append(h.Notices, parts.Notice{
			Icon:   "clock",
			Strong: "Dated in the future.",
			Text:   "The record is dated later than it was fetched, so it counts at the time of the fetch.",
		})
	}
	return h
}

// recordURL is the record of a run as it was fetched, or what is left of it.
func recordURL(r telemetry.RunDetail) string {
	if r.PrunedAt.IsZero() {
		return links.APIRaw(r.Source, r.File)
	}
	return links.APIRunOf(r.Source, r.File)
}

func recordText(r telemetry.RunDetail) string {
	if r.PrunedAt.IsZero() {
		return "Raw record"
	}
	return "Record as JSON"
}

// scopeNotice says what a scan did not look at, and offers to count it as a full one.
func scopeNotice(r telemetry.RunDetail) ([]parts.Notice, []parts.Action) {
	var notices []parts.Notice
	var forms []parts.Action
	form := parts.Action{
		URL:    links.ActionAcceptScope,
		Hidden: []parts.Field{{Name: "file", Value: r.File}, {Name: "source", Value: r.Source}},
	}
	switch {
	case r.Accepted:
		form.Text, form.Hidden = "Undo", append(form.Hidden, parts.Field{Name: "undo", Value: "true"})
		notices = []parts.Notice{{
			Icon:   "check-circle",
			Strong: "Accepted as a full scan.",
			Text:   "Accepted by a person. Issues that it does not name are fixed.",
		}}
		forms = []parts.Action{form}
	case r.Reduced:
		form.Text = "Accept as a full scan"
		notices = []parts.Notice{{
			Tone:   parts.Attention,
			Icon:   "alert",
			Strong: "Scope reduced.",
			Text: "It found far fewer issues than the scan before, all of them known, and closed nothing. If it covered everything, " +
				"accept it as a full scan: issues that it does not name are then fixed.",
		}}
		forms = []parts.Action{form}
	case len(r.Lost) > 0:
		form.Text = "Accept as a full scan"
		notices = []parts.Notice{{
			Tone:   parts.Attention,
			Icon:   "alert",
			Strong: "Not scanned: " + telemetry.LanguageNames(r.Lost) + ".",
			Text: "It names no finding of what earlier scans found there, so it closed nothing of it. If it looked there, " +
				"accept it as a full scan: issues that it does not name are then fixed.",
		}}
		forms = []parts.Action{form}
	case r.Kind == telemetry.KindScan && !r.HasFindings:
		notices = []parts.Notice{{
			Icon:   "info",
			Strong: "Not listed.",
			Text:   "This scan lists no findings, only counts.",
		}}
	}
	return notices, forms
}

func (w *Web) runFacts(r telemetry.RunDetail) []panels.Pair {
	facts := []panels.Pair{
		{Name: "Repository", Text: string(r.Repo), URL: links.Repo(r.Repo)},
		{Name: "Recorded", Time: r.At.Time, As: "day"},
	}
	if r.Kind == telemetry.KindScan {
		facts = append(facts, panels.Pair{Name: "Found", Text: parts.Number(r.IssuesFound), URL: recordURL(r)})
	}
	facts = append(facts, panels.Pair{Name: "Batches", Text: parts.Number(r.Batches), URL: recordURL(r)},
		panels.Pair{Name: "Sessions", Text: parts.Number(r.RunRow.Sessions), URL: runSessions(r)})
	if r.Reference {
		facts = append(facts, panels.Pair{Name: "Reference", Text: "open issues are measured against this scan"})
	}
	return append(facts,
		panels.Pair{Name: "Run id", Text: r.RunID, URL: w.Settings.GitHubWeb.Recorded(r.RunURL), Code: r.RunID != ""},
		panels.Pair{Name: "Record", Text: r.File, URL: recordURL(r), Code: true},
		panels.Pair{Name: "From", Text: cmp.Or(r.Source, "RUNS_DIR")})
}

// runSessions is the list of the sessions that a run started, its record where that
// has no number to ask for.
func runSessions(r telemetry.RunDetail) string {
	if r.RunNumber == 0 {
		return recordURL(r)
	}
	return links.Matching(links.In(r.Repo, links.Sessions), "run:"+parts.Decimal(r.RunNumber))
}

func (w *Web) batchRow(m telemetry.Mention, r telemetry.RunDetail) panels.BatchRow {
	bare := telemetry.SessionKey(m.ID)
	row := panels.BatchRow{Batch: m.BatchID, DryRun: m.ID == telemetry.DryRunID}
	if s, known := r.States[bare]; known {
		row.SessionRow = w.SessionRow(s)
	} else {
		row.SessionRow = w.unstarted(m, r)
	}
	for _, i := range r.SessionIssues[bare] {
		row.Issues = append(row.Issues, parts.Link{Text: i.Rule, URL: links.Issue(i.PublicID)})
	}
	return row
}

// unstarted is the row of a session without an id.
func (w *Web) unstarted(m telemetry.Mention, r telemetry.RunDetail) panels.SessionRow {
	for _, key := range slices.Sorted(maps.Keys(r.States)) {
		if s := r.States[key]; s.ID == "" && s.BatchID == m.BatchID && telemetry.SessionKey(m.ID) == "" && m.ID != telemetry.DryRunID {
			return w.SessionRow(s)
		}
	}
	return panels.SessionRow{SessionRow: telemetry.SessionRow{
		State:    telemetry.StateUnknown,
		Reason:   m.Status,
		Repo:     r.Repo,
		IssueIDs: shell.Named(m.IssueIDs),
		Title:    cmp.Or(m.ID, "no session"),
	}}
}

// AcceptScope accepts a scope-reduced scan as a full one, or undoes that.
func (w *Web) AcceptScope(c *fiber.Ctx) error {
	source, file := c.FormValue("source"), c.FormValue("file")
	undo, err := shell.Flag(c, "undo")
	if err != nil {
		return err
	}
	run, err := w.Dashboard.RunDetail(c.UserContext(), source, file, time.Time{})
	if err == nil {
		err = w.scopes.AcceptScope(c.UserContext(), run.Source, run.File, undo, telemetry.ByPage)
	}
	if err != nil {
		return err
	}
	if c.Get("HX-Request") == "" {
		return c.Redirect(links.With(links.Run(file), "source", source), fiber.StatusSeeOther)
	}
	v := shell.View{Subject: file, Query: url.Values{"source": {source}}}.Of(w.Run())
	part, err := w.Run().Draw(c.UserContext(), v)
	if err != nil {
		return err
	}
	return shell.Render(c, fiber.StatusOK, part)
}
