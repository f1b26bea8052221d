package derive

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// recorded is what putRecords did.
type recorded struct {
	affected
	renamed  bool                          // targets or forks are named that were not, or are no longer
	scans    map[int64]*scanChanges        // by repository
	forks    map[int64]map[string]string   // by repository: names of forks by key that runs name
	changed  map[int64]int64               // repositories whose runs changed, and from when on
	attempts map[int64][]telemetry.Attempt // by record: what its sessions worked on
	former   []formerFinding               // of records that were dropped or rewritten
	pairs    map[namedPair]int64           // by how many the runs that name them became more
	*records
}

// scanChanges are what changed in a repository's scans.
type scanChanges struct {
	replay bool // not only by later scans
	added  []addedScan
}

type addedScan struct {
	id   int64
	scan identity.Scan
}

// formerFinding is a finding, by run and place, and the public id that its issue had.
type formerFinding struct {
	public  string
	finding [2]int64
}

// putRecords brings what is derived from each file alone up to date.
func putRecords(r *records, files map[int64]fileChange) recorded {
	out := recorded{
		affected: newAffected(), scans: map[int64]*scanChanges{}, forks: map[int64]map[string]string{}, changed: map[int64]int64{},
		attempts: map[int64][]telemetry.Attempt{}, pairs: map[namedPair]int64{}, records: r,
	}
	for _, id := range sorted(files) {
		if r.tx.Err() != nil {
			break
		}
		out.putRecord(id, files[id])
	}
	out.renamed = countNamed(r.tx, out.pairs)
	return out
}

func (o *recorded) putRecord(id int64, f fileChange) {
	var rec *telemetry.Record
	if f.live {
		if rec = o.of(id); rec == nil {
			return // the transaction has failed
		}
	}
	var run storedRun
	if !f.fresh {
		run = o.storedRun(id)
		o.dropVerification(id)
	}
	if run.repo != 0 {
		o.pairs[run.named]--
	}
	if rec != nil && rec.Kind != telemetry.KindVerification {
		o.pairs[pairOf(rec.Repo, rec.Fork)]++
	}
	switch {
	case rec == nil:
		o.dropRun(id, run)
	case rec.Kind == telemetry.KindVerification:
		o.dropRun(id, run)
		o.putVerification(id, rec)
	default:
		o.putRun(id, rec, run)
	}
}

// storedRun is a run's row as far as it is compared; repo is 0 for none.
type storedRun struct {
	repo   int64
	kind   telemetry.Kind
	at     int64
	digest string
	named  namedPair
}

func (o *recorded) storedRun(id int64) (s storedRun) {
	var target, fork string
	o.tx.Row(`SELECT repo_id, kind, at, digest, target_repo, fork_url FROM runs WHERE id = $1`, id).
		Scan(&s.repo, &s.kind, &s.at, &s.digest, &target, &fork)
	s.named = pairOf(telemetry.ParseRepo(target), telemetry.ParseRepo(fork))
	return s
}

// digest is equal for two versions of a record from which the same issues follow.
func digest(rec *telemetry.Record) string {
	h := sha256.New()
	parts := []any{rec.Kind, store.Millis(rec.Timestamp), rec.RunNumber, rec.HasFindings(), rec.Findings}
	_ = json.NewEncoder(h).Encode(parts) // a hash takes every write
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (o *recorded) putRun(id int64, rec *telemetry.Record, old storedRun) {
	repo, sum, name := o.repoID(rec), digest(rec), o.name(id)
	known := old.repo != 0
	same := known && old.repo == repo && old.kind == rec.Kind && old.digest == sum
	switch {
	case same:
		o.dropMentions(id)
	case known:
		o.dropRun(id, old)
	}
	o.runsChanged(repo, store.Millis(rec.Timestamp))
	o.tx.Put("runs", "id", runFields(id, repo, o.repoOf(rec.Repo).Key(), name, rec, sum))
	o.nameFork(repo, rec.Fork, known)
	o.nameFork(repo, rec.Repo, false)
	o.putMentions(id, rec)
	o.attempts[id] = attemptsOf(o.records, rec)
	if !same && rec.Kind == telemetry.KindScan {
		s := o.scansOf(repo)
		s.replay = s.replay || known && old.repo != repo // ids of issues that it named lead to those that they are now
		s.added = append(s.added, addedScan{id, scanOf(o.records, id, name, rec)})
	}
}

// runsChanged marks a repository whose runs changed from a time on.
func (o *recorded) runsChanged(repo, at int64) {
	o.repos[repo] = true
	if since, already := o.changed[repo]; !already || at < since {
		o.changed[repo] = at
	}
}

// runFields are a run's row. What its findings say of others follows when they are applied.
func runFields(id, repo int64, key string, name fileName, rec *telemetry.Record, digest string) []store.Field {
	created := 0
	for _, s := range rec.Sessions {
		if telemetry.SessionKey(s.ID) != "" {
			created++
		}
	}
	return []store.Field{
		store.Col("id BIGINT", id), store.Fixed("repo_id BIGINT", repo), store.Fixed("source TEXT", name.source),
		store.Fixed("file TEXT", name.file), store.Fixed("kind TEXT", rec.Kind),
		store.Fixed("run_number BIGINT", rec.RunNumber), store.Col("run_id TEXT", rec.RunID),
		store.Col("run_url TEXT", rec.RunURL), store.Col("run_label TEXT", rec.RunLabel),
		store.Fixed("at BIGINT", store.Millis(rec.Timestamp)), store.Col("at_text TEXT", rec.TimestampText),
		store.Col("target_repo TEXT", rec.TargetRepo), store.Col("fork_url TEXT", rec.ForkURL),
		store.Col("issues_found BIGINT", rec.IssuesFound), store.Col("batches BIGINT", rec.BatchesCreated),
		store.Col("sessions BIGINT", created), store.Col("severity TEXT", store.JSON(rec.Severity)),
		store.Col("category TEXT", store.JSON(rec.Category)), store.Fixed("has_findings SMALLINT", rec.HasFindings()),
		store.Fixed("digest TEXT", digest), store.Col("item BLOB", rec.Item), store.Fixed("repo_key TEXT", key),
		store.Fixed("reduced SMALLINT", 0), store.Fixed("new_n BIGINT", -1), store.Fixed("gone_n BIGINT", -1),
	}
}

func (o *recorded) scansOf(repo int64) *scanChanges {
	if o.scans[repo] == nil {
		o.scans[repo] = &scanChanges{}
	}
	o.repos[repo] = true
	return o.scans[repo]
}

// scanOf is the record of a scan as it is applied.
func scanOf(r *records, id int64, name fileName, rec *telemetry.Record) identity.Scan {
	return identity.Scan{
		ScanPosition: telemetry.ScanPosition{At: telemetry.At(rec.Timestamp), File: name.file, Run: rec.RunNumber},
		Findings:     rec.Findings,
		HasFindings:  rec.HasFindings(),
		Accepted:     r.accepted(name),
		Taken:        r.taken(id),
	}
}

// dropRun takes a run out of everything that was derived from it.
func (o *recorded) dropRun(id int64, old storedRun) {
	if old.repo == 0 {
		return
	}
	o.runsChanged(old.repo, old.at)
	if old.kind == telemetry.KindScan {
		o.scansOf(old.repo).replay = true
	}
	o.nameFork(old.repo, "", true)
	o.dropMentions(id)
	o.attempts[id] = nil
	o.tx.Each(`SELECT i.public_id, a.ord FROM appearances a JOIN issues i ON i.id = a.issue_id WHERE a.run_id = $1 ORDER BY a.ord`,
		[]any{id}, func(r *store.Row) {
			f := formerFinding{finding: [2]int64{id, 0}}
			r.Scan(&f.public, &f.finding[1])
			o.former = append(o.former, f)
		})
	o.tx.Exec(`DELETE FROM appearances WHERE run_id = $1`, id)
	o.tx.Exec(`DELETE FROM runs WHERE id = $1`, id)
}
