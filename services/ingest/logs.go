package ingest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// RunLogs asks for the log of a run. An error says nothing of the log itself.
type RunLogs interface {
	RunLog(ctx context.Context, q telemetry.LogQuestion) (telemetry.FetchedLog, error)
}

// LogFolder is a folder of logs, which says which it has.
type LogFolder interface {
	RunLogs
	LogLabels(ctx context.Context) ([]string, error)
}

// Sides are the files beside run files: the registry and the orchestrator's
// state.
type Sides interface {
	Sides(ctx context.Context) ([]telemetry.RunFile, error)
	FetchSide(ctx context.Context, f telemetry.RunFile) ([]byte, error)
}

// LogsResult is what a job that asks for logs did.
type LogsResult struct {
	Asked   int64    `json:"asked"`
	Found   int64    `json:"found"`
	Missing int64    `json:"missing"`
	Failed  int64    `json:"failed"`
	Left    bool     `json:"left"` // GitHub's limit did not allow for all
	Errors  []string `json:"errors"`
}

const (
	// logsEvery is how often logs are asked for that are not known yet.
	logsEvery = 10 * time.Minute
	// logsTurn is how many logs are asked for between two looks at what is
	// still to be asked.
	logsTurn = 50
	// logRequests is how many requests a log may take: its folder, and its
	// files.
	logRequests = 16
)

// readSides brings the store to the state of the files beside a source's run
// files. What fails is among the job's errors.
func (r *Runner) readSides(ctx context.Context, t *task, source Source) error {
	if source.Sides == nil {
		return nil
	}
	files, err := source.Sides.Sides(ctx)
	if err != nil {
		t.failed("", err)
		return nil
	}
	known, err := r.o.Store.KnownSides(ctx, source.Name)
	if err != nil {
		return storing(err)
	}
	var sides []telemetry.FetchedSide
	for _, f := range files {
		sha, have := known[f.Name]
		delete(known, f.Name)
		if have && sha == f.SHA {
			continue
		}
		side := telemetry.FetchedSide{RunFile: f}
		side.Body, side.Err = source.Sides.FetchSide(ctx, f)
		if side.Err != nil {
			t.failed(f.Name+": ", side.Err)
			if code := telemetry.CodeOf(side.Err); code != telemetry.CodeTooLarge && code != telemetry.CodeInvalid {
				continue // the next refresh fetches it
			}
		}
		sides = append(sides, side)
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		sides = append(sides, telemetry.FetchedSide{RunFile: telemetry.RunFile{Name: name}, Gone: true})
	}
	if len(sides) == 0 {
		return nil
	}
	t.matter()
	return storing(r.o.Store.PutSides(ctx, source.Name, sides))
}

// readLogFolder stores the logs of a source's own folder that belong to a run
// and are not known.
func (r *Runner) readLogFolder(ctx context.Context, t *task, source Source) error {
	if source.Logs == nil {
		return nil
	}
	labels, err := source.Logs.LogLabels(ctx)
	if err != nil {
		t.failed("", err)
		return nil
	}
	if len(labels) == 0 {
		return nil
	}
	questions, err := r.o.Store.LogsLabelled(ctx, labels)
	if err != nil {
		return storing(err)
	}
	if len(questions) == 0 {
		return nil
	}
	t.begin("Run logs", len(questions))
	t.matter()
	for _, q := range questions {
		l, err := source.Logs.RunLog(ctx, q)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			t.failed(q.Label+": ", err)
			l = telemetry.FetchedLog{LogRef: q.LogRef, State: telemetry.LogFailed, Err: err}
		}
		if err := r.o.Store.PutLogs(ctx, []telemetry.FetchedLog{l}); err != nil {
			return storing(err)
		}
		t.advance(1)
	}
	return nil
}

// readBeside reads what lies beside a source's run files.
func (r *Runner) readBeside(ctx context.Context, t *task, source Source) error {
	if err := r.readSides(ctx, t, source); err != nil {
		return err
	}
	return r.readLogFolder(ctx, t, source)
}

// startLogs has the logs of new runs asked for, if there are new runs.
func (r *Runner) startLogs(result RefreshResult) {
	if r.o.RunLogs == nil || result.New+result.Updated == 0 {
		return
	}
	if _, err := r.start(telemetry.Job{Kind: JobLogs, By: telemetry.ByStart}, true); err != nil {
		r.logFailure("cannot ask for run logs", JobLogs, err)
	}
}

// logTurn is one pass of the job that asks for logs.
type logTurn struct {
	r      *Runner
	t      *task
	none   map[telemetry.RepoName]bool // repositories that have no log at all
	failed map[telemetry.RepoName]bool // that could not be asked; the next turn asks again
	asked  map[telemetry.LogRef]bool
	limit  int // how many of the logs to ask for are looked at
	total  int // of the step
	result LogsResult
}

// readLogs asks for logs: first for those that people wait for, then for
// those of the newest runs, as long as GitHub's limit leaves room. What it
// learned is stored at once, so that the next turn continues.
func (r *Runner) readLogs(ctx context.Context, t *task) (any, error) {
	turn := logTurn{
		r: r, t: t, limit: logsTurn,
		none: map[telemetry.RepoName]bool{}, failed: map[telemetry.RepoName]bool{}, asked: map[telemetry.LogRef]bool{},
	}
	for more := true; more; {
		var err error
		if more, err = turn.some(ctx); err != nil {
			return nil, err
		}
	}
	turn.result.Errors = t.errors()
	return turn.result, nil
}

// some asks for some logs, and reports whether there may be more.
func (l *logTurn) some(ctx context.Context) (more bool, err error) {
	if err := l.wanted(ctx); err != nil {
		return false, err
	}
	questions, err := l.r.o.Store.LogsToAsk(ctx, l.limit)
	if err != nil {
		return false, storing(err)
	}
	all := len(questions) < l.limit
	questions = slices.DeleteFunc(questions, func(q telemetry.LogQuestion) bool { return l.asked[q.LogRef] || l.failed[q.In] })
	if len(questions) == 0 {
		l.limit *= 4 // those of a repository that cannot be asked must not hide the others
		return !all, nil
	}
	if l.total == 0 {
		l.t.begin("Run logs", len(questions))
	}
	l.t.describe("", l.total, l.total+len(questions))
	l.total += len(questions)
	err = l.each(ctx, questions)
	return err == nil && !l.result.Left, err
}

// each asks for logs, as long as the limit leaves room. What it got is stored,
// whatever ends it.
func (l *logTurn) each(ctx context.Context, questions []telemetry.LogQuestion) (err error) {
	background := telemetry.InBackground(ctx, always)
	var got []telemetry.FetchedLog
	defer func() { err = errors.Join(err, l.save(ctx, got)) }()
	for _, q := range questions {
		if l.failed[q.In] {
			continue
		}
		if !l.none[q.In] && !l.r.mayAsk() {
			l.result.Left = true
			return nil
		}
		log, err := l.ask(background, q)
		if errors.Is(err, telemetry.ErrReserved) {
			l.result.Asked--
			l.result.Left = true
			return nil
		}
		if err != nil {
			return err
		}
		got = append(got, log)
		l.t.advance(1)
		if sizeOf(got) > pendingBytes {
			if err := l.save(ctx, got); err != nil {
				return err
			}
			got = nil
		}
		if err := l.wanted(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wanted asks for the logs that people wait for.
func (l *logTurn) wanted(ctx context.Context) error {
	ctx = telemetry.InBackground(ctx, never)
	for {
		w, found := l.r.nextWanted()
		if !found {
			return nil
		}
		q, found, err := l.r.o.Store.LogOf(ctx, w.LogRef)
		if err != nil {
			return storing(err)
		}
		if !found || !w.asked && (l.asked[q.LogRef] || l.failed[q.In] || !l.r.mayAsk()) {
			continue
		}
		if w.asked {
			delete(l.none, q.In)
			delete(l.failed, q.In)
		}
		log, err := l.ask(ctx, q)
		if err != nil {
			return err
		}
		log.Wanted = true
		if err := l.save(ctx, []telemetry.FetchedLog{log}); err != nil {
			return err
		}
	}
}

// sizeOf is how many bytes logs hold.
func sizeOf(logs []telemetry.FetchedLog) (n int) {
	for _, l := range logs {
		for _, f := range l.Files {
			n += len(f.Body)
		}
	}
	return n
}

func (l *logTurn) save(ctx context.Context, logs []telemetry.FetchedLog) error {
	if len(logs) == 0 {
		return nil
	}
	return storing(l.r.o.Store.PutLogs(context.WithoutCancel(ctx), logs))
}

// ask asks for one log. Its error ends the turn: the next question would fail
// alike.
func (l *logTurn) ask(ctx context.Context, q telemetry.LogQuestion) (telemetry.FetchedLog, error) {
	l.asked[q.LogRef] = true
	log := telemetry.FetchedLog{LogRef: q.LogRef, State: telemetry.LogMissing}
	if !l.none[q.In] {
		l.result.Asked++
		err := within(ctx, repoLimit, "Reading a run log", func(ctx context.Context) (err error) {
			log, err = l.r.o.RunLogs.RunLog(ctx, q)
			return err
		})
		l.r.spent(log.Requests)
		switch {
		case ctx.Err() != nil:
			return log, ctx.Err()
		case err != nil && endsTurn(err):
			return log, err
		case err != nil:
			l.t.failed(string(q.In)+": ", err)
			l.failed[q.In] = true
			log = telemetry.FetchedLog{LogRef: q.LogRef, State: telemetry.LogFailed, Err: err}
		}
		l.none[q.In] = log.NoneAtAll
	}
	switch log.State {
	case telemetry.LogFound:
		l.result.Found++
		l.t.matter()
	case telemetry.LogMissing:
		l.result.Missing++
	default:
		l.result.Failed++
	}
	return log, nil
}
