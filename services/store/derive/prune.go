package derive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

const (
	// A transaction prunes at most so many files, and about so many bytes of
	// them: others wait for it some hundredths of a second.
	pruneFiles = 100
	pruneBytes = 8 << 20
	// pruneRaise is the least distance at which a prune has pages ask again.
	pruneRaise = 30 * time.Second
)

// pruning is a prune under way.
type pruning struct {
	done   telemetry.Pruned
	raised time.Time // when the topic was raised last
	owed   bool      // something was pruned since
}

// raise has pages ask again for what a batch took, unless they did lately.
func (p *pruning) raise(tx *store.Tx) {
	if p.owed = tx.Now().Sub(p.raised) < pruneRaise; !p.owed {
		tx.Touch(telemetry.TopicRecords)
		p.raised = tx.Now()
	}
}

// pruneTo is how far a prune has come.
type pruneTo struct{ at, id int64 }

// Prune takes from the records of runs before a time what nothing follows from,
// and from their logs the texts alone. It tells advance after each batch what
// it has pruned so far; an interrupted one continues with what is left. A
// record counts by its own time, as it is listed, and a log by the newest run
// that has it. What did not parse stays: nobody knows its time, and a later
// program may read it. Pages ask again at the begin and the end, and between at
// some distance.
func (w *Writer) Prune(ctx context.Context, before time.Time, advance func(telemetry.Pruned)) (telemetry.Pruned, error) {
	p := &pruning{done: telemetry.Pruned{Errors: []string{}}}
	err := w.prune(ctx, before, p, advance)
	if p.owed {
		err = errors.Join(err, w.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
			tx.Touch(telemetry.TopicRecords)
			return tx.Err()
		}))
	}
	return p.done, err
}

func (w *Writer) prune(ctx context.Context, before time.Time, p *pruning, advance func(telemetry.Pruned)) error {
	for from, more := (pruneTo{}), true; more; {
		var files []pruneFile
		err := w.Read(ctx, func(tx *store.Tx) error {
			files, from, more = filesToPrune(tx, before, from)
			return tx.Err()
		})
		if err == nil {
			err = w.pruneFiles(ctx, files, p)
		}
		if err != nil {
			return err
		}
		advance(p.done)
	}
	logs, err := w.logsToPrune(ctx, before)
	if err != nil {
		return err
	}
	for len(logs) > 0 {
		var batch []pruneLog
		err := w.Read(ctx, func(tx *store.Tx) error {
			batch = readLogs(tx, logs)
			return tx.Err()
		})
		if err == nil {
			err = w.pruneLogs(ctx, batch, p)
		}
		if err != nil {
			return err
		}
		logs = logs[len(batch):]
		advance(p.done)
	}
	return nil
}

// pruneFile is a run file that is to be pruned.
type pruneFile struct {
	pruneTo
	name, sha string
	body      []byte
}

// filesToPrune reads the next files, and how far they go.
func filesToPrune(tx *store.Tx, before time.Time, from pruneTo) (files []pruneFile, to pruneTo, more bool) {
	sizes := []int64{}
	next := store.Rows(tx, `SELECT id, at, file, sha, LENGTH(body) FROM files
		WHERE pruned_at = 0 AND body IS NOT NULL AND at < $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4`,
		[]any{store.Millis(before), from.at, from.id, pruneFiles}, func(f *pruneFile) []any {
			sizes = append(sizes, 0)
			return []any{&f.id, &f.at, &f.name, &f.sha, &sizes[len(sizes)-1]}
		})
	bytes := int64(0)
	for i := range next {
		if bytes += sizes[i]; i > 0 && bytes > pruneBytes {
			return next[:i], to, true
		}
		f := &next[i]
		tx.Row(`SELECT body FROM files WHERE id = $1`, f.id).Scan(&f.body)
		to = f.pruneTo
	}
	return next, to, len(next) == pruneFiles
}

// pruneFiles puts the compact form in the place of bodies. One that has changed
// since it was read stays until the next prune.
func (w *Writer) pruneFiles(ctx context.Context, files []pruneFile, p *pruning) error {
	packed := map[int64][]byte{}
	for _, f := range files {
		compact, err := telemetry.CompactRecord(f.body)
		if err != nil {
			p.done.Errors = append(p.done.Errors, fmt.Sprintf("%s: %v. It is kept as it is.", f.name, err))
			continue
		}
		packed[f.id] = store.Pack(compact)
	}
	if len(packed) == 0 {
		return nil
	}
	now := *p
	err := w.Write(ctx, func(tx *store.Tx) error {
		now = *p
		r := newRecords(tx)
		for _, f := range files {
			body := packed[f.id]
			if body == nil || tx.Exec(`UPDATE files SET body = $1, pruned_at = $2 WHERE id = $3 AND sha = $4 AND pruned_at = 0`,
				body, store.Millis(tx.Now()), f.id, f.sha) == 0 {
				continue
			}
			r.rewriteItem(f.id)
			now.done.Records++
			now.done.Bytes += int64(len(f.body) - len(body))
		}
		if now.done.Records > p.done.Records {
			now.raise(tx)
		}
		return tx.Err()
	})
	if err == nil {
		*p = now
	}
	return err
}

// rewriteItem makes what clients get of a run anew, where that is not the file itself.
func (r *records) rewriteItem(id int64) {
	if !r.tx.Has(`SELECT 1 FROM runs WHERE id = $1 AND item IS NOT NULL`, id) {
		return
	}
	if rec := r.of(id); rec != nil {
		r.tx.Exec(`UPDATE runs SET item = $1 WHERE id = $2`, rec.Item, id)
	}
}

// logsToPrune are the logs of which every run is older, or without a run those
// that were fetched before.
func (w *Writer) logsToPrune(ctx context.Context, before time.Time) ([]int64, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) []int64 {
		return store.All[int64](tx, `SELECT l.id FROM run_logs l LEFT JOIN (
				SELECT repo_key, run_label, MAX(at) AS at FROM runs WHERE run_label <> '' GROUP BY repo_key, run_label
			) r ON r.repo_key = l.repo_key AND r.run_label = l.label
			WHERE l.state = $1 AND l.pruned_at = 0 AND COALESCE(r.at, l.fetched_at) < $2 ORDER BY l.id`,
			string(telemetry.LogFound), store.Millis(before))
	})
}

// pruneLog is a log that is to be pruned.
type pruneLog struct {
	id, fetched int64
	label       string
	files       []telemetry.LogFile
}

// readLogs reads the first of some logs, at least one.
func readLogs(tx *store.Tx, ids []int64) (logs []pruneLog) {
	bytes := int64(0)
	for _, id := range ids[:min(len(ids), pruneFiles)] {
		l := pruneLog{id: id, files: logFiles(tx, id)}
		tx.Row(`SELECT label, fetched_at FROM run_logs WHERE id = $1`, id).Scan(&l.label, &l.fetched)
		bytes += sizeOf(l.files)
		if logs = append(logs, l); bytes > pruneBytes {
			break
		}
	}
	return logs
}

// pruneLogs leaves of logs what issues and attempts follow from.
func (w *Writer) pruneLogs(ctx context.Context, logs []pruneLog, p *pruning) error {
	packed := map[int64][]telemetry.LogFile{}
	for _, l := range logs {
		files, err := telemetry.CompactLog(l.files)
		if err != nil {
			p.done.Errors = append(p.done.Errors, fmt.Sprintf("log %s: %v. It is kept as it is.", l.label, err))
			continue
		}
		for i := range files {
			if files[i].Body != nil {
				files[i].Body = store.Pack(files[i].Body)
			}
		}
		packed[l.id] = files
	}
	if len(packed) == 0 {
		return nil
	}
	now := *p
	err := w.Write(ctx, func(tx *store.Tx) error {
		now = *p
		for _, l := range logs {
			if files, ok := packed[l.id]; ok && replaceLog(tx, l, files) {
				now.done.Bytes += sizeOf(l.files) - sizeOf(files)
				now.done.Logs++
			}
		}
		if now.done.Logs > p.done.Logs {
			now.raise(tx)
		}
		return tx.Err()
	})
	if err == nil {
		*p = now
	}
	return err
}

// replaceLog puts the files that are left in the place of a log's, unless it
// has changed since it was read.
func replaceLog(tx *store.Tx, l pruneLog, files []telemetry.LogFile) bool {
	if tx.Exec(`UPDATE run_logs SET pruned_at = $1 WHERE id = $2 AND fetched_at = $3 AND pruned_at = 0`,
		store.Millis(tx.Now()), l.id, l.fetched) == 0 {
		return false
	}
	tx.Exec(`UPDATE log_files SET body = NULL WHERE log_id = $1`, l.id)
	for _, f := range files {
		tx.Exec(`UPDATE log_files SET body = $1 WHERE log_id = $2 AND name = $3`, blobOrNull(f.Body), l.id, f.Name)
	}
	tx.Exec(`UPDATE log_findings SET snippets = '[]' WHERE log_id = $1 AND snippets <> '[]'`, l.id)
	tx.Exec(`DELETE FROM log_prompts WHERE log_id = $1`, l.id)
	return true
}

// sizeOf is how many bytes the files of a log have.
func sizeOf(files []telemetry.LogFile) (n int64) {
	for _, f := range files {
		n += int64(len(f.Body))
	}
	return n
}
