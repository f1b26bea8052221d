package derive

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

const (
	// askFailed is when a log is asked for again that could not be read.
	askFailed = time.Hour
	// A run commits its log about when its record appears: one that is missing
	// within lateLog of the record is asked for again after askLate.
	lateLog = time.Hour
	askLate = 10 * time.Minute
)

// LogsToAsk returns logs of scans that are to be asked for, those of the newest
// first: never asked for, not readable for some time, or missing where they
// may have come late.
func (w *Writer) LogsToAsk(ctx context.Context, limit int) (questions []telemetry.LogQuestion, err error) {
	now := w.Now()
	return w.logQuestions(ctx, func(*store.Tx) string {
		return `(l.id IS NULL OR l.state = 'failed' AND l.asked_at <= $1
			OR l.state = 'missing' AND l.asked_at <= $2 AND l.asked_at <= r.at + $3)
		ORDER BY r.at DESC, r.file, r.source LIMIT $4`
	}, store.Millis(now.Add(-askFailed)), store.Millis(now.Add(-askLate)), lateLog.Milliseconds(), limit)
}

// LogsLabelled returns the logs of scans with one of the labels that are not
// found yet.
func (w *Writer) LogsLabelled(ctx context.Context, labels []string) ([]telemetry.LogQuestion, error) {
	return w.logQuestions(ctx, func(tx *store.Tx) string {
		return `(l.id IS NULL OR l.state <> 'found') AND r.run_label ` + tx.In(1, "TEXT") + ` ORDER BY r.at DESC, r.file, r.source`
	}, store.JSON(labels))
}

// LogOf returns the question for the log of a scan; found is false where there
// is no such scan.
func (w *Writer) LogOf(ctx context.Context, ref telemetry.LogRef) (q telemetry.LogQuestion, found bool, err error) {
	questions, err := w.logQuestions(ctx, func(*store.Tx) string {
		return `r.repo_key = $1 AND r.run_label = $2 ORDER BY r.at DESC, r.file, r.source LIMIT 1`
	}, ref.Repo.Key(), ref.Label)
	if err != nil || len(questions) == 0 {
		return q, false, err
	}
	return questions[0], true, nil
}

func (w *Writer) logQuestions(
	ctx context.Context, where func(*store.Tx) string, args ...any,
) (questions []telemetry.LogQuestion, err error) {
	err = w.Read(ctx, func(tx *store.Tx) error {
		questions = nil
		have := map[telemetry.LogRef]bool{}
		tx.Each(`SELECT r.repo_key, r.target_repo, r.fork_url, r.run_label FROM runs r
			LEFT JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label
			WHERE r.kind = 'scan' AND r.run_label <> '' AND `+where(tx), args, func(r *store.Row) {
			var key, target, fork, label string
			r.Scan(&key, &target, &fork, &label)
			q := telemetry.LogQuestion{LogRef: telemetry.LogRef{Repo: telemetry.RepoName(key), Label: label}, In: telemetry.ParseRepo(fork)}
			if q.In == "" {
				q.In = telemetry.ParseRepo(target)
			}
			if !have[q.LogRef] {
				have[q.LogRef] = true
				questions = append(questions, q)
			}
		})
		return tx.Err()
	})
	return questions, err
}
