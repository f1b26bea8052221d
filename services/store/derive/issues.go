package derive

import (
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// saveIssues writes issues that scans touched.
func (l *ledger) saveIssues(issues []*telemetry.Issue) {
	var last int64
	l.tx.Row(`SELECT COALESCE(MAX(id), 0) FROM issues`).Scan(&last)
	for _, id := range l.rows {
		last = max(last, id)
	}
	var added, moved, seen [][]any
	for _, i := range issues {
		if was, known := l.stored[i]; known {
			if now := locationOf(i); now != was {
				moved = append(moved, []any{
					i.StoreID, now.fingerprint, i.Rule, i.Severity, telemetry.SeverityRank(i.Severity), i.Family, i.File, i.Line,
					string(i.Status), i.Status.Rank(),
				})
			}
			seen = append(seen, []any{
				i.StoreID, i.Fingerprint, i.LatestIssueID, store.Millis(i.LastSeen.At), i.LastSeen.File, i.LastSeen.Run,
				store.Millis(i.Closed.At), i.Closed.File, i.Closed.Run, store.Flag(i.EverFixed), i.Appearances,
				store.NumbersText(i.Runs), store.JSON(i.Fingerprints),
			})
			continue
		}
		if i.StoreID = l.rows[i.PublicID]; i.StoreID == 0 {
			last++
			i.StoreID = last
		}
		added = append(added, l.row(i))
	}
	l.tx.Bulk("issues", strings.Split(issueRow, ", "), added, "")
	// Most indexes are over columns that most scans leave as they are: an
	// index is written again for every column that a statement names.
	l.tx.Change("issues", strings.Split(issueMoved, ", "), moved)
	l.tx.Change("issues", strings.Split(issueSeen, ", "), seen)
}

// The columns of an issue's row, those that say what and where it is, and
// those that each scan that names it changes.
const (
	issueRow = "id BIGINT, repo_id BIGINT, public_id TEXT, fingerprint TEXT, fingerprint_key TEXT, rule TEXT, severity TEXT, " +
		"severity_rank SMALLINT, family TEXT, file TEXT, line BIGINT, latest_issue_id TEXT, status TEXT, status_rank SMALLINT, " +
		"first_at BIGINT, first_file TEXT, first_run BIGINT, first_ord BIGINT, last_at BIGINT, last_file TEXT, last_run BIGINT, " +
		"closed_at BIGINT, closed_file TEXT, closed_run BIGINT, ever_fixed SMALLINT, from_start SMALLINT, appearances BIGINT, " +
		"runs TEXT, fingerprints TEXT"
	issueMoved = "id BIGINT, fingerprint_key TEXT, rule TEXT, severity TEXT, severity_rank SMALLINT, family TEXT, file TEXT, line BIGINT, " +
		"status TEXT, status_rank SMALLINT"
	issueSeen = "id BIGINT, fingerprint TEXT, latest_issue_id TEXT, last_at BIGINT, last_file TEXT, last_run BIGINT, " +
		"closed_at BIGINT, closed_file TEXT, closed_run BIGINT, ever_fixed SMALLINT, appearances BIGINT, runs+ TEXT, fingerprints TEXT"
)

// row are the values of issueRow.
func (l *ledger) row(i *telemetry.Issue) []any {
	return []any{
		i.StoreID, l.repo, i.PublicID, i.Fingerprint, telemetry.FingerprintKey(i.Fingerprint), i.Rule, i.Severity,
		telemetry.SeverityRank(i.Severity), i.Family, i.File, i.Line, i.LatestIssueID, string(i.Status), i.Status.Rank(),
		store.Millis(i.FirstSeen.At), i.FirstSeen.File, i.FirstSeen.Run, i.FirstOrd, store.Millis(i.LastSeen.At), i.LastSeen.File, i.LastSeen.Run,
		store.Millis(i.Closed.At), i.Closed.File, i.Closed.Run, store.Flag(i.EverFixed), store.Flag(i.FromStart), i.Appearances,
		store.NumbersText(i.Runs), store.JSON(i.Fingerprints),
	}
}

// issueLocation is what most indexes of issues are over.
type issueLocation struct {
	fingerprint, rule, severity, family, file string
	line                                      int64
	status                                    telemetry.Status
}

func locationOf(i *telemetry.Issue) issueLocation {
	return issueLocation{telemetry.FingerprintKey(i.Fingerprint), i.Rule, i.Severity, i.Family, i.File, i.Line, i.Status}
}

// past answers a ledger from the store.
type past struct{ *ledger }

// Closed returns the repository's closed issues that share a fingerprint, or
// rule, file and line, with one of the findings.
func (p past) Closed(findings []telemetry.Finding) ([]*telemetry.Issue, error) {
	fingerprints, locations := []string{}, [][]any{}
	for _, f := range findings {
		fingerprints = append(fingerprints, telemetry.FingerprintKey(f.Fingerprint))
		locations = append(locations, []any{f.Rule, f.File, f.Line})
	}
	fixed := telemetry.StatusFixed.Rank()
	closed := p.loadIssues(`repo_id = $1 AND status_rank >= $2 AND fingerprint_key `+p.tx.In(3, "TEXT"),
		p.repo, fixed, store.JSON(fingerprints))
	known := map[int64]bool{}
	for _, issue := range closed {
		known[issue.StoreID] = true
	}
	byLocation := `(rule, file, line) ` + p.tx.InRows("TEXT", "TEXT", "BIGINT") + ` AND repo_id = $2 AND status_rank >= $3`
	for _, issue := range p.loadIssues(byLocation, store.JSON(locations), p.repo, fixed) {
		if !known[issue.StoreID] {
			closed = append(closed, issue)
		}
	}
	return closed, p.tx.Err()
}

// Exists reports whether the repository has an issue of the id.
func (p past) Exists(publicID string) (bool, error) {
	var n int64
	found := p.tx.Row(`SELECT id FROM issues WHERE public_id = $1 AND repo_id = $2`, publicID, p.repo).Scan(&n).Found
	return found, p.tx.Err()
}

// issueColumns are all that a ledger needs.
const issueColumns = `id, public_id, fingerprint, rule, severity, family, file, line, latest_issue_id, status,
	first_at, first_file, first_run, first_ord, last_at, last_file, last_run, closed_at, closed_file, closed_run,
	ever_fixed, from_start, appearances, fingerprints`

func scanIssue(r *store.Row, i *telemetry.Issue) {
	r.Scan(&i.StoreID, &i.PublicID, &i.Fingerprint, &i.Rule, &i.Severity, &i.Family, &i.File, &i.Line, &i.LatestIssueID, &i.Status,
		&i.FirstSeen.At, &i.FirstSeen.File, &i.FirstSeen.Run, &i.FirstOrd, &i.LastSeen.At, &i.LastSeen.File, &i.LastSeen.Run,
		&i.Closed.At, &i.Closed.File, &i.Closed.Run, &i.EverFixed, &i.FromStart, &i.Appearances, store.ListOf(&i.Fingerprints))
}

// loadIssues reads issues for a ledger, and notes their places, without the
// numbers of their runs: those grow with the history, and saveIssues only adds to them.
func (l *ledger) loadIssues(where string, args ...any) []*telemetry.Issue {
	var issues []*telemetry.Issue
	l.tx.Each(`SELECT `+issueColumns+` FROM issues WHERE `+where, args, func(r *store.Row) {
		issue := &telemetry.Issue{}
		scanIssue(r, issue)
		issues, l.stored[issue] = append(issues, issue), locationOf(issue)
	})
	return issues
}
