package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
)

// writer writes the body of a streamed answer.
type writer = func(ctx context.Context, w *bufio.Writer) error

// exported is how a list is downloaded: all rows of the view that the request
// describes, as CSV or as JSON.
type exported[F, R, T any] struct {
	list   string // the name of the file
	filter func(*fiber.Ctx) (F, error)
	// first finds what is wrong while there is still a status to say so.
	first func(*dashboard.Dashboard, context.Context, F, telemetry.Page) (telemetry.List[R], error)
	each  func(*dashboard.Dashboard, context.Context, F, telemetry.Page, func([]R) error) error
	item  func(R) T
	head  []string
	cells func(F, R) []string
}

// routes are the list's two downloads.
func (e exported[F, R, T]) routes(a *API, path string) []Route {
	return []Route{
		{Method: fiber.MethodGet, Path: path + ".csv", Stream: func(c *fiber.Ctx) (writer, error) {
			return e.start(a, c, "csv", "text/csv; charset=utf-8; header=present", e.csv)
		}},
		{Method: fiber.MethodGet, Path: path + ".json", Stream: func(c *fiber.Ctx) (writer, error) {
			return e.start(a, c, "json", "application/json; charset=utf-8", e.json)
		}},
	}
}

// start reads the request; what it returns no longer uses it.
func (e exported[F, R, T]) start(a *API, c *fiber.Ctx, kind, contentType string,
	write func(*bufio.Writer, F, func(func([]R) error) error) error) (writer, error) {
	p, err := pageOf(c)
	if err != nil {
		return nil, err
	}
	f, err := e.filter(c)
	if err != nil {
		return nil, err
	}
	probe := p
	probe.Number, probe.Size = 1, 1
	if _, err := e.first(a.Dashboard, c.UserContext(), f, probe); err != nil {
		return nil, err
	}
	c.Set(fiber.HeaderContentType, contentType)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+exportName(e.list, c.Query("repo"), a.now())+"."+kind+`"`)
	return func(ctx context.Context, w *bufio.Writer) error {
		return write(w, f, func(do func([]R) error) error { return e.each(a.Dashboard, ctx, f, p, do) })
	}, nil
}

// exportName is a file name of letters, digits, dots, dashes and underscores.
func exportName(list, repo string, now time.Time) string {
	name := list
	if r := telemetry.ParseRepo(repo); r != "" {
		name += "-" + strings.ReplaceAll(string(r), "/", "-")
	}
	return name + "-" + now.UTC().Format("2006-01-02")
}

// csv writes RFC 4180: a header line, CRLF, UTF-8. A failure part-way, too
// late for a status, is the last line.
func (e exported[F, R, T]) csv(w *bufio.Writer, f F, each func(func([]R) error) error) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	err := out.Write(e.head)
	if err == nil {
		err = each(func(rows []R) error {
			for _, r := range rows {
				if err := out.Write(defused(e.cells(f, r))); err != nil {
					return err
				}
			}
			out.Flush()
			return out.Error()
		})
	}
	if err != nil {
		_ = out.Write([]string{"ERROR: this file is not complete. Download it again."}) // the client may be gone
	}
	out.Flush()
	return err
}

// json writes an array of the items that the list's endpoint has. After a
// failure part-way the array stays open, so that nobody takes it for whole.
func (e exported[F, R, T]) json(w *bufio.Writer, _ F, each func(func([]R) error) error) error {
	between := "[\n"
	err := each(func(rows []R) error {
		for _, r := range rows {
			body, err := json.Marshal(e.item(r))
			if err != nil {
				return err
			}
			if _, err := w.WriteString(between); err != nil {
				return err
			}
			if _, err := w.Write(body); err != nil {
				return err
			}
			between = ",\n"
		}
		return w.Flush()
	})
	if err != nil {
		return err
	}
	if between == "[\n" {
		_, err = w.WriteString("[]\n")
	} else {
		_, err = w.WriteString("\n]\n")
	}
	return err
}

// defused puts an apostrophe before what a spreadsheet would run as a
// formula (OWASP, CSV injection).
func defused(cells []string) []string {
	for i, cell := range cells {
		if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
			cells[i] = "'" + cell
		}
	}
	return cells
}

// exports are the downloads of all lists.
func (a *API) exports() []Route {
	issues := exported[telemetry.IssueFilter, telemetry.IssueRow, issueItem]{
		list:   "issues",
		filter: issueFilter,
		first:  (*dashboard.Dashboard).Issues,
		each:   (*dashboard.Dashboard).EachIssue,
		item:   issueOf,
		head: strings.Fields("id repo severity status rule family file line age_days attempts appearances first_seen" +
			" last_seen first_seen_run last_seen_run latest_issue_id fingerprint session"),
		cells: a.issueCells,
	}
	sessions := exported[telemetry.SessionFilter, telemetry.SessionRow, sessionItem]{
		list:   "sessions",
		filter: sessionFilter,
		first:  (*dashboard.Dashboard).Sessions,
		each:   (*dashboard.Dashboard).EachSession,
		item:   sessionOf,
		head: strings.Fields("session_id repo state reason status since family issues run batch pr_url link_basis title" +
			" started session_url"),
		cells: sessionCells,
	}
	pulls := exported[telemetry.PullFilter, telemetry.PullRow, pullItem]{
		list:   "pull-requests",
		filter: pullFilter,
		first:  (*dashboard.Dashboard).Pulls,
		each:   (*dashboard.Dashboard).EachPull,
		item:   pullOf,
		head: strings.Fields("number repo title state merged draft author created updated closed merged_at issues" +
			" session link_basis url"),
		cells: pullCells,
	}
	runs := exported[telemetry.RunFilter, telemetry.RunRow, json.RawMessage]{
		list:   "runs",
		filter: runFilter,
		first:  (*dashboard.Dashboard).Runs,
		each:   (*dashboard.Dashboard).EachRun,
		item:   runItem,
		head:   strings.Fields("file kind repo run time found new gone batches sessions scope_reduced label run_url"),
		cells:  runCells,
	}
	repos := exported[telemetry.RepoFilter, telemetry.RepoRow, repoItem]{
		list:   "repositories",
		filter: repoFilter,
		first:  (*dashboard.Dashboard).Repos,
		each:   eachRepo,
		item:   repoOf,
		head: strings.Fields("repo fork open critical high medium low last_scan last_run runs sessions_created" +
			" sessions_active prs_total prs_open prs_merged issues_found"),
		cells: repoCells,
	}
	return slices.Concat(
		issues.routes(a, "/api/issues"),
		sessions.routes(a, "/api/sessions"),
		pulls.routes(a, "/api/prs"),
		runs.routes(a, "/api/runs"),
		repos.routes(a, "/api/repos"),
	)
}

// eachRepo hands over all repositories at once: their rows are few.
func eachRepo(d *dashboard.Dashboard, ctx context.Context, f telemetry.RepoFilter, p telemetry.Page,
	do func([]telemetry.RepoRow) error) error {
	p.Number, p.Size = 1, 0
	list, err := d.Repos(ctx, f, p)
	if err != nil {
		return err
	}
	return do(list.Items)
}

func (a *API) issueCells(f telemetry.IssueFilter, i telemetry.IssueRow) []string {
	then := f.AsOf
	if then.IsZero() {
		then = a.now()
	}
	age := max(0, int64(then.Sub(i.First.At)/(24*time.Hour)))
	return []string{
		i.PublicID, string(i.Repo), i.Severity, string(i.Status), i.Rule, i.Family, i.File, digits(i.Line), digits(age),
		digits(i.Attempts), digits(i.Appearances),
		when(i.First.At), when(i.Last.At), digits(i.First.Run), digits(i.Last.Run), i.LatestIssueID, i.Fingerprint, i.Session,
	}
}

func sessionCells(_ telemetry.SessionFilter, s telemetry.SessionRow) []string {
	return []string{
		s.ID, string(s.Repo), string(s.State), s.Reason, s.Status, when(s.StateSince), s.Family,
		strings.Join(s.IssueIDs, " "), digits(s.RunNumber), digits(s.BatchID), s.PRURL, string(s.Basis), s.Title,
		when(s.At), s.URL,
	}
}

func pullCells(_ telemetry.PullFilter, p telemetry.PullRow) []string {
	return []string{
		digits(p.Number), string(p.Repo), p.Title, p.State, fmt.Sprint(p.Merged), fmt.Sprint(p.Draft), p.User,
		when(p.CreatedAt), when(p.UpdatedAt), when(p.ClosedAt), when(p.MergedAt),
		strings.Join(p.IssueIDs, " "), p.Session, string(p.Basis), p.URL,
	}
}

func runCells(_ telemetry.RunFilter, r telemetry.RunRow) []string {
	known := func(n *int64) string {
		if n == nil {
			return ""
		}
		return digits(*n)
	}
	return []string{
		r.File, string(r.Kind), string(r.Repo), digits(r.RunNumber), when(r.At), digits(r.IssuesFound), known(r.New),
		known(r.Gone), digits(r.Batches), digits(r.Sessions), fmt.Sprint(r.Reduced), r.RunLabel, r.RunURL,
	}
}

func repoCells(_ telemetry.RepoFilter, r telemetry.RepoRow) []string {
	open := r.OpenSeverity
	return []string{
		string(r.Name), string(r.Fork), digits(r.Open), digits(open["critical"]), digits(open["high"]),
		digits(open["medium"]), digits(open["low"]), when(r.LatestScanAt), when(r.LastRun), digits(r.Runs),
		digits(r.SessionsCreated), digits(r.SessionsActive), digits(r.PRs.Total), digits(r.PRs.Open),
		digits(r.PRs.Merged), digits(r.IssuesFound),
	}
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }

// when is a time in a cell: RFC 3339 in UTC, empty for none.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
