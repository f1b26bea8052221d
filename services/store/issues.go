package store

import (
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// foldRepo brings a repository's issues up to its scans. Scans newer than
// all others are appended; anything else replays the repository from its
// records, so that a late record ends as if it had come in order.
func (d *derivation) foldRepo(repo int64, f *fold) {
	tx := d.tx
	ledger, latest := d.loadLedger(repo)
	slices.SortFunc(f.added, func(a, b addedScan) int { return a.scan.Compare(b.scan.Place) })
	if len(f.added) > 0 && f.added[0].scan.Compare(latest) < 0 {
		f.replay = true
	}
	if f.replay {
		d.replayRepo(repo, ledger.Repo)
		return
	}
	ledger.Open = loadIssues(tx, `repo_id = $1 AND closed_at = 0 AND closed_file = ''`, repo)
	slices.SortFunc(ledger.Open, bySight)
	ledger.Past = past{tx, repo}
	d.apply(repo, ledger, f.added)
}

func bySight(a, b *telemetry.Issue) int {
	if c := a.First.Compare(b.First); c != 0 {
		return c
	}
	return a.FirstOrd - b.FirstOrd
}

// replayRepo folds all scans of a repository anew. Issues that keep their
// public id keep their row; ids that vanish redirect to the issue that now
// has their first finding.
func (d *derivation) replayRepo(repo int64, name telemetry.RepoName) {
	tx := d.tx
	ids, firsts := map[string]int64{}, map[string][2]int64{}
	tx.each(`SELECT i.public_id, i.id, COALESCE(r.id, 0), i.first_ord FROM issues i LEFT JOIN runs r ON r.repo_id = i.repo_id AND r.at = i.first_at AND r.file = i.first_file WHERE i.repo_id = $1`, []any{repo}, func(r *row) {
		var public string
		var id int64
		var first [2]int64
		r.scan(&public, &id, &first[0], &first[1])
		ids[public], firsts[public] = id, first
	})
	tx.exec(`DELETE FROM appearances WHERE run_id IN (SELECT id FROM runs WHERE repo_id = $1)`, repo)
	tx.exec(`DELETE FROM issues WHERE repo_id = $1`, repo)
	scans := d.loadScans(repo)
	ledger := &telemetry.Ledger{Repo: name}
	matches := d.applyWith(repo, ledger, scans, ids)
	for public, first := range firsts {
		if now := matches[first]; now != nil && now.PublicID != public && ids[public] != 0 {
			tx.exec(`INSERT INTO redirects (old_id, new_id) VALUES ($1, $2) ON CONFLICT (old_id) DO UPDATE SET new_id = excluded.new_id`, public, now.PublicID)
		}
	}
}

// loadScans parses all scans of a repository from their records, in order.
func (d *derivation) loadScans(repo int64) []addedScan {
	var ids []int64
	d.tx.each(`SELECT id FROM runs WHERE repo_id = $1 AND kind = 'scan' ORDER BY at, file`, []any{repo}, func(r *row) {
		var id int64
		r.scan(&id)
		ids = append(ids, id)
	})
	scans := make([]addedScan, 0, len(ids))
	for _, id := range ids {
		rec := d.record(id)
		if rec == nil {
			return nil
		}
		var source, file string
		d.tx.row(`SELECT source, file FROM files WHERE id = $1`, id).scan(&source, &file)
		scans = append(scans, addedScan{id: id, scan: telemetry.Scan{Place: telemetry.Place{At: rec.Timestamp, File: file, Run: rec.RunNumber},
			Findings: rec.Findings, HasFindings: rec.HasFindings(), Accepted: d.accepted(source, file)}})
	}
	return scans
}

func (d *derivation) apply(repo int64, ledger *telemetry.Ledger, scans []addedScan) {
	d.applyWith(repo, ledger, scans, nil)
}

// applyWith applies scans, writes what they did, and returns the issue of
// each finding by run and place.
func (d *derivation) applyWith(repo int64, ledger *telemetry.Ledger, scans []addedScan, ids map[string]int64) map[[2]int64]*telemetry.Issue {
	tx := d.tx
	var touched []*telemetry.Issue
	seen := map[*telemetry.Issue]bool{}
	matches := map[[2]int64]*telemetry.Issue{}
	type appearance struct {
		run   int64
		ord   int
		match telemetry.Match
		line  int64
	}
	var appearances []appearance
	for _, s := range scans {
		out, err := ledger.Apply(s.scan)
		if err != nil {
			tx.fail("fold a scan", err)
			return nil
		}
		for ord, m := range out.Matches {
			appearances = append(appearances, appearance{s.id, ord, m, s.scan.Findings[ord].Line})
			matches[[2]int64{s.id, int64(ord)}] = m.Issue
		}
		for _, issue := range out.Touched {
			if !seen[issue] {
				seen[issue] = true
				touched = append(touched, issue)
			}
		}
		if s.scan.HasFindings {
			tx.exec(`UPDATE runs SET reduced = $1, new_n = $2, gone_n = $3 WHERE id = $4`, flag(out.Reduced), out.New+out.Reopened, len(out.Closed), s.id)
		}
	}
	d.saveIssues(repo, touched, ids)
	rows := make([][]any, len(appearances))
	for i, a := range appearances {
		rows[i] = []any{a.run, a.ord, a.match.Issue.StoreID, string(a.match.Basis), a.line}
	}
	tx.bulk("appearances", []string{"run_id BIGINT", "ord BIGINT", "issue_id BIGINT", "basis TEXT", "line BIGINT"}, rows, "")
	d.saveLedger(repo, ledger)
	return matches
}

func (d *derivation) saveIssues(repo int64, issues []*telemetry.Issue, ids map[string]int64) {
	var last int64
	d.tx.row(`SELECT COALESCE(MAX(id), 0) FROM issues`).scan(&last)
	for _, id := range ids {
		last = max(last, id)
	}
	rows := make([][]any, len(issues))
	for n, i := range issues {
		if i.StoreID == 0 {
			i.StoreID = ids[i.PublicID]
		}
		if i.StoreID == 0 {
			last++
			i.StoreID = last
		}
		rows[n] = []any{i.StoreID, repo, i.PublicID, i.Fingerprint, telemetry.PrintKey(i.Fingerprint), i.Rule, i.Severity, telemetry.SeverityRank(i.Severity), i.Family, i.File, i.Line, i.LatestIssueID,
			string(i.Status), i.Status.Rank(), ms(i.First.At), i.First.File, i.First.Run, i.FirstOrd, ms(i.Last.At), i.Last.File, i.Last.Run,
			ms(i.Closed.At), i.Closed.File, i.Closed.Run, flag(i.EverFixed), flag(i.FromStart), i.Appearances, numbersText(i.Runs), jsonText(i.Prints)}
	}
	d.tx.bulk("issues", []string{"id BIGINT", "repo_id BIGINT", "public_id TEXT", "fingerprint TEXT", "print_key TEXT", "rule TEXT", "severity TEXT", "severity_rank SMALLINT", "family TEXT", "file TEXT", "line BIGINT", "latest_issue_id TEXT",
		"status TEXT", "status_rank SMALLINT", "first_at BIGINT", "first_file TEXT", "first_run BIGINT", "first_ord BIGINT", "last_at BIGINT", "last_file TEXT", "last_run BIGINT",
		"closed_at BIGINT", "closed_file TEXT", "closed_run BIGINT", "ever_fixed SMALLINT", "from_start SMALLINT", "appearances BIGINT", "runs TEXT", "prints TEXT"}, rows,
		`ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, print_key = excluded.print_key, rule = excluded.rule, severity = excluded.severity, severity_rank = excluded.severity_rank,
			family = excluded.family, file = excluded.file, line = excluded.line, latest_issue_id = excluded.latest_issue_id, status = excluded.status, status_rank = excluded.status_rank,
			last_at = excluded.last_at, last_file = excluded.last_file, last_run = excluded.last_run, closed_at = excluded.closed_at, closed_file = excluded.closed_file, closed_run = excluded.closed_run,
			ever_fixed = excluded.ever_fixed, appearances = excluded.appearances, runs = excluded.runs, prints = excluded.prints`)
}

func numbersText(numbers []int64) string {
	text := make([]byte, 0, 4*len(numbers))
	for i, n := range numbers {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendInt(text, n, 10)
	}
	return string(text)
}

func textNumbers(text string) []int64 {
	numbers := []int64{}
	for word := range strings.FieldsSeq(text) {
		n, _ := strconv.ParseInt(word, 10, 64) // numbersText wrote it
		numbers = append(numbers, n)
	}
	return numbers
}

// loadLedger returns the repository's fold as it was left, without issues,
// and the place of its last scan.
func (d *derivation) loadLedger(repo int64) (*telemetry.Ledger, telemetry.Place) {
	l := &telemetry.Ledger{}
	var name string
	var latest, data, ref telemetry.Place
	var latestAt, dataAt, refAt int64
	var reduced, named, unnamed int
	d.tx.row(`SELECT name, latest_at, latest_file, data_at, data_file, data_run, data_reduced, ref_at, ref_file, ref_run, baseline, reduced_in_row, saw_named, saw_unnamed FROM repos WHERE id = $1`, repo).
		scan(&name, &latestAt, &latest.File, &dataAt, &data.File, &data.Run, &reduced, &refAt, &ref.File, &ref.Run, &l.Baseline, &l.ReducedInRow, &named, &unnamed)
	latest.At, data.At, ref.At = at(latestAt), at(dataAt), at(refAt)
	l.Repo, l.Latest, l.Reference = telemetry.RepoName(name), data, ref
	l.LatestReduced, l.SawNamed, l.SawUnnamed = reduced == 1, named == 1, unnamed == 1
	return l, latest
}

func (d *derivation) saveLedger(repo int64, l *telemetry.Ledger) {
	d.tx.exec(`UPDATE repos SET data_at = $1, data_file = $2, data_run = $3, data_reduced = $4, ref_at = $5, ref_file = $6, ref_run = $7, baseline = $8, reduced_in_row = $9, saw_named = $10, saw_unnamed = $11 WHERE id = $12`,
		ms(l.Latest.At), l.Latest.File, l.Latest.Run, flag(l.LatestReduced), ms(l.Reference.At), l.Reference.File, l.Reference.Run, l.Baseline, l.ReducedInRow, flag(l.SawNamed), flag(l.SawUnnamed), repo)
}

// past answers the ledger from the store.
type past struct {
	tx   *Tx
	repo int64
}

// Closed returns the repository's closed issues that share a fingerprint or
// a rule with one of the findings: more than the ledger can reopen.
func (p past) Closed(findings []telemetry.Finding) ([]*telemetry.Issue, error) {
	var prints, rules []string
	for _, f := range findings {
		prints, rules = append(prints, telemetry.PrintKey(f.Fingerprint)), append(rules, f.Rule)
	}
	closed := loadIssues(p.tx, `repo_id = $1 AND closed_file <> '' AND print_key `+p.tx.in(2, "TEXT"), p.repo, jsonText(prints))
	known := map[int64]bool{}
	for _, issue := range closed {
		known[issue.StoreID] = true
	}
	for _, issue := range loadIssues(p.tx, `repo_id = $1 AND closed_file <> '' AND rule `+p.tx.in(2, "TEXT"), p.repo, jsonText(rules)) {
		if !known[issue.StoreID] {
			closed = append(closed, issue)
		}
	}
	return closed, p.tx.err
}

// Taken tells whether the repository has an issue of the id.
func (p past) Taken(publicID string) (bool, error) {
	var n int64
	found := p.tx.row(`SELECT id FROM issues WHERE public_id = $1 AND repo_id = $2`, publicID, p.repo).scan(&n).found
	return found, p.tx.err
}

const issueColumns = `i.id, i.public_id, i.fingerprint, i.rule, i.severity, i.family, i.file, i.line, i.latest_issue_id, i.status, i.first_at, i.first_file, i.first_run, i.first_ord,
	i.last_at, i.last_file, i.last_run, i.closed_at, i.closed_file, i.closed_run, i.ever_fixed, i.from_start, i.appearances, i.runs, i.prints`

func scanIssue(r *row, i *telemetry.Issue, more ...any) {
	var first, last, closed int64
	var fixed, start int
	var runs, prints string
	r.scan(append([]any{&i.StoreID, &i.PublicID, &i.Fingerprint, &i.Rule, &i.Severity, &i.Family, &i.File, &i.Line, &i.LatestIssueID, &i.Status, &first, &i.First.File, &i.First.Run, &i.FirstOrd,
		&last, &i.Last.File, &i.Last.Run, &closed, &i.Closed.File, &i.Closed.Run, &fixed, &start, &i.Appearances, &runs, &prints}, more...)...)
	i.First.At, i.Last.At, i.Closed.At = at(first), at(last), at(closed)
	i.EverFixed, i.FromStart = fixed == 1, start == 1
	i.Runs, i.Prints = textNumbers(runs), fromJSON[[]string](r.tx, prints)
}

func loadIssues(tx *Tx, where string, args ...any) []*telemetry.Issue {
	var issues []*telemetry.Issue
	tx.each(`SELECT `+issueColumns+` FROM issues i WHERE `+where, args, func(r *row) {
		issue := &telemetry.Issue{}
		scanIssue(r, issue)
		issues = append(issues, issue)
	})
	return issues
}
