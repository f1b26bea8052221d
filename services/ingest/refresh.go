package ingest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// RefreshResult is what a refresh did.
type RefreshResult struct {
	Downloaded int64    `json:"downloaded"`
	TotalFiles int64    `json:"total_files"`
	PRsFound   int64    `json:"prs_found"`
	New        int64    `json:"new"`
	Updated    int64    `json:"updated"`
	Gone       int64    `json:"gone"`
	Broken     int64    `json:"broken"`
	Errors     []string `json:"errors"`
}

// batchFiles is how many files one transaction takes (design.md, "Store").
const batchFiles = 500

// refresh brings the store to the state of each directory, and then asks
// for pull requests. It fails where the action repository could not be read,
// whatever else was (product.md §8: upstream down), or nothing could be. The
// copy in RUNS_DIR that could not be read is one of the errors that the job
// notes. What was stored stays.
func (r *Runner) refresh(ctx context.Context, h *Handle) (any, error) {
	var result RefreshResult
	var upstream error
	var failures []error
	for _, source := range r.o.Sources {
		err := r.readSource(ctx, h, source, &result)
		r.note(ctx, sourceName(source.Name), err)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			failures = append(failures, err)
			h.failed("", err)
			if source.Name != "" {
				upstream = err
			}
		}
	}
	switch {
	case upstream != nil:
		return nil, upstream
	case len(failures) == len(r.o.Sources):
		return nil, failures[0]
	}
	if r.o.PullRequests != nil {
		found, _ := r.readPulls(ctx, h, false) // the job's errors have what failed
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		result.PRsFound = found
	}
	result.Errors = h.errors()
	return result, nil
}

func sourceName(name string) string {
	if name == "" {
		return "runs_dir"
	}
	return "runs"
}

// note keeps how reading a source went.
func (r *Runner) note(ctx context.Context, name string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	st := telemetry.SourceStatus{Name: name, OKAt: r.o.Now()}
	if err != nil {
		st = telemetry.SourceStatus{Name: name, FailedAt: r.o.Now(), Error: sentence(err), Code: telemetry.CodeOf(err)}
		if e, ok := errors.AsType[*telemetry.Error](err); ok && e.RetryAfter > 0 {
			st.RetryAt = st.FailedAt.Add(e.RetryAfter)
		}
	}
	if err := r.o.Store.SaveSource(ctx, st); err != nil && ctx.Err() == nil {
		r.o.Log.Warn("cannot note how a source was read", "source", name, "err", err)
	}
}

func (r *Runner) readSource(ctx context.Context, h *Handle, source Source, result *RefreshResult) error {
	h.begin("List files", 0)
	files, err := source.Files.RunFiles(ctx)
	if err != nil {
		return err
	}
	known, err := r.o.Store.KnownFiles(ctx, source.Name)
	if err != nil {
		return err
	}
	h.describe(source.Name, len(files), len(files))
	result.TotalFiles += int64(len(files))
	var wanted []telemetry.RunFile
	for _, f := range files {
		if sha, ok := known[f.Name]; !ok || sha != f.SHA {
			wanted = append(wanted, f)
		}
		delete(known, f.Name)
	}
	gone := make([]string, 0, len(known))
	for name := range known {
		gone = append(gone, name)
	}
	slices.Sort(gone)
	if len(wanted)+len(gone) > 0 {
		h.matter()
	}
	if err := r.o.Store.MarkGone(ctx, source.Name, gone); err != nil {
		return err
	}
	result.Gone += int64(len(gone))
	if len(wanted) == 0 {
		return nil
	}
	fetched, fetchErr := r.download(ctx, h, source, wanted, result)
	if err := r.index(ctx, h, source, fetched, result); err != nil {
		return err
	}
	return fetchErr
}

// download fetches and parses files; those that it got count, whatever
// becomes of the others.
func (r *Runner) download(ctx context.Context, h *Handle, source Source, wanted []telemetry.RunFile,
	result *RefreshResult) ([]telemetry.FetchedFile, error) {
	h.begin("Download", len(wanted))
	var mu sync.Mutex
	fetched := make([]telemetry.FetchedFile, 0, len(wanted))
	failed := 0
	err := source.Files.FetchRunFiles(ctx, wanted, func(f telemetry.RunFile, body []byte, err error) error {
		got := telemetry.FetchedFile{RunFile: f, Body: body, Err: err}
		if err == nil {
			got.Record, got.Err = telemetry.ParseRecord(body)
		}
		mu.Lock()
		defer mu.Unlock()
		if code := telemetry.CodeOf(err); err != nil && code != telemetry.CodeTooLarge && code != telemetry.CodeInvalid {
			failed++
			h.failed(f.Name+": ", err)
			return nil
		}
		fetched = append(fetched, got)
		if body != nil {
			result.Downloaded++
		}
		h.advance(1)
		return nil
	})
	if err == nil && failed > 0 {
		err = telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"%d of %d changed files could not be fetched; the next refresh fetches them.", failed, len(wanted))
	}
	return fetched, err
}

// batch is how many of the files, which lie repository by repository, the
// next transaction takes: whole repositories as long as they fit, since each
// commit waits for the disk.
func batch(files []telemetry.FetchedFile, repoKey func(*telemetry.FetchedFile) string) int {
	n := min(batchFiles, len(files))
	if n == len(files) {
		return n
	}
	for whole := n; whole > 0; whole-- {
		if repoKey(&files[whole-1]) != repoKey(&files[whole]) {
			return whole
		}
	}
	return n
}

// index stores files repository by repository, each in time order.
func (r *Runner) index(ctx context.Context, h *Handle, source Source, files []telemetry.FetchedFile, result *RefreshResult) error {
	h.begin("Index", len(files))
	repoKey := func(f *telemetry.FetchedFile) string {
		if f.Record == nil {
			return ""
		}
		return f.Record.Repo.Key()
	}
	slices.SortFunc(files, func(a, b telemetry.FetchedFile) int {
		if c := cmp.Compare(repoKey(&a), repoKey(&b)); c != 0 {
			return c
		}
		if a.Record != nil && b.Record != nil {
			if c := a.Record.Timestamp.Compare(b.Record.Timestamp); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.Name, b.Name)
	})
	for len(files) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := batch(files, repoKey)
		put, err := r.o.Store.PutFiles(ctx, source.Name, files[:n])
		if err != nil {
			return err
		}
		result.New += put.New
		result.Updated += put.Updated
		result.Broken += put.Broken
		h.advance(n)
		files = files[n:]
	}
	return nil
}

// overlap is how far behind the newest known update a listing reaches: the
// clocks of GitHub's servers may differ.
const overlap = 10 * time.Minute

// pullWorkers is how many repositories are asked at the same time, well
// under GitHub's secondary limits.
const pullWorkers = 6

// readPulls asks for the pull requests of every target and fork, and for
// those that are only named: again those, too, that GitHub lately did not
// know. It returns of how many listed ones GitHub has told so far; the error
// is the first failure if every repository failed. Each failure is among the
// job's errors, once.
func (r *Runner) readPulls(ctx context.Context, h *Handle, again bool) (int64, error) {
	syncs, err := r.o.Store.PullSyncs(ctx)
	if err != nil {
		h.failed("", err)
		return 0, err
	}
	h.begin("Pull requests", len(syncs))
	var mu sync.Mutex
	var failures []error
	var g errgroup.Group
	g.SetLimit(pullWorkers)
	for _, s := range syncs {
		g.Go(func() error {
			err := r.readRepoPulls(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && ctx.Err() == nil {
				failures = append(failures, err)
				h.failed(string(s.Repo)+": ", err)
			}
			h.advance(1)
			return nil
		})
	}
	_ = g.Wait() // the workers keep their failures in the list
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err := r.readNamedPulls(ctx, again); err != nil {
		h.failed("", err)
	}
	found, err := r.o.Store.FoundPulls(ctx)
	if err != nil {
		h.failed("", err)
		return 0, err
	}
	if len(failures) > 0 && len(failures) == len(syncs) {
		err = failures[0]
	}
	r.note(ctx, "pulls", err)
	return found, err
}

func (r *Runner) readRepoPulls(ctx context.Context, s telemetry.PullSync) error {
	after := s.Watermark
	if !after.IsZero() {
		after = after.Add(-overlap)
	}
	pulls, err := r.o.PullRequests.PullRequests(ctx, string(s.Repo), after)
	if err != nil {
		if saveErr := r.o.Store.PullsFailed(ctx, s.Repo, sentence(err)); saveErr != nil && ctx.Err() == nil {
			r.o.Log.Warn("cannot note a failure", "repo", s.Repo, "err", saveErr)
		}
		return err
	}
	mark := s.Watermark
	for i := range pulls {
		if pulls[i].UpdatedAt.After(mark) {
			mark = pulls[i].UpdatedAt
		}
	}
	return r.o.Store.SavePulls(ctx, s.Repo, pulls, mark)
}

// namedPulls is how many pull requests that no listing brings are asked one
// by one in a turn.
const namedPulls = 50

func (r *Runner) readNamedPulls(ctx context.Context, again bool) error {
	refs, err := r.o.Store.UnfetchedPulls(ctx, again, namedPulls)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		pull, err := r.o.PullRequests.PullRequest(ctx, string(ref.Repo), int(ref.Number))
		switch code := telemetry.CodeOf(err); {
		case err == nil:
			err = r.o.Store.SavePulls(ctx, ref.Repo, []telemetry.PullRequest{pull}, time.Time{})
		case code == telemetry.CodeUpstreamNotFound || code == telemetry.CodeUpstreamDenied:
			err = r.o.Store.PullMissing(ctx, ref) // it stays unknown
		}
		if err != nil {
			return err
		}
	}
	return nil
}
