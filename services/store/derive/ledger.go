package derive

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// applied is what applyScans did.
type applied struct {
	affected
	attempts map[int64][]telemetry.Attempt // by record: of those whose attempts the scans can change
	found    map[int64][]int64             // by run applied here: the issue of each finding
	flipped  set[int64]                    // issues that were opened or closed
	moved    set[int64]                    // issues whose rows say something else of place, severity or status
	replayed set[int64]                    // repositories whose scans were applied from the first on
	former   []formerFinding
	*records
}

// applyScans brings the issues of repositories up to their scans: of those in
// which scans have changed, and of those to apply again. former are findings
// of records that are gone.
func applyScans(r *records, scans map[int64]*scanChanges, again set[int64], former []formerFinding) applied {
	out := applied{
		affected: newAffected(), attempts: map[int64][]telemetry.Attempt{}, found: map[int64][]int64{},
		flipped: set[int64]{}, moved: set[int64]{}, replayed: set[int64]{}, former: former, records: r,
	}
	out.repos.add(again)
	for repo := range scans {
		out.repos[repo] = true
	}
	for _, repo := range sorted(out.repos) {
		s := scans[repo]
		if s == nil {
			s = &scanChanges{}
		}
		out.applyRepo(repo, s.added, s.replay || again[repo])
	}
	return out
}

// changed are the issues that scans opened, closed or changed.
func (o applied) changed() set[int64] {
	issues := maps.Clone(o.flipped)
	issues.add(o.moved)
	return issues
}

// ledger is a repository's fold while scans are applied.
type ledger struct {
	*identity.Ledger
	repo   int64
	tx     *store.Tx
	stored map[*telemetry.Issue]issueLocation // issues that were loaded: where their rows have them
	rows   map[string]int64                   // rows of issues that were there before a replay, by public id

	retired store.Spans // when the repository was retired
}

// applyRepo brings a repository's issues up to its scans. Scans newer than
// all others are appended; anything else replays the repository from its
// records, so that a late record ends as if it had come in order.
func (o *applied) applyRepo(repo int64, added []addedScan, replay bool) {
	l, latest := loadLedger(o.tx, repo)
	slices.SortFunc(added, func(a, b addedScan) int { return a.scan.Compare(b.scan.ScanPosition) })
	if replay || len(added) > 0 && (store.Millis(added[0].scan.At) < l.retired.End() || added[0].scan.Compare(latest) <= 0) {
		o.replayed[repo] = true
		o.replayRepo(l)
		return
	}
	if !l.Latest.IsZero() { // else no issue of it is stored
		l.Open = l.loadIssues(`repo_id = $1 AND status_rank < $2`, repo, telemetry.StatusFixed.Rank())
		slices.SortFunc(l.Open, func(a, b *telemetry.Issue) int {
			return cmp.Or(telemetry.ScanPosition(a.FirstSeen).Compare(telemetry.ScanPosition(b.FirstSeen)), a.FirstOrd-b.FirstOrd)
		})
		l.Past = past{l}
	}
	o.apply(l, added)
	o.rederiveAttempts(repo, added)
}

// replayRepo applies all scans of a repository again. Issues that keep their
// public id keep their row; an id that vanishes redirects to the issue that
// now has its first finding that is left.
func (o *applied) replayRepo(l *ledger) {
	tx, repo := o.tx, l.repo
	ids, findings := store.Map[string, int64](tx, `SELECT public_id, id FROM issues WHERE repo_id = $1`, repo), map[string][][2]int64{}
	for _, id := range ids {
		o.flipped[id] = true
	}
	tx.Each(`SELECT i.public_id, a.run_id, a.ord FROM issues i JOIN appearances a ON a.issue_id = i.id JOIN runs r ON r.id = a.run_id
		WHERE i.repo_id = $1 ORDER BY r.at, r.file, r.source, a.ord`, []any{repo}, func(r *store.Row) {
		var public string
		var at [2]int64
		r.Scan(&public, &at[0], &at[1])
		findings[public] = append(findings[public], at)
	})
	tx.Exec(`DELETE FROM appearances WHERE run_id IN (SELECT id FROM runs WHERE repo_id = $1)`, repo)
	tx.Exec(`DELETE FROM issues WHERE repo_id = $1`, repo)
	dropIntervals(tx, repo)
	dropDue(tx, repo)
	tx.Exec(`DELETE FROM issue_owners WHERE repo_id = $1`, repo)
	scans := o.loadScans(repo)
	matches := o.apply(&ledger{Ledger: &identity.Ledger{Repo: l.Repo}, repo: repo, tx: tx, rows: ids, retired: l.retired}, scans)
	for _, f := range o.former { // what a rewritten record named is the last resort
		findings[f.public] = append(findings[f.public], f.finding)
	}
	redirect(tx, findings, matches)
	o.rederiveAttempts(repo, scans)
	o.rederiveRuns(`r.repo_id = $1 AND r.kind = 'dispatch'`, repo)
	o.rederiveVerifications(`repo_id = $1`, repo)
}

// redirect leads each public id that vanished to the issue that has the first of its findings left.
func redirect(tx *store.Tx, findings map[string][][2]int64, matches map[[2]int64]*telemetry.Issue) {
	valid := set[string]{}
	for _, issue := range matches {
		valid[issue.PublicID] = true
	}
	for public, list := range findings {
		for _, finding := range list {
			if now := matches[finding]; now != nil && !valid[public] {
				tx.Exec(`UPDATE redirects SET new_id = $2 WHERE new_id = $1`, public, now.PublicID)
				tx.Exec(`INSERT INTO redirects (old_id, new_id) VALUES ($1, $2) ON CONFLICT (old_id) DO UPDATE SET new_id = excluded.new_id`,
					public, now.PublicID)
				tx.Exec(`DELETE FROM redirects WHERE old_id = new_id`)
				break
			}
		}
	}
}

// loadScans parses all scans of a repository from their records, in order.
func (o *applied) loadScans(repo int64) []addedScan {
	var scans []addedScan
	for _, id := range store.All[int64](o.tx, `SELECT id FROM runs WHERE repo_id = $1 AND kind = 'scan' ORDER BY at, file, source`, repo) {
		rec := o.of(id)
		if rec == nil {
			return nil
		}
		scans = append(scans, addedScan{id, scanOf(o.records, id, o.name(id), rec)})
		o.attempts[id] = attemptsOf(o.records, rec)
	}
	return scans
}

// appearance is a finding of an issue; file and fingerprint are nil where they are as before.
type appearance struct {
	run               int64
	ord               int
	match             identity.Match
	line              int64
	file, fingerprint any
}

// apply applies scans, and returns the issue of each finding by run and place.
func (o *applied) apply(l *ledger, scans []addedScan) map[[2]int64]*telemetry.Issue {
	var touched, flipped []*telemetry.Issue
	seen := map[*telemetry.Issue]bool{}
	matches := map[[2]int64]*telemetry.Issue{}
	var appearances []appearance
	book := loadIntervals(o.tx, l.repo, l.Open)
	for _, s := range scans {
		before := spots(l.Open)
		out, err := l.Apply(s.scan)
		if err != nil {
			o.tx.Fail("fold a scan", err)
			return nil
		}
		book.note(s.scan, out)
		for ord, m := range out.Matches {
			a, open := appeared(s, ord, m, before)
			if !open && m.Basis != telemetry.BasisNew {
				flipped = append(flipped, m.Issue)
			}
			appearances = append(appearances, a)
			matches[[2]int64{s.id, int64(ord)}] = m.Issue
		}
		flipped = append(flipped, out.Closed...)
		for _, issue := range out.Touched {
			if !seen[issue] {
				seen[issue] = true
				touched = append(touched, issue)
			}
		}
		if s.scan.HasFindings {
			o.tx.Exec(`UPDATE runs SET reduced = $1, lost = $2, taken = $3, new_n = $4, gone_n = $5 WHERE id = $6`,
				store.Flag(out.Reduced), store.Words(out.Lost), store.Words(out.Taken), out.New+out.Reopened, len(out.Closed), s.id)
		}
	}
	book.retire(l.retired)
	o.moved.add(l.saveIssues(touched))
	book.save(o.tx, l.repo)
	for _, issue := range flipped {
		o.flipped[issue.StoreID] = true
	}
	o.saveAppearances(appearances)
	o.tx.Change("repos", l.fields())
	return matches
}

type spot struct{ file, fingerprint string }

func spots(issues []*telemetry.Issue) map[*telemetry.Issue]spot {
	out := make(map[*telemetry.Issue]spot, len(issues))
	for _, i := range issues {
		out[i] = spot{i.File, i.Fingerprint}
	}
	return out
}

// appeared is a finding as an appearance; open reports whether its issue was open before.
func appeared(s addedScan, ord int, m identity.Match, before map[*telemetry.Issue]spot) (a appearance, open bool) {
	f := &s.scan.Findings[ord]
	a = appearance{run: s.id, ord: ord, match: m, line: f.Line, file: f.File, fingerprint: f.Fingerprint}
	was, open := before[m.Issue]
	if open && was.file == f.File {
		a.file = nil
	}
	if open && was.fingerprint == f.Fingerprint {
		a.fingerprint = nil
	}
	return a, open
}

func (o *applied) saveAppearances(list []appearance) {
	rows := make([][]store.Field, len(list))
	for i, a := range list {
		rows[i] = []store.Field{
			store.Col("run_id BIGINT", a.run), store.Col("ord BIGINT", a.ord), store.Col("issue_id BIGINT", a.match.Issue.StoreID),
			store.Col("basis TEXT", a.match.Basis), store.Col("line BIGINT", a.line), store.Col("file TEXT", a.file),
			store.Col("fingerprint TEXT", a.fingerprint),
		}
		o.found[a.run] = append(o.found[a.run], a.match.Issue.StoreID)
	}
	o.tx.Put("appearances", "", rows...)
}

// rederiveAttempts marks later dispatches of the repository, and verifications that name the runs.
func (o *applied) rederiveAttempts(repo int64, scans []addedScan) {
	if len(scans) == 0 {
		return
	}
	runs := make([]int64, len(scans))
	for i, s := range scans {
		runs[i] = s.scan.Run
	}
	o.rederiveRuns(`r.repo_id = $1 AND r.kind = 'dispatch' AND r.at >= $2`, repo, store.Millis(scans[0].scan.At))
	o.rederiveVerifications(`source_run `+o.tx.In(1, "BIGINT"), store.JSON(runs))
}

func (o *applied) rederiveRuns(where string, args ...any) {
	rederiveAttempts(o.records, o.attempts, `SELECT r.id FROM runs r WHERE `+where, args...)
}

func (o *applied) rederiveVerifications(where string, args ...any) {
	o.verifications.add(rederiveAttempts(o.records, o.attempts, `SELECT id FROM verifications WHERE `+where, args...))
}

// rederiveAttempts reads the attempts of a query's records, and returns their ids.
func rederiveAttempts(r *records, attempts map[int64][]telemetry.Attempt, query string, args ...any) set[int64] {
	ids := set[int64]{}
	ids.addRows(r.tx, query, args...)
	for _, id := range sorted(ids) {
		if _, done := attempts[id]; done {
			continue
		}
		if rec := r.of(id); rec != nil {
			attempts[id] = attemptsOf(r, rec)
		}
	}
	return ids
}

// loadLedger returns a repository's fold without issues, and the place of its last scan.
func loadLedger(tx *store.Tx, repo int64) (*ledger, telemetry.ScanPosition) {
	l := &ledger{Ledger: &identity.Ledger{}, repo: repo, tx: tx, stored: map[*telemetry.Issue]issueLocation{}}
	var latest telemetry.ScanPosition
	fields := l.fields()
	tx.Row(`SELECT `+store.Names(fields)+`, name, latest_at, latest_file FROM repos WHERE id = $1`, repo).
		Scan(append(store.Pointers(fields), &l.Repo, &latest.At, &latest.File)...)
	l.retired = tx.Retired(repo)[repo]
	return l, latest
}

// fields are what is kept of a fold beside its issues.
func (l *ledger) fields() []store.Field {
	return []store.Field{
		store.Col("id BIGINT", &l.repo), store.Col("data_at BIGINT", &l.Latest.At), store.Col("data_file TEXT", &l.Latest.File),
		store.Col("data_run BIGINT", &l.Latest.Run), store.Col("data_reduced SMALLINT", &l.LatestReduced),
		store.Col("ref_at BIGINT", &l.Reference.At), store.Col("ref_file TEXT", &l.Reference.File),
		store.Col("ref_run BIGINT", &l.Reference.Run), store.Col("baseline BIGINT", &l.Baseline),
		store.Col("reduced_in_row BIGINT", &l.ReducedInRow), store.Col("saw_named SMALLINT", &l.SawNamed),
		store.Col("saw_without_findings SMALLINT", &l.SawWithoutFindings), store.Col("languages TEXT", store.MapOf(&l.Languages)),
		store.Col("lost TEXT", store.WordsOf(&l.LatestLost)),
	}
}
