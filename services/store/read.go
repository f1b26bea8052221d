package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// where collects conditions and their arguments.
type where struct {
	conditions []string
	args       []any
}

// and adds a condition; each ? stands for the next argument.
func (w *where) and(condition string, args ...any) {
	for _, arg := range args {
		w.args = append(w.args, arg)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.conditions = append(w.conditions, condition)
}

// anyOf adds "column is one of list", if the list has any.
func anyOf[T ~string](w *where, column string, list []T) {
	if len(list) == 0 {
		return
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(list)), ", ")
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = string(v)
	}
	w.and(column+" IN ("+marks+")", args...)
}

func (w *where) sql() string {
	if len(w.conditions) == 0 {
		return " WHERE true"
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// list reads one page and the total of a list.
func list[T any](ctx context.Context, s *Store, columns, from string, w where, page string,
	read func(*row, *T)) (telemetry.List[T], error) {
	total := `SELECT COUNT(*) FROM ` + from
	if len(w.conditions) > 0 {
		total += w.sql() // SQLite counts a whole table by its pages, but not with WHERE true
	}
	return listOf(ctx, s, total, columns, from, w, page, read)
}

// listOf is list where the total is read by a query of its own, with the
// same arguments.
func listOf[T any](ctx context.Context, s *Store, total, columns, from string, w where, page string,
	read func(*row, *T)) (telemetry.List[T], error) {
	return listChosen(ctx, s, total, w.args, func(int64) where { return w }, columns, from, page, read)
}

// listChosen is listOf where the total says how the rows are best chosen.
func listChosen[T any](ctx context.Context, s *Store, total string, args []any, chosen func(total int64) where,
	columns, from, page string, read func(*row, *T)) (telemetry.List[T], error) {
	var out telemetry.List[T]
	err := s.Read(ctx, func(tx *Tx) error {
		out = telemetry.List[T]{Items: []T{}}
		tx.row(total, args...).scan(&out.Total)
		if out.Total == 0 {
			return tx.err
		}
		w := chosen(out.Total)
		tx.each(`SELECT `+columns+` FROM `+from+w.sql()+page, w.args, func(r *row) {
			var item T
			read(r, &item)
			out.Items = append(out.Items, item)
		})
		return tx.err
	})
	return out, err
}

// Runs returns scans and dispatches. Sorts: timestamp or time (newest
// first), run_number or run, issues_found or found, repo, kind, new, gone,
// batches, sessions.
func (s *Store) Runs(ctx context.Context, f telemetry.RunFilter, p telemetry.Page) (telemetry.List[telemetry.RunRow], error) {
	w, order, err := s.runQuery(f, p)
	if err != nil {
		return telemetry.List[telemetry.RunRow]{}, err
	}
	columns := runRowColumns
	if f.Brief {
		columns = runBriefColumns + "NULL"
	}
	size := 0
	return listOf(ctx, s, runTotal(f, w), columns, `runs r`, w, w.page(runOrders(), p, order, "r.id", "runs r"), func(r *row, run *telemetry.RunRow) {
		scanRun(r, run)
		if size += len(run.Item); size > recordBytes {
			r.tx.fail("read the records of runs", telemetry.Errorf(telemetry.CodeTooLarge,
				"The records of these runs are larger than %d MB together. Ask for fewer at once, for example with per_page=10, or download them.", recordBytes>>20))
		}
	})
}

// recordBytes bounds the records of one answer: twenty times what a page of
// usual ones has.
const recordBytes = 64 << 20

// runQuery returns what chooses and orders runs.
func (s *Store) runQuery(f telemetry.RunFilter, p telemetry.Page) (w where, order string, err error) {
	if order, err = orderSQL(p, "timestamp", runOrders()); err == nil {
		err = w.query(f.Query, runMatchers(ms(s.now())))
	}
	runConditions(&w, f)
	return w, order, err
}

func runConditions(w *where, f telemetry.RunFilter) {
	if f.Repo != "" {
		w.and(`r.repo_id = (SELECT id FROM repos WHERE key = ?)`, f.Repo)
	}
	if f.Kind != "" {
		w.and(runKind+` = ?`, string(f.Kind))
	}
	if f.File != "" {
		w.and(`r.file = ?`, f.File)
	}
	if !f.AsOf.IsZero() {
		w.and(`r.at <= ?`, ms(f.AsOf))
	}
}

// Sessions returns sessions: those with an id unless the filter names the
// never started. Sorts: timestamp or started (newest first), state, since,
// age (in the present state), run_number or run, batch, repo, family, pr.
func (s *Store) Sessions(ctx context.Context, f telemetry.SessionFilter, p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) {
	if !f.AsOf.IsZero() {
		return s.sessionsAsOf(ctx, f, p)
	}
	w, order, err := s.sessionQuery(f, p)
	if err != nil {
		return telemetry.List[telemetry.SessionRow]{}, err
	}
	return listChosen(ctx, s, sessionTotal(f, w), w.args, w.walked, sessionRowColumns, sessionRowTables, w.page(sessionOrders(), p, order, "s.key", "sessions s"), scanSession)
}

// sessionQuery returns what chooses and orders sessions.
func (s *Store) sessionQuery(f telemetry.SessionFilter, p telemetry.Page) (w where, order string, err error) {
	if order, err = orderSQL(p, "timestamp", sessionOrders()); err == nil {
		err = w.query(f.Query, sessionMatchers(s.dialect, ms(s.now())))
	}
	if len(f.States) == 0 && f.ID == "" && !slices.Contains(f.Query.Values("is"), string(telemetry.StateNeverStarted)) {
		w.and(`s.state <> 'never_started'`) // just those have no id
	}
	anyOf(&w, "s.state", f.States)
	if f.Repo != "" {
		w.and(`s.repo_id = (SELECT id FROM repos WHERE key = ?)`, f.Repo)
	}
	if f.RunNumber != nil {
		w.and(`s.run_number = ?`, *f.RunNumber)
	}
	if f.ID != "" {
		w.and(`s.key = ?`, f.ID)
	}
	return w, order, err
}

// Pulls returns the listed pull requests. Sorts: created_at (newest first),
// waiting or age (oldest first), updated_at, number, title, repo, state,
// author, session.
func (s *Store) Pulls(ctx context.Context, f telemetry.PullFilter, p telemetry.Page) (telemetry.List[telemetry.PullRow], error) {
	if !f.AsOf.IsZero() {
		return s.pullsAsOf(ctx, f, p)
	}
	w, order, err := s.pullQuery(f, p)
	if err != nil {
		return telemetry.List[telemetry.PullRow]{}, err
	}
	return list(ctx, s, pullRowColumns, `pulls p`, w, w.page(pullOrders(), p, order, "p.key", "pulls p"), scanPull)
}

// pullQuery returns what chooses and orders pull requests.
func (s *Store) pullQuery(f telemetry.PullFilter, p telemetry.Page) (w where, order string, err error) {
	w.and("p.listed = 1")
	if order, err = orderSQL(p, "created_at", pullOrders()); err == nil {
		err = w.query(f.Query, pullMatchers(s.dialect, ms(s.now())))
	}
	if f.Repo != "" {
		w.and(`p.repo_key IN (SELECT h.key FROM homes h JOIN repos o ON o.id = h.repo_id WHERE o.key = ?)`, f.Repo)
	}
	if f.State != "" {
		w.and(`p.shown = ?`, f.State)
	}
	if f.Session != "" {
		w.and(`p.session = ?`, f.Session)
	}
	return w, order, err
}

// countedQualifiers are those over columns of issue_counts.
func countedQualifiers() []string { return []string{"is", "severity", "family", "rule", "repo"} }

// issueTotal returns the query of a list's total: over the counts that are
// kept where these have all that is asked for.
func issueTotal(f telemetry.IssueFilter, w where) string {
	scope := " AND i.repo_id = 0"
	if f.Repo != "" {
		scope = " AND i.repo_id <> 0"
	}
	counted := f.PublicID == ""
	for _, t := range f.Query.Terms {
		counted = counted && slices.Contains(countedQualifiers(), t.Qualifier)
		if t.Qualifier == "repo" {
			scope = " AND i.repo_id <> 0"
		}
	}
	if !counted {
		return `SELECT COUNT(*) FROM issues i` + w.sql()
	}
	return `SELECT COALESCE(SUM(i.n), 0) FROM issue_counts i` + w.sql() + scope
}

// Issues returns issues. Sorts: status or state (by status, then the one
// seen longest ago), severity, rule, family, file, repo, age (oldest first),
// first_seen, last_seen, appearances, attempts, session.
func (s *Store) Issues(ctx context.Context, f telemetry.IssueFilter, p telemetry.Page) (telemetry.List[telemetry.IssueRow], error) {
	if !f.AsOf.IsZero() {
		return s.issuesAsOf(ctx, f, p)
	}
	w, from, order, err := s.issueQuery(ctx, f, p)
	if err != nil {
		return telemetry.List[telemetry.IssueRow]{}, err
	}
	chosen := func(total int64) where { return w.inOrderOf(p.Sort, total) }
	return listChosen(ctx, s, issueTotal(f, w), w.args, chosen, issueRowColumns, from, order+limitSQL(p), scanIssueRow)
}

// issueQuery returns what chooses and orders issues, and the tables it is
// over.
func (s *Store) issueQuery(ctx context.Context, f telemetry.IssueFilter, p telemetry.Page) (w where, from, order string, err error) {
	if order, err = orderSQL(p, "status", issueOrders()); err == nil {
		if f.Query, err = s.spelled(ctx, f.Query); err == nil {
			err = w.query(f.Query, issueMatchers(ms(s.now())))
		}
	}
	if f.Repo != "" {
		w.and(`i.repo_id = (SELECT id FROM repos WHERE key = ?)`, f.Repo)
	}
	anyOf(&w, "i.status", f.Statuses)
	anyOf(&w, "i.severity", f.Severity)
	anyOf(&w, "i.family", f.Family)
	anyOf(&w, "i.rule", f.Rule)
	if f.PublicID != "" {
		w.and(`i.public_id = ?`, f.PublicID)
	}
	if p.Sort == "repo" {
		// The sum lets the planner begin with the repositories alone.
		return w, `repos o JOIN issues i ON i.repo_id = o.id + 0`, order, err
	}
	return w, `issues i`, order, err
}

// Files returns the run files that the store knows, those with an error
// first, then by name.
func (s *Store) Files(ctx context.Context, f telemetry.FileFilter, p telemetry.Page) (telemetry.List[telemetry.FileRow], error) {
	page, err := pageSQL(p, "state", map[string]order{
		"state": {columns: []string{"CASE WHEN f.error <> '' AND f.gone = 0 THEN 0 ELSE 1 END", "f.file", "f.source"}},
		"file":  by("f.file f.source"), "fetched_at": byDesc("f.fetched_at f.file f.source")})
	if err != nil {
		return telemetry.List[telemetry.FileRow]{}, err
	}
	var w where
	switch f.State {
	case "error":
		w.and(`f.error <> '' AND f.gone = 0`)
	case "gone":
		w.and(`f.gone = 1`)
	case "ok":
		w.and(`f.error = '' AND f.gone = 0`)
	}
	return list(ctx, s, `f.source, f.file, f.kind, f.sha, f.size, f.error, f.gone, CASE WHEN f.body IS NULL THEN 1 ELSE f.live END, f.fetched_at`, `files f`, w, page, func(r *row, v *telemetry.FileRow) {
		var gone, live int
		var fetched int64
		r.scan(&v.Source, &v.File, &v.Kind, &v.SHA, &v.Size, &v.Error, &gone, &live, &fetched)
		v.Gone, v.FetchedAt = gone == 1, at(fetched)
		v.Shadowed = gone == 0 && live == 0
	})
}

const repoColumns = `name, target_repo, fork_url, fork, runs, scans, dispatches, issues_found, last_run, sessions_created, sessions_finished, sessions_active, sessions_waiting, sessions_with_pr, never_started,
	prs_total, prs_open, prs_closed, prs_merged, prs_unknown, severity_sum, category_sum, open, open_severity, open_category, listed, unnamed, latest_at, latest_file, latest_run, data_reduced, ref_at, ref_file, ref_run`

func scanRepo(r *row, v *telemetry.RepoRow) { scanRepoAnd(r, v) }

func scanRepoAnd(r *row, v *telemetry.RepoRow, more ...any) *row {
	var last, latestAt, refAt, latestRun, refRun int64
	var listed, unnamed, reduced int
	var sevSum, catSum, openSev, openCat, refFile string
	r.scan(append([]any{&v.Name, &v.TargetRepo, &v.ForkURL, &v.Fork, &v.Runs, &v.Scans, &v.Dispatches, &v.IssuesFound, &last, &v.SessionsCreated, &v.SessionsFinished, &v.SessionsActive, &v.SessionsWaiting, &v.SessionsWithPR, &v.NeverStarted,
		&v.PRs.Total, &v.PRs.Open, &v.PRs.Closed, &v.PRs.Merged, &v.PRs.Unknown, &sevSum, &catSum, &v.Open, &openSev, &openCat, &listed, &unnamed, &latestAt, &v.LatestFile, &latestRun, &reduced, &refAt, &refFile, &refRun}, more...)...)
	counts := func(text string) map[string]int64 {
		if text == "" {
			return map[string]int64{}
		}
		return flatCounts(r.tx, text)
	}
	v.SeveritySum, v.CategorySum, v.OpenSeverity, v.OpenCategory = counts(sevSum), counts(catSum), counts(openSev), counts(openCat)
	v.LastRun, v.LatestScanAt, v.ReferenceAt = at(last), at(latestAt), at(refAt)
	v.Listed, v.Unnamed, v.LatestReduced = listed == 1, unnamed == 1 && refFile != "", reduced == 1
	if refFile != "" {
		v.ReferenceRun = &refRun
	}
	if v.LatestFile != "" {
		v.LatestRun = &latestRun
	}
	return r
}

// Repos returns repositories. Sorts: last_run (latest first), last_scan,
// open, critical_high or severity, critical, high, medium, low, repo, runs, found, active (sessions),
// sessions, waiting (open pull requests), merged, change and closed (in the last RepoDaysShown days). Size 0 returns all.
func (s *Store) Repos(ctx context.Context, f telemetry.RepoFilter, p telemetry.Page) (telemetry.List[telemetry.RepoRow], error) {
	if p.Size == 0 {
		p.Size = 1 << 40
	}
	var w where
	page, err := pageSQL(p, "last_run", repoOrders(ms(s.now())))
	if err == nil {
		err = w.query(f.Query, repoMatchers(ms(s.now())))
	}
	if err != nil {
		return telemetry.List[telemetry.RepoRow]{}, err
	}
	from := activeRepos(ms(s.now()))
	total := `SELECT COUNT(*) FROM repos r`
	if conditions := w.sql(); strings.Contains(conditions, activeCount) {
		total = `SELECT COUNT(*) FROM ` + from + conditions
	} else if len(w.conditions) > 0 {
		total += conditions
	}
	return listOf(ctx, s, total, repoColumnsNow(), from, w, page, scanRepo)
}

// Repo returns one repository; found is false if no record names it.
func (s *Store) Repo(ctx context.Context, key string) (repo telemetry.RepoRow, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		var id int64
		repo = telemetry.RepoRow{}
		found = scanRepoAnd(tx.row(`SELECT `+repoColumns+`, id FROM repos WHERE key = $1`, key), &repo, &id).found
		if found {
			active := activeNow(tx, id, ms(s.now()))
			repo.SessionsActive, repo.SessionsWaiting = active.Working+active.Waiting, active.Waiting
		}
		return tx.err
	})
	return repo, found, err
}
