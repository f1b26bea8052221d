package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/telemetry"
)

// derivation collects what a transaction changed and, in finish, brings
// everything derived from it up to date, each repository once.
type derivation struct {
	tx       *Tx
	lastFile int64
	names    map[int64]fileName               // by file id
	fresh    map[int64]bool                   // ids of files that nothing was derived from before
	filled   map[string]bool                  // what holds found out
	repoIDs  map[string]int64                 // by key
	parsed   map[int64]*telemetry.Record      // by file id: parsed in this transaction
	indexes  map[int64]*identity.FindingIndex // by scan: of what was parsed
	bodies   map[int64][]byte
	changed  map[int64]bool // by file id: is it in force now

	folds    map[int64]*fold             // by repository id
	repos    map[int64]bool              // whose figures may have changed
	forks    map[int64]map[string]string // by repository id: names of forks by key that runs put here name
	rehomed  map[int64]bool              // repositories a run of which may no longer name its fork
	deltas   map[int64]*runSums          // by repository id: what was added to its sums over runs
	sessions map[string]bool             // bare ids whose rows may have changed
	linked   map[string]bool             // bare ids of which more or less is known that links them
	pulls    map[string]bool             // keys of pull requests to link and settle
	takes    map[int64][]telemetry.Take  // by record: what its sessions took, to be stored
	former   []formerFinding             // of the records that were dropped or rewritten
	places   map[int64][]int64           // by run folded here: the issue of each finding
	issues   map[int64]bool              // whose attempts may have changed
	flipped  map[int64]bool              // issues that were opened or closed
	claims   map[int64]bool              // verifications to judge anew
	groups   map[string]bool             // sessions whose latest verification may be another

	stored map[*telemetry.Issue]issuePlace // issues that were loaded: where their rows have them
}

// refold has a repository's issues counted again though no run changed.
func (d *derivation) refold(repo int64) {
	d.foldOf(repo).replay = true
	if d.deltas[repo] == nil {
		d.deltas[repo] = &runSums{severity: map[string]int64{}, category: map[string]int64{}}
	}
}

// formerFinding is a finding, by run and place, and the public id of the
// issue that it was.
type formerFinding struct {
	public  string
	finding [2]int64
}

// fold is what changed in a repository's scans.
type fold struct {
	replay bool
	added  []addedScan
}

type addedScan struct {
	id   int64
	scan identity.Scan
}

func newDerivation(tx *Tx) *derivation {
	return &derivation{
		tx:       tx,
		names:    map[int64]fileName{},
		fresh:    map[int64]bool{},
		filled:   map[string]bool{},
		repoIDs:  map[string]int64{},
		parsed:   map[int64]*telemetry.Record{},
		indexes:  map[int64]*identity.FindingIndex{},
		bodies:   map[int64][]byte{},
		changed:  map[int64]bool{},
		folds:    map[int64]*fold{},
		repos:    map[int64]bool{},
		forks:    map[int64]map[string]string{},
		rehomed:  map[int64]bool{},
		deltas:   map[int64]*runSums{},
		sessions: map[string]bool{},
		linked:   map[string]bool{},
		pulls:    map[string]bool{},
		takes:    map[int64][]telemetry.Take{},
		places:   map[int64][]int64{},
		issues:   map[int64]bool{},
		flipped:  map[int64]bool{},
		claims:   map[int64]bool{},
		groups:   map[string]bool{},
		stored:   map[*telemetry.Issue]issuePlace{},
	}
}

// finish derives in the order of dependence: runs, issues, repositories,
// what sessions took, links, sessions, verdicts, figures.
func (d *derivation) finish() {
	for _, id := range slices.Sorted(maps.Keys(d.changed)) {
		if d.tx.err != nil {
			return
		}
		d.putRecord(id)
	}
	for _, repo := range slices.Sorted(maps.Keys(d.folds)) {
		d.foldRepo(repo, d.folds[repo])
	}
	for _, repo := range slices.Sorted(maps.Keys(d.repos)) {
		d.describeRepo(repo)
	}
	d.deriveAttempts()
	d.link()
	d.deriveSessions()
	d.countAttempts()
	d.judge()
	for _, repo := range slices.Sorted(maps.Keys(d.repos)) {
		d.countRepo(repo)
	}
}

// putRecord brings what is derived from one file alone up to date.
func (d *derivation) putRecord(id int64) {
	if !d.changed[id] {
		d.dropRun(id)
		d.dropVerification(id)
		return
	}
	rec := d.record(id)
	switch {
	case rec == nil:
	case rec.Kind == telemetry.KindVerification:
		d.dropRun(id)
		d.dropVerification(id)
		d.putVerification(id, rec)
	default:
		d.dropVerification(id)
		d.putRun(id, rec)
	}
}

func (d *derivation) foldOf(repo int64) *fold {
	if d.folds[repo] == nil {
		d.folds[repo] = &fold{}
	}
	d.repos[repo] = true
	return d.folds[repo]
}

// storedRun is a run's row as far as the derivation compares it.
type storedRun struct {
	repo               int64
	kind               telemetry.Kind
	digest             string
	found              int64
	severity, category string
}

func (d *derivation) storedRun(id int64) (storedRun, bool) {
	var s storedRun
	if d.fresh[id] {
		return s, false
	}
	r := d.tx.Row(`SELECT repo_id, kind, digest, issues_found, severity, category FROM runs WHERE id = $1`, id)
	r.Scan(&s.repo, &s.kind, &s.digest, &s.found, &s.severity, &s.category)
	return s, r.found
}

// digest is equal for two versions of a record from which the same issues
// follow.
func digest(rec *telemetry.Record) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode([]any{rec.Repo.Key(), rec.Kind, ms(rec.Timestamp), rec.RunNumber, rec.HasFindings(), rec.Findings}) // a hash takes every write
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (d *derivation) putRun(id int64, rec *telemetry.Record) {
	tx := d.tx
	old, known := d.storedRun(id)
	knew := known
	repo := d.repoID(rec)
	sum := digest(rec)
	name := d.nameOf(id)
	if known && (old.repo != repo || old.kind != rec.Kind || old.digest != sum) {
		d.dropRun(id)
		known = false
	}
	if known {
		d.addRun(repo, -1, old.kind, old.found, fromJSON[map[string]int64](tx, old.severity), fromJSON[map[string]int64](tx, old.category))
	}
	d.addRun(repo, 1, rec.Kind, rec.IssuesFound, rec.Severity, rec.Category)
	created := int64(0)
	for _, s := range rec.Sessions {
		if telemetry.BareID(s.ID) != "" {
			created++
		}
	}
	tx.exec(`INSERT INTO runs (id, repo_id, source, file, kind, run_number, run_id, run_url, run_label, at, at_text, target_repo, fork_url,
			issues_found, batches, sessions, severity, category, has_findings, digest, item, repo_key, reduced, new_n, gone_n)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, 0, -1, -1)
		ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, run_url = excluded.run_url, run_label = excluded.run_label, at_text = excluded.at_text,
			target_repo = excluded.target_repo, fork_url = excluded.fork_url, issues_found = excluded.issues_found, batches = excluded.batches,
			sessions = excluded.sessions, severity = excluded.severity, category = excluded.category, item = excluded.item`,
		id, repo, name.source, name.file, string(rec.Kind), rec.RunNumber, rec.RunID, rec.RunURL, rec.RunLabel, ms(rec.Timestamp), rec.TimestampText, rec.TargetRepo, rec.ForkURL,
		rec.IssuesFound, rec.BatchesCreated, created, JSON(rec.Severity), JSON(rec.Category), flag(rec.HasFindings()), sum, rec.Item, rec.Repo.Key())
	if knew {
		d.dropMentions(id)
	}
	d.nameFork(repo, rec.Fork, knew)
	d.putMentions(id, rec)
	d.takes[id] = rec.Takes()
	if known || rec.Kind != telemetry.KindScan {
		return
	}
	f := d.foldOf(repo)
	f.added = append(f.added, addedScan{id: id, scan: identity.Scan{
		Place:       telemetry.Place{At: telemetry.At(rec.Timestamp), File: name.file, Run: rec.RunNumber},
		Findings:    rec.Findings,
		HasFindings: rec.HasFindings(),
		Accepted:    d.accepted(name),
	}})
}

// accepted tells whether a person accepted a scan. What was said of the copy
// in RUNS_DIR holds for the action repository's file too.
func (d *derivation) accepted(name fileName) bool {
	var at int64
	return d.holds("accepted") && d.tx.Row(`SELECT at FROM accepted WHERE file = $2 AND source IN ($1, '') LIMIT 1`, name.source, name.file).Scan(&at).found
}

// dropRun takes a run out of everything that was derived from it.
func (d *derivation) dropRun(id int64) {
	old, known := d.storedRun(id)
	if !known {
		return
	}
	d.addRun(old.repo, -1, old.kind, old.found, fromJSON[map[string]int64](d.tx, old.severity), fromJSON[map[string]int64](d.tx, old.category))
	if old.kind == telemetry.KindScan {
		d.foldOf(old.repo).replay = true
	}
	d.nameFork(old.repo, "", true)
	d.dropMentions(id)
	d.takes[id] = nil
	d.tx.Each(`SELECT i.public_id, a.ord FROM appearances a JOIN issues i ON i.id = a.issue_id WHERE a.run_id = $1 ORDER BY a.ord`, []any{id}, func(r *Row) {
		f := formerFinding{finding: [2]int64{id, 0}}
		r.Scan(&f.public, &f.finding[1])
		d.former = append(d.former, f)
	})
	d.tx.exec(`DELETE FROM appearances WHERE run_id = $1`, id)
	d.tx.exec(`DELETE FROM runs WHERE id = $1`, id)
}

func (d *derivation) dropMentions(run int64) {
	d.tx.Each(`SELECT session FROM mentions WHERE run_id = $1 AND session <> ''`, []any{run}, func(r *Row) {
		var session string
		r.Scan(&session)
		d.sessions[session], d.linked[session] = true, true
	})
	d.tx.Each(`SELECT pull_key FROM mentions WHERE run_id = $1 AND pull_key <> ''`, []any{run}, func(r *Row) {
		var key string
		r.Scan(&key)
		d.pulls[key] = true
	})
	d.tx.exec(`DELETE FROM mentions WHERE run_id = $1`, run)
	d.tx.exec(`DELETE FROM mention_ids WHERE run_id = $1`, run)
	d.tx.exec(`DELETE FROM sessions WHERE run_ref = $1 AND id = ''`, run)
	if d.tx.affected > 0 {
		d.tx.touch(telemetry.TopicSessions)
	}
}

// putMentions writes the sessions that a record names; what an older version
// of it named is gone already.
func (d *derivation) putMentions(run int64, rec *telemetry.Record) {
	if len(rec.Sessions) == 0 {
		return
	}
	families := map[string]string{}
	for _, f := range rec.Findings {
		if f.IssueID != "" {
			families[f.IssueID] = f.Family
		}
	}
	rows, never := make([][]any, 0, len(rec.Sessions)), false
	named := map[[2]string]bool{}
	for i, s := range rec.Sessions {
		bare := telemetry.BareID(s.ID)
		key := ""
		if bare != "" {
			d.sessions[bare], d.linked[bare] = true, true
			if !rec.PRFilled(i) { // what backfill filled from a link is no new ground for that link
				key = d.ensurePull(s.PRURL)
			}
			for _, id := range s.IssueIDs {
				if id = telemetry.IssueKey(id); id != "" {
					named[[2]string{id, bare}] = true
				}
			}
		}
		never = never || bare == ""
		state, _ := telemetry.StateOf(bare, telemetry.Word{Status: s.Status}, telemetry.PRSummary{})
		rows = append(rows, []any{run, i, bare, s.ID, s.URL, s.BatchID, s.Status, JSON(s.IssueIDs), familyOf(s.IssueIDs, families), s.PRURL, key, string(state), ms(rec.Timestamp)})
	}
	d.tx.bulk("mentions", []string{"run_id BIGINT", "ord BIGINT", "session TEXT", "shown_id TEXT", "url TEXT", "batch_id BIGINT", "status TEXT", "issue_ids TEXT", "family TEXT", "pr_url TEXT", "pull_key TEXT", "state TEXT", "at BIGINT"}, rows, "")
	ids := make([][]any, 0, len(named))
	for n := range named {
		ids = append(ids, []any{n[0], run, n[1]})
	}
	d.tx.bulk("mention_ids", []string{"issue_id TEXT", "run_id BIGINT", "session TEXT"}, ids, "")
	if never {
		d.startNever(run)
	}
}

// familyOf is the CWE family that all of the issues share, "" if they do not
// or their record does not name them.
func familyOf(ids []string, families map[string]string) string {
	family := ""
	for i, id := range ids {
		f := families[id]
		if f == "" || (i > 0 && f != family) {
			return ""
		}
		family = f
	}
	return family
}

// repoID returns the id of the record's repository; a new one gets a row.
func (d *derivation) repoID(rec *telemetry.Record) int64 {
	tx, key := d.tx, rec.Repo.Key()
	id := d.repoIDs[key]
	if id != 0 || tx.Row(`SELECT id FROM repos WHERE key = $1`, key).Scan(&id).found {
		d.repoIDs[key] = id
		return id
	}
	tx.Row(`SELECT COALESCE(MAX(id), 0) + 1 FROM repos`).Scan(&id)
	tx.exec(`INSERT INTO repos (id, key, name, target_repo, fork_url, fork, fork_key, runs, scans, dispatches, issues_found, last_run,
			sessions_created, sessions_finished, sessions_active, sessions_waiting, sessions_with_pr, never_started,
			prs_total, prs_open, prs_closed, prs_merged, prs_unknown, severity_sum, category_sum, open, open_severity, open_category, critical_high,
			listed, unnamed, latest_at, latest_file, latest_run, data_at, data_file, data_run, data_reduced, ref_at, ref_file, ref_run, baseline, reduced_in_row, saw_named, saw_unnamed)
		VALUES ($1, $2, $3, $4, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}', '{}', 0, '{}', '{}', 0, 0, 0, 0, '', 0, 0, '', 0, 0, 0, '', 0, 0, 0, 0, 0)`,
		id, key, string(rec.Repo), rec.TargetRepo)
	return id
}

// describeRepo writes a repository's names as its newest run has them, or
// removes it with its last run.
func (d *derivation) describeRepo(id int64) {
	tx := d.tx
	var target, fork, oldName, oldTarget, oldFork string
	tx.Row(`SELECT name, target_repo, fork_url FROM repos WHERE id = $1`, id).Scan(&oldName, &oldTarget, &oldFork)
	newest := tx.Row(`SELECT target_repo FROM runs WHERE repo_id = $1 ORDER BY at DESC, file DESC, source DESC LIMIT 1`, id).Scan(&target)
	if tx.err == nil && !newest.found {
		tx.exec(`DELETE FROM issues WHERE repo_id = $1`, id)
		d.dropLives(id)
		d.saveTally(id, nil)
		tx.exec(`DELETE FROM repos WHERE id = $1`, id)
		d.settleHomes(id, "")
		return
	}
	tx.Row(`SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> '' ORDER BY at DESC, file DESC, source DESC LIMIT 1`, id).Scan(&fork)
	name, forkName := telemetry.ParseRepo(target), telemetry.ParseRepo(fork)
	d.settleHomes(id, name)
	if target == oldTarget && fork == oldFork && string(name) == oldName {
		return
	}
	tx.exec(`UPDATE repos SET name = $1, target_repo = $2, fork_url = $3, fork = $4, fork_key = $5 WHERE id = $6`, string(name), target, fork, string(forkName), cmp.Or(forkName.Key(), name.Key()), id)
}

// Findings are the findings of a stored run.
func (tx *Tx) Findings(run int64) []telemetry.Finding {
	rec := newDerivation(tx).record(run)
	if rec == nil {
		return nil
	}
	return rec.Findings
}
