package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// derivation collects what a transaction changed and, in finish, brings
// everything derived from it up to date, each repository once.
type derivation struct {
	tx       *Tx
	lastFile int64
	parsed   map[int64]*telemetry.Record // by file id: parsed in this transaction
	bodies   map[int64][]byte
	changed  map[int64]bool // by file id: is it in force now

	folds    map[int64]*fold // by repository id
	repos    map[int64]bool  // whose figures and links may have changed
	sessions map[string]bool // bare ids whose rows may have changed
	loose    map[string]bool // keys of pull requests to settle, whichever repository they are of
}

// fold is what changed in a repository's scans.
type fold struct {
	replay bool
	added  []addedScan
}

type addedScan struct {
	id   int64
	scan telemetry.Scan
}

func newDerivation(tx *Tx) *derivation {
	return &derivation{tx: tx, parsed: map[int64]*telemetry.Record{}, bodies: map[int64][]byte{}, changed: map[int64]bool{},
		folds: map[int64]*fold{}, repos: map[int64]bool{}, sessions: map[string]bool{}, loose: map[string]bool{}}
}

func (d *derivation) finish() {
	for _, id := range slices.Sorted(maps.Keys(d.changed)) {
		if d.tx.err != nil {
			return
		}
		if !d.changed[id] {
			d.dropRun(id)
			d.dropVerification(id)
			continue
		}
		rec := d.record(id)
		switch {
		case rec == nil:
		case rec.Kind == telemetry.KindVerification:
			d.dropRun(id)
			d.putVerification(id, rec)
		default:
			d.dropVerification(id)
			d.putRun(id, rec)
		}
	}
	for _, repo := range slices.Sorted(maps.Keys(d.folds)) {
		d.foldRepo(repo, d.folds[repo])
	}
	for _, repo := range slices.Sorted(maps.Keys(d.repos)) {
		d.describeRepo(repo)
	}
	for _, repo := range slices.Sorted(maps.Keys(d.repos)) {
		d.linkRepo(repo)
	}
	d.settlePulls(slices.Sorted(maps.Keys(d.loose)))
	d.deriveSessions()
	for _, repo := range slices.Sorted(maps.Keys(d.repos)) {
		d.countRepo(repo)
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
	repo   int64
	kind   telemetry.Kind
	digest string
}

func (d *derivation) storedRun(id int64) (storedRun, bool) {
	var s storedRun
	r := d.tx.row(`SELECT repo_id, kind, digest FROM runs WHERE id = $1`, id)
	r.scan(&s.repo, &s.kind, &s.digest)
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
	repo := d.repoID(rec)
	sum := digest(rec)
	var source, file string
	tx.row(`SELECT source, file FROM files WHERE id = $1`, id).scan(&source, &file)
	if known && (old.repo != repo || old.kind != rec.Kind || old.digest != sum) {
		d.dropRun(id)
		known = false
	}
	created := int64(0)
	for _, s := range rec.Sessions {
		if telemetry.BareID(s.ID) != "" {
			created++
		}
	}
	tx.exec(`INSERT INTO runs (id, repo_id, source, file, kind, run_number, run_id, run_url, run_label, at, at_text, target_repo, fork_url,
			issues_found, batches, sessions, severity, category, has_findings, digest, item, reduced, new_n, gone_n)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 0, -1, -1)
		ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, run_url = excluded.run_url, run_label = excluded.run_label, at_text = excluded.at_text,
			target_repo = excluded.target_repo, fork_url = excluded.fork_url, issues_found = excluded.issues_found, batches = excluded.batches,
			sessions = excluded.sessions, severity = excluded.severity, category = excluded.category, item = excluded.item`,
		id, repo, source, file, string(rec.Kind), rec.RunNumber, rec.RunID, rec.RunURL, rec.RunLabel, ms(rec.Timestamp), rec.TimestampText, rec.TargetRepo, rec.ForkURL,
		rec.IssuesFound, rec.BatchesCreated, created, jsonText(rec.Severity), jsonText(rec.Category), flag(rec.HasFindings()), sum, rec.Item)
	d.repos[repo] = true
	d.putMentions(id, rec)
	if known || rec.Kind != telemetry.KindScan {
		return
	}
	f := d.foldOf(repo)
	f.added = append(f.added, addedScan{id: id, scan: telemetry.Scan{
		Place: telemetry.Place{At: rec.Timestamp, File: file, Run: rec.RunNumber}, Findings: rec.Findings, HasFindings: rec.HasFindings(), Accepted: d.accepted(source, file)}})
}

func (d *derivation) accepted(source, file string) bool {
	var at int64
	r := d.tx.row(`SELECT at FROM accepted WHERE source = $1 AND file = $2`, source, file)
	return r.scan(&at).found
}

// dropRun takes a run out of everything that was derived from it.
func (d *derivation) dropRun(id int64) {
	old, known := d.storedRun(id)
	if !known {
		return
	}
	d.repos[old.repo] = true
	if old.kind == telemetry.KindScan {
		d.foldOf(old.repo).replay = true
	}
	d.dropMentions(id)
	d.tx.exec(`DELETE FROM appearances WHERE run_id = $1`, id)
	d.tx.exec(`DELETE FROM runs WHERE id = $1`, id)
}

func (d *derivation) dropMentions(run int64) {
	d.tx.each(`SELECT session FROM mentions WHERE run_id = $1 AND session <> ''`, []any{run}, func(r *row) {
		var session string
		r.scan(&session)
		d.sessions[session] = true
	})
	d.tx.exec(`DELETE FROM mentions WHERE run_id = $1`, run)
	d.tx.exec(`DELETE FROM sessions WHERE run_ref = $1 AND id = ''`, run)
	if d.tx.affected > 0 {
		d.tx.touch(telemetry.TopicSessions)
	}
}

// putMentions writes the sessions that a record names.
func (d *derivation) putMentions(run int64, rec *telemetry.Record) {
	d.dropMentions(run)
	families := map[string]string{}
	for _, f := range rec.Findings {
		if f.IssueID != "" {
			families[f.IssueID] = f.Family
		}
	}
	rows := make([][]any, 0, len(rec.Sessions))
	for i, s := range rec.Sessions {
		bare := telemetry.BareID(s.ID)
		if bare != "" {
			d.sessions[bare] = true
		}
		rows = append(rows, []any{run, i, bare, s.ID, s.URL, s.BatchID, s.Status, jsonText(s.IssueIDs), familyOf(s.IssueIDs, families), s.PRURL})
	}
	d.tx.bulk("mentions", []string{"run_id BIGINT", "ord BIGINT", "session TEXT", "shown_id TEXT", "url TEXT", "batch_id BIGINT", "status TEXT", "issue_ids TEXT", "family TEXT", "pr_url TEXT"}, rows, "")
	d.startNever(run)
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

func (d *derivation) putVerification(id int64, rec *telemetry.Record) {
	tx, v := d.tx, rec.Verification
	d.dropVerification(id)
	ref := telemetry.ParsePull(v.PRURL)
	key, repo := "", ""
	if ref.Number > 0 {
		key, repo = ref.Key(), ref.Repo.Key()
	}
	var file string
	tx.row(`SELECT file FROM files WHERE id = $1`, id).scan(&file)
	tx.exec(`INSERT INTO verifications (id, session, pull_key, pull_repo, pr_number, pr_url, pr_title, source_run, family, at, file, targeted, fixed, remaining)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		id, v.SessionID, key, repo, v.PRNumber, v.PRURL, v.PRTitle, v.SourceRun, v.Family, ms(rec.Timestamp), file, v.TotalTargeted, v.FixedCount, v.Remaining)
	d.concernVerification(v.SessionID, ref)
}

func (d *derivation) dropVerification(id int64) {
	var session, url string
	if d.tx.row(`SELECT session, pr_url FROM verifications WHERE id = $1`, id).scan(&session, &url).found {
		d.tx.exec(`DELETE FROM verifications WHERE id = $1`, id)
		d.concernVerification(session, telemetry.ParsePull(url))
	}
}

// concernVerification marks what a verification's change can change: the
// repositories of its session and of its pull request.
func (d *derivation) concernVerification(session string, ref telemetry.PullRef) {
	if session != "" {
		d.sessions[session] = true
	}
	d.concernRepos(`SELECT r.repo_id FROM mentions m JOIN runs r ON r.id = m.run_id WHERE m.session = $1`, session)
	d.concernRepos(`SELECT id FROM repos WHERE key = $1 OR fork_key = $1`, ref.Repo.Key())
	if ref.Number > 0 {
		d.ensurePull(ref)
	}
}

func (d *derivation) concernRepos(query string, arg any) {
	d.tx.each(query, []any{arg}, func(r *row) {
		var id int64
		r.scan(&id)
		d.repos[id] = true
	})
}

// repoID returns the id of the record's repository; a new one gets a row.
func (d *derivation) repoID(rec *telemetry.Record) int64 {
	tx, key := d.tx, rec.Repo.Key()
	var id int64
	if tx.row(`SELECT id FROM repos WHERE key = $1`, key).scan(&id).found {
		return id
	}
	tx.row(`SELECT COALESCE(MAX(id), 0) + 1 FROM repos`).scan(&id)
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
	var target, fork string
	newest := tx.row(`SELECT target_repo FROM runs WHERE repo_id = $1 ORDER BY at DESC, file DESC LIMIT 1`, id).scan(&target)
	if tx.err == nil && !newest.found {
		tx.exec(`DELETE FROM issues WHERE repo_id = $1`, id)
		tx.exec(`DELETE FROM repos WHERE id = $1`, id)
		return
	}
	tx.row(`SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> '' ORDER BY at DESC, file DESC LIMIT 1`, id).scan(&fork)
	name, forkName := telemetry.ParseRepo(target), telemetry.ParseRepo(fork)
	tx.exec(`UPDATE repos SET name = $1, target_repo = $2, fork_url = $3, fork = $4, fork_key = $5 WHERE id = $6`,
		string(name), target, fork, string(forkName), cmp.Or(forkName.Key(), name.Key()), id)
}
