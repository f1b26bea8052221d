package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// saveIssues writes issues that scans touched, and returns those of which more
// changed than that they were seen again.
func (l *ledger) saveIssues(issues []*telemetry.Issue) set[int64] {
	changed := set[int64]{}
	last := store.One[int64](l.tx, `SELECT COALESCE(MAX(id), 0) FROM issues`)
	for _, id := range l.rows {
		last = max(last, id)
	}
	var added, moved, seen [][]store.Field
	for _, i := range issues {
		now := locationOf(i)
		if was, known := l.stored[i]; known {
			if now != was {
				changed[i.StoreID] = true
				moved = append(moved, []store.Field{
					store.Col("id BIGINT", i.StoreID), store.Col("fingerprint_key TEXT", now.fingerprint), store.Col("rule TEXT", i.Rule),
					store.Col("severity TEXT", i.Severity), store.Col("severity_rank SMALLINT", telemetry.SeverityRank(i.Severity)),
					store.Col("family TEXT", i.Family), store.Col("file TEXT", i.File), store.Col("line BIGINT", i.Line),
					store.Col("status TEXT", i.Status), store.Col("status_rank SMALLINT", l.rank(i.Status)),
					store.Col("state_rank SMALLINT", l.rank(i.Status)),
				})
			}
			seen = append(seen, []store.Field{
				store.Col("id BIGINT", i.StoreID), store.Col("fingerprint TEXT", i.Fingerprint),
				store.Col("latest_issue_id TEXT", i.LatestIssueID), store.Col("last_at BIGINT", i.LastSeen.At),
				store.Col("last_file TEXT", i.LastSeen.File), store.Col("last_run BIGINT", i.LastSeen.Run),
				store.Col("closed_at BIGINT", i.Closed.At), store.Col("closed_file TEXT", i.Closed.File),
				store.Col("closed_run BIGINT", i.Closed.Run), store.Col("ever_fixed SMALLINT", i.EverFixed),
				store.Col("appearances BIGINT", i.Appearances), store.Col("runs+ TEXT", store.NumbersText(i.Runs)),
				store.Col("fingerprints TEXT", store.ListOf(&i.Fingerprints)),
			})
			continue
		}
		if i.StoreID = l.rows[i.PublicID]; i.StoreID == 0 {
			last++
			i.StoreID = last
		}
		changed[i.StoreID] = true
		added = append(added, append(issueFields(i),
			store.Col("repo_id BIGINT", l.repo), store.Col("fingerprint_key TEXT", now.fingerprint),
			store.Col("severity_rank SMALLINT", telemetry.SeverityRank(i.Severity)),
			store.Col("status_rank SMALLINT", l.rank(i.Status)), store.Col("state_rank SMALLINT", l.rank(i.Status)),
			store.Col("runs TEXT", store.NumbersText(i.Runs))))
	}
	l.tx.Put("issues", "", added...)
	// Most indexes are over columns that most scans leave as they are: an
	// index is written again for every column that a statement names.
	l.tx.Change("issues", moved...)
	l.tx.Change("issues", seen...)
	return changed
}

// rank is the rank of a status as it is shown: what is open in a repository that
// was retired is retired.
func (l *ledger) rank(s telemetry.Status) int {
	if l.retired.End() == store.Never && s.Open() {
		s = telemetry.StatusRetired
	}
	return s.Rank()
}

// issueFields are what a ledger needs of an issue. The numbers of its runs are only added to.
func issueFields(i *telemetry.Issue) []store.Field {
	return []store.Field{
		store.Col("id BIGINT", &i.StoreID), store.Col("public_id TEXT", &i.PublicID), store.Col("fingerprint TEXT", &i.Fingerprint),
		store.Col("rule TEXT", &i.Rule), store.Col("severity TEXT", &i.Severity), store.Col("family TEXT", &i.Family),
		store.Col("file TEXT", &i.File), store.Col("line BIGINT", &i.Line), store.Col("latest_issue_id TEXT", &i.LatestIssueID),
		store.Col("status TEXT", &i.Status), store.Col("first_at BIGINT", &i.FirstSeen.At), store.Col("first_file TEXT", &i.FirstSeen.File),
		store.Col("first_run BIGINT", &i.FirstSeen.Run), store.Col("first_ord BIGINT", &i.FirstOrd),
		store.Col("last_at BIGINT", &i.LastSeen.At), store.Col("last_file TEXT", &i.LastSeen.File),
		store.Col("last_run BIGINT", &i.LastSeen.Run), store.Col("closed_at BIGINT", &i.Closed.At),
		store.Col("closed_file TEXT", &i.Closed.File), store.Col("closed_run BIGINT", &i.Closed.Run),
		store.Col("ever_fixed SMALLINT", &i.EverFixed), store.Col("from_start SMALLINT", &i.FromStart),
		store.Col("appearances BIGINT", &i.Appearances), store.Col("fingerprints TEXT", store.ListOf(&i.Fingerprints)),
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

// Closed returns closed issues that share a fingerprint, or rule, file and line, with a finding.
func (p past) Closed(findings []telemetry.Finding) ([]*telemetry.Issue, error) {
	fingerprints, locations := []string{}, [][]any{}
	for _, f := range findings {
		fingerprints = append(fingerprints, telemetry.FingerprintKey(f.Fingerprint))
		locations = append(locations, []any{f.Rule, f.File, f.Line})
	}
	fixed := telemetry.StatusFixed.Rank()
	closed := p.loadIssues(`repo_id = $1 AND status_rank = $2 AND fingerprint_key `+p.tx.In(3, "TEXT"),
		p.repo, fixed, store.JSON(fingerprints))
	known := map[int64]bool{}
	for _, issue := range closed {
		known[issue.StoreID] = true
	}
	byLocation := `(rule, file, line) ` + p.tx.InRows("TEXT", "TEXT", "BIGINT") + ` AND repo_id = $2 AND status_rank = $3`
	for _, issue := range p.loadIssues(byLocation, store.JSON(locations), p.repo, fixed) {
		if !known[issue.StoreID] {
			closed = append(closed, issue)
		}
	}
	return closed, p.tx.Err()
}

// Exists reports whether the repository has an issue of the id.
func (p past) Exists(publicID string) (bool, error) {
	return p.tx.Has(`SELECT 1 FROM issues WHERE public_id = $1 AND repo_id = $2`, publicID, p.repo), p.tx.Err()
}

// loadIssues reads issues for a ledger, and notes their places.
func (l *ledger) loadIssues(where string, args ...any) []*telemetry.Issue {
	var issues []*telemetry.Issue
	l.tx.Each(`SELECT `+store.Names(issueFields(&telemetry.Issue{}))+` FROM issues WHERE `+where, args, func(r *store.Row) {
		issue := &telemetry.Issue{}
		r.Scan(store.Pointers(issueFields(issue))...)
		issues, l.stored[issue] = append(issues, issue), locationOf(issue)
	})
	return issues
}
