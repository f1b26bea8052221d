package store

import (
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/telemetry"
)

// foldRepo brings a repository's issues up to its scans. Scans newer than
// all others are appended; anything else replays the repository from its
// records, so that a late record ends as if it had come in order.
func (d *derivation) foldRepo(repo int64, f *fold) {
	ledger, latest := d.loadLedger(repo)
	slices.SortFunc(f.added, func(a, b addedScan) int { return a.scan.Compare(b.scan.Place) })
	if len(f.added) > 0 && f.added[0].scan.Compare(latest) <= 0 {
		f.replay = true
	}
	if f.replay {
		d.replayRepo(repo, ledger.Repo)
		return
	}
	if !ledger.Latest.IsZero() { // else no issue of it is stored
		ledger.Open = d.loadIssues(`repo_id = $1 AND status_rank < $2`, repo, telemetry.StatusFixed.Rank())
		slices.SortFunc(ledger.Open, bySight)
		ledger.Past = past{d, repo}
	}
	d.applyWith(repo, ledger, f.added, nil)
	d.retake(repo, f.added)
}

func bySight(a, b *telemetry.Issue) int {
	if c := telemetry.Place(a.FirstSeen).Compare(telemetry.Place(b.FirstSeen)); c != 0 {
		return c
	}
	return a.FirstOrd - b.FirstOrd
}

// replayRepo folds all scans of a repository anew. Issues that keep their
// public id keep their row; an id that vanishes redirects to the issue that
// now has its first finding that is left.
func (d *derivation) replayRepo(repo int64, name telemetry.RepoName) {
	tx := d.tx
	ids, findings := map[string]int64{}, map[string][][2]int64{}
	tx.Each(`SELECT public_id, id FROM issues WHERE repo_id = $1`, []any{repo}, func(r *Row) {
		var public string
		var id int64
		r.Scan(&public, &id)
		ids[public] = id
		d.flipped[id] = true
	})
	tx.Each(`SELECT i.public_id, a.run_id, a.ord FROM issues i JOIN appearances a ON a.issue_id = i.id JOIN runs r ON r.id = a.run_id WHERE i.repo_id = $1 ORDER BY r.at, r.file, r.source, a.ord`, []any{repo}, func(r *Row) {
		var public string
		var at [2]int64
		r.Scan(&public, &at[0], &at[1])
		findings[public] = append(findings[public], at)
	})
	tx.exec(`DELETE FROM appearances WHERE run_id IN (SELECT id FROM runs WHERE repo_id = $1)`, repo)
	tx.exec(`DELETE FROM issues WHERE repo_id = $1`, repo)
	d.dropLives(repo)
	scans := d.loadScans(repo)
	matches := d.applyWith(repo, &identity.Ledger{Repo: name}, scans, ids)
	valid := map[string]bool{}
	for _, issue := range matches {
		valid[issue.PublicID] = true
	}
	for _, f := range d.former { // what a rewritten record named is the last resort
		findings[f.public] = append(findings[f.public], f.finding)
	}
	for public, list := range findings {
		for _, finding := range list {
			if now := matches[finding]; now != nil && !valid[public] {
				tx.exec(`INSERT INTO redirects (old_id, new_id) VALUES ($1, $2) ON CONFLICT (old_id) DO UPDATE SET new_id = excluded.new_id`, public, now.PublicID)
				break
			}
		}
	}
	d.retake(repo, scans)
	d.retakeRuns(`r.repo_id = $1 AND r.kind = 'dispatch'`, repo)
	d.retakeVerifications(`repo_id = $1`, repo)
}

// loadScans parses all scans of a repository from their records, in order.
func (d *derivation) loadScans(repo int64) []addedScan {
	var ids []int64
	d.tx.Each(`SELECT id FROM runs WHERE repo_id = $1 AND kind = 'scan' ORDER BY at, file, source`, []any{repo}, func(r *Row) {
		var id int64
		r.Scan(&id)
		ids = append(ids, id)
	})
	scans := make([]addedScan, 0, len(ids))
	for _, id := range ids {
		rec := d.record(id)
		if rec == nil {
			return nil
		}
		name := d.nameOf(id)
		scans = append(scans, addedScan{id: id, scan: identity.Scan{Place: telemetry.Place{At: telemetry.At(rec.Timestamp), File: name.file, Run: rec.RunNumber},
			Findings: rec.Findings, HasFindings: rec.HasFindings(), Accepted: d.accepted(name)}})
		d.takes[id] = rec.Takes()
	}
	return scans
}

// appearance is one finding of an issue in one scan; file and fingerprint
// are nil where they are as in the issue's appearance before.
type appearance struct {
	run               int64
	ord               int
	match             identity.Match
	line              int64
	file, fingerprint any
}

// applyWith applies scans, writes what they did, and returns the issue of
// each finding by run and place. ids are the rows of issues that were there
// before a replay, by public id.
func (d *derivation) applyWith(repo int64, ledger *identity.Ledger, scans []addedScan,
	ids map[string]int64) map[[2]int64]*telemetry.Issue {
	tx := d.tx
	var touched []*telemetry.Issue
	seen := map[*telemetry.Issue]bool{}
	matches := map[[2]int64]*telemetry.Issue{}
	var appearances []appearance
	var backAgain []*telemetry.Issue
	lives := d.lifeBook(repo, ledger.Open)
	for _, s := range scans {
		before := spots(ledger.Open)
		out, err := ledger.Apply(s.scan)
		if err != nil {
			tx.fail("fold a scan", err)
			return nil
		}
		lives.note(s.scan, out)
		for ord, m := range out.Matches {
			f := &s.scan.Findings[ord]
			a := appearance{run: s.id, ord: ord, match: m, line: f.Line, file: f.File, fingerprint: f.Fingerprint}
			if was, open := before[m.Issue]; open {
				if was.file == f.File {
					a.file = nil
				}
				if was.print == f.Fingerprint {
					a.fingerprint = nil
				}
			} else if m.Basis != telemetry.BasisFirstSight {
				backAgain = append(backAgain, m.Issue)
			}
			appearances = append(appearances, a)
			matches[[2]int64{s.id, int64(ord)}] = m.Issue
		}
		backAgain = append(backAgain, out.Closed...)
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
	d.saveLives(repo, lives)
	for _, issue := range backAgain {
		d.flipped[issue.StoreID] = true
	}
	d.saveAppearances(appearances)
	d.saveLedger(repo, ledger)
	return matches
}

type spot struct{ file, print string }

func spots(issues []*telemetry.Issue) map[*telemetry.Issue]spot {
	out := make(map[*telemetry.Issue]spot, len(issues))
	for _, i := range issues {
		out[i] = spot{i.File, i.Fingerprint}
	}
	return out
}

func (d *derivation) saveAppearances(list []appearance) {
	rows := make([][]any, len(list))
	for i, a := range list {
		rows[i] = []any{a.run, a.ord, a.match.Issue.StoreID, string(a.match.Basis), a.line, a.file, a.fingerprint}
		d.places[a.run] = append(d.places[a.run], a.match.Issue.StoreID)
	}
	d.tx.bulk("appearances", []string{"run_id BIGINT", "ord BIGINT", "issue_id BIGINT", "basis TEXT", "line BIGINT", "file TEXT", "fingerprint TEXT"}, rows, "")
}

func (d *derivation) saveIssues(repo int64, issues []*telemetry.Issue, ids map[string]int64) {
	var last int64
	d.tx.Row(`SELECT COALESCE(MAX(id), 0) FROM issues`).Scan(&last)
	for _, id := range ids {
		last = max(last, id)
	}
	var added, moved, seen [][]any
	for _, i := range issues {
		if was, known := d.stored[i]; known {
			if now := placeOf(i); now != was {
				moved = append(moved, []any{i.StoreID, now.print, i.Rule, i.Severity, telemetry.SeverityRank(i.Severity), i.Family, i.File, i.Line, string(i.Status), i.Status.Rank()})
			}
			seen = append(seen, []any{i.StoreID, i.Fingerprint, i.LatestIssueID, ms(i.LastSeen.At), i.LastSeen.File, i.LastSeen.Run, ms(i.Closed.At), i.Closed.File, i.Closed.Run, flag(i.EverFixed), i.Appearances, numbersText(i.Runs), JSON(i.Prints)})
			continue
		}
		if i.StoreID = ids[i.PublicID]; i.StoreID == 0 {
			last++
			i.StoreID = last
		}
		added = append(added, []any{i.StoreID, repo, i.PublicID, i.Fingerprint, telemetry.PrintKey(i.Fingerprint), i.Rule, i.Severity, telemetry.SeverityRank(i.Severity), i.Family, i.File, i.Line, i.LatestIssueID,
			string(i.Status), i.Status.Rank(), ms(i.FirstSeen.At), i.FirstSeen.File, i.FirstSeen.Run, i.FirstOrd, ms(i.LastSeen.At), i.LastSeen.File, i.LastSeen.Run,
			ms(i.Closed.At), i.Closed.File, i.Closed.Run, flag(i.EverFixed), flag(i.FromStart), i.Appearances, numbersText(i.Runs), JSON(i.Prints)})
	}
	d.tx.bulk("issues", issueFields(), added, "")
	// Most indexes are over columns that most scans leave as they are: an
	// index is written anew for every column that a statement names.
	d.tx.change("issues", strings.Split("id BIGINT,print_key TEXT,rule TEXT,severity TEXT,severity_rank SMALLINT,family TEXT,file TEXT,line BIGINT,status TEXT,status_rank SMALLINT", ","), moved)
	d.tx.change("issues", strings.Split("id BIGINT,fingerprint TEXT,latest_issue_id TEXT,last_at BIGINT,last_file TEXT,last_run BIGINT,closed_at BIGINT,closed_file TEXT,closed_run BIGINT,ever_fixed SMALLINT,appearances BIGINT,runs+ TEXT,prints TEXT", ","), seen)
}

// issuePlace is what most indexes of issues are over.
type issuePlace struct {
	print, rule, severity, family, file string
	line                                int64
	status                              telemetry.Status
}

func placeOf(i *telemetry.Issue) issuePlace {
	return issuePlace{telemetry.PrintKey(i.Fingerprint), i.Rule, i.Severity, i.Family, i.File, i.Line, i.Status}
}

// issueFields are the columns that saveIssues writes, with their types.
func issueFields() []string {
	return []string{"id BIGINT", "repo_id BIGINT", "public_id TEXT", "fingerprint TEXT", "print_key TEXT", "rule TEXT", "severity TEXT", "severity_rank SMALLINT", "family TEXT", "file TEXT", "line BIGINT", "latest_issue_id TEXT",
		"status TEXT", "status_rank SMALLINT", "first_at BIGINT", "first_file TEXT", "first_run BIGINT", "first_ord BIGINT", "last_at BIGINT", "last_file TEXT", "last_run BIGINT",
		"closed_at BIGINT", "closed_file TEXT", "closed_run BIGINT", "ever_fixed SMALLINT", "from_start SMALLINT", "appearances BIGINT", "runs TEXT", "prints TEXT"}
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
func (d *derivation) loadLedger(repo int64) (*identity.Ledger, telemetry.Place) {
	l := &identity.Ledger{}
	var name string
	var latest, data, ref telemetry.Place
	var latestAt, dataAt, refAt int64
	var reduced, named, unnamed int
	d.tx.Row(`SELECT name, latest_at, latest_file, data_at, data_file, data_run, data_reduced, ref_at, ref_file, ref_run, baseline, reduced_in_row, saw_named, saw_unnamed FROM repos WHERE id = $1`, repo).
		Scan(&name, &latestAt, &latest.File, &dataAt, &data.File, &data.Run, &reduced, &refAt, &ref.File, &ref.Run, &l.Baseline, &l.ReducedInRow, &named, &unnamed)
	latest.At, data.At, ref.At = at(latestAt), at(dataAt), at(refAt)
	l.Repo, l.Latest, l.Reference = telemetry.RepoName(name), data, ref
	l.LatestReduced, l.SawNamed, l.SawUnnamed = reduced == 1, named == 1, unnamed == 1
	return l, latest
}

func (d *derivation) saveLedger(repo int64, l *identity.Ledger) {
	d.tx.exec(`UPDATE repos SET data_at = $1, data_file = $2, data_run = $3, data_reduced = $4, ref_at = $5, ref_file = $6, ref_run = $7, baseline = $8, reduced_in_row = $9, saw_named = $10, saw_unnamed = $11 WHERE id = $12`,
		ms(l.Latest.At), l.Latest.File, l.Latest.Run, flag(l.LatestReduced), ms(l.Reference.At), l.Reference.File, l.Reference.Run, l.Baseline, l.ReducedInRow, flag(l.SawNamed), flag(l.SawUnnamed), repo)
}

// past answers the ledger from the store.
type past struct {
	d    *derivation
	repo int64
}

// Closed returns the repository's closed issues that share a fingerprint, or
// rule, file and line, with one of the findings.
func (p past) Closed(findings []telemetry.Finding) ([]*telemetry.Issue, error) {
	prints, places := []string{}, [][]any{}
	for _, f := range findings {
		prints = append(prints, telemetry.PrintKey(f.Fingerprint))
		places = append(places, []any{f.Rule, f.File, f.Line})
	}
	fixed := telemetry.StatusFixed.Rank()
	closed := p.d.loadIssues(`repo_id = $1 AND status_rank >= $2 AND print_key `+p.d.tx.In(3, "TEXT"), p.repo, fixed, JSON(prints))
	known := map[int64]bool{}
	for _, issue := range closed {
		known[issue.StoreID] = true
	}
	byPlace := `repo_id = $2 AND status_rank >= $3 AND (rule, file, line) IN (SELECT CAST(e.value ->> 0 AS TEXT), CAST(e.value ->> 1 AS TEXT), CAST(e.value ->> 2 AS BIGINT) FROM ` + p.d.tx.dialect.jsonRows() + `)`
	for _, issue := range p.d.loadIssues(byPlace, JSON(places), p.repo, fixed) {
		if !known[issue.StoreID] {
			closed = append(closed, issue)
		}
	}
	return closed, p.d.tx.err
}

// Taken tells whether the repository has an issue of the id.
func (p past) Taken(publicID string) (bool, error) {
	var n int64
	found := p.d.tx.Row(`SELECT id FROM issues WHERE public_id = $1 AND repo_id = $2`, publicID, p.repo).Scan(&n).found
	return found, p.d.tx.err
}

// issueColumns are all that a ledger needs, and the numbers of the runs.
const issueColumns = issueBriefColumns + `, i.runs`

const issueBriefColumns = `i.id, i.public_id, i.fingerprint, i.rule, i.severity, i.family, i.file, i.line, i.latest_issue_id, i.status, i.first_at, i.first_file, i.first_run, i.first_ord,
	i.last_at, i.last_file, i.last_run, i.closed_at, i.closed_file, i.closed_run, i.ever_fixed, i.from_start, i.appearances, i.prints`

func scanIssue(r *Row, i *telemetry.Issue, more ...any) {
	var first, last, closed int64
	var fixed, start int
	var runs, prints string
	r.Scan(append([]any{&i.StoreID, &i.PublicID, &i.Fingerprint, &i.Rule, &i.Severity, &i.Family, &i.File, &i.Line, &i.LatestIssueID, &i.Status, &first, &i.FirstSeen.File, &i.FirstSeen.Run, &i.FirstOrd,
		&last, &i.LastSeen.File, &i.LastSeen.Run, &closed, &i.Closed.File, &i.Closed.Run, &fixed, &start, &i.Appearances, &prints, &runs}, more...)...)
	i.FirstSeen.At, i.LastSeen.At, i.Closed.At = at(first), at(last), at(closed)
	i.EverFixed, i.FromStart = fixed == 1, start == 1
	i.Runs, i.Prints = textNumbers(runs), fromJSON[[]string](r.tx, prints)
}

// loadIssues reads issues for a ledger, and notes their places, without the
// numbers of their runs: those grow with the history, and saveIssues only adds to them.
func (d *derivation) loadIssues(where string, args ...any) []*telemetry.Issue {
	var issues []*telemetry.Issue
	d.tx.Each(`SELECT `+issueBriefColumns+`, '' FROM issues i WHERE `+where, args, func(r *Row) {
		issue := &telemetry.Issue{}
		scanIssue(r, issue)
		issues, d.stored[issue] = append(issues, issue), placeOf(issue)
	})
	return issues
}
