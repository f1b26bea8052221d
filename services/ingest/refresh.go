package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// RefreshResult is what a refresh did. Held listings marked nothing gone.
type RefreshResult struct {
	Downloaded int64                   `json:"downloaded"`
	TotalFiles int64                   `json:"total_files"`
	PRsFound   int64                   `json:"prs_found"`
	New        int64                   `json:"new"`
	Updated    int64                   `json:"updated"`
	Gone       int64                   `json:"gone"`
	Broken     int64                   `json:"broken"`
	Held       []telemetry.HeldListing `json:"held"`
	Errors     []string                `json:"errors"`

	listed map[string]map[string]bool // by source: the names of its files
}

// count adds the files of a source to TotalFiles: a file of an action repository and
// its copy in RUNS_DIR are one.
func (r *RefreshResult) count(source string, files []telemetry.RunFile) {
	names := make(map[string]bool, len(files))
	for _, f := range files {
		names[f.Name] = true
	}
	r.listed[source] = names
	r.TotalFiles = 0
	for source, names := range r.listed {
		for name := range names {
			if source != "" || !r.isCopy(name) {
				r.TotalFiles++
			}
		}
	}
}

func (r *RefreshResult) isCopy(name string) bool {
	for source, names := range r.listed {
		if source != "" && names[name] {
			return true
		}
	}
	return false
}

// The deadlines of one call within a job, and of the wait for the next run file.
// What they end hangs.
const (
	listLimit  = 5 * time.Minute
	fetchLimit = 20 * time.Minute
	repoLimit  = 2 * time.Minute
	pullLimit  = time.Minute
)

// refresh brings the store to the state of each directory, and then asks for pull
// requests. It fails where no action repository could be read, or nothing could be; a
// source that could not be read beside others that could is among its errors.
func (r *Runner) refresh(ctx context.Context, t *task) (any, error) {
	result := RefreshResult{Held: []telemetry.HeldListing{}, listed: map[string]map[string]bool{}}
	var upstream, failures []error
	twice, err := r.followRenames(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.forgetSources(ctx); err != nil {
		return nil, err
	}
	rests := r.resting(ctx, t)
	for _, source := range r.o.Sources {
		if rests(source.Name, source.Name) {
			continue
		}
		err := r.refreshUnless(ctx, t, source, &result, twice[source.Name])
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if isUnstored(err) {
			return nil, err // nothing else could be stored either
		}
		if err != nil {
			failures = append(failures, err)
			t.failed(r.naming(source), err)
			if source.Name != "" {
				upstream = append(upstream, err)
			}
		}
	}
	switch {
	case len(upstream) > 0 && len(upstream) == r.actions():
		return nil, upstream[0]
	case len(failures) == len(r.o.Sources):
		return nil, failures[0]
	}
	if err := r.addPulls(ctx, t); err != nil {
		return nil, err
	}
	if result.PRsFound, err = r.listedPulls(ctx); err == nil {
		r.startLogs(result)
	}
	result.Errors = t.errors()
	return result, err
}

// refreshUnless is refreshWhole of a source, unless something speaks against it.
func (r *Runner) refreshUnless(ctx context.Context, t *task, source Source, result *RefreshResult, cause error) error {
	if cause == nil {
		return r.refreshWhole(ctx, t, source, result)
	}
	r.noteSource(ctx, telemetry.RunsSource(source.Name), cause)
	return cause
}

// naming is the name of a source before a sentence about it, "" where there is but
// one action repository.
func (r *Runner) naming(source Source) string {
	if source.Name == "" || r.actions() < 2 {
		return ""
	}
	return source.Name + ": "
}

// actions is how many action repositories are read.
func (r *Runner) actions() (n int) {
	for _, source := range r.o.Sources {
		if source.Name != "" {
			n++
		}
	}
	return n
}

// forgetSources forgets how sources were read that the settings no longer name. Their
// files are kept, and count.
func (r *Runner) forgetSources(ctx context.Context) error {
	names := make([]string, 0, len(r.o.Sources))
	for _, source := range r.o.Sources {
		names = append(names, source.Name)
	}
	return storing(r.o.Store.KeepRunsSources(ctx, names))
}

// refreshOne brings the store to the state of one action repository. Pull requests
// are not asked for.
func (r *Runner) refreshOne(ctx context.Context, t *task, name string) (any, error) {
	result := RefreshResult{Held: []telemetry.HeldListing{}, listed: map[string]map[string]bool{}}
	for _, source := range r.o.Sources {
		if source.Name != name {
			continue
		}
		if err := r.refreshWhole(ctx, t, source, &result); err != nil {
			return nil, err
		}
	}
	var err error
	if result.PRsFound, err = r.listedPulls(ctx); err == nil {
		r.startLogs(result)
	}
	result.Errors = t.errors()
	return result, err
}

// refreshWhole reads a source and what lies beside its run files. Its error is
// one of the database, or says that the source could not be read.
func (r *Runner) refreshWhole(ctx context.Context, t *task, source Source, result *RefreshResult) error {
	select {
	case r.reading <- struct{}{}:
		defer func() { <-r.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := r.refreshSource(ctx, t, source, result); err != nil {
		return err
	}
	if err := r.readBeside(ctx, t, source); err != nil {
		return err
	}
	r.wasRead(source.Name)
	return nil
}

// refreshSource reads one directory and notes how that went. A held listing is no
// failure of the job, but one of its errors.
func (r *Runner) refreshSource(ctx context.Context, t *task, source Source, result *RefreshResult) error {
	held, err := r.readSource(ctx, t, source, result)
	noted := err
	if held != nil {
		result.Held = append(result.Held, *held)
		said := telemetry.Errorf(telemetry.CodeConflict, "%s", held.Message())
		t.failed("", said)
		if noted == nil {
			noted = said
		}
	}
	r.noteSource(ctx, telemetry.RunsSource(source.Name), noted)
	return err
}

// note is noteSource for the sources of sessions and pull requests, each of which is one.
func (r *Runner) note(ctx context.Context, name string, err error) {
	r.noteSource(ctx, telemetry.SourceStatus{Name: name}, err)
}

// noteSource keeps how reading a source went. A failure of the database is not the
// source's, and what was left for later is none.
func (r *Runner) noteSource(ctx context.Context, source telemetry.SourceStatus, err error) {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, telemetry.ErrReserved) || isUnstored(err) {
		return
	}
	st := source
	st.OKAt = telemetry.At(r.o.Now())
	if err != nil {
		st.OKAt, st.FailedAt, st.Error, st.Code = telemetry.Time{}, telemetry.At(r.o.Now()), telemetry.Sentence(err), telemetry.CodeOf(err)
		if e, ok := errors.AsType[*telemetry.Error](err); ok && e.RetryAfter > 0 {
			st.RetryAt = telemetry.At(st.FailedAt.Add(e.RetryAfter))
		}
	}
	r.logFailure("cannot note how a source was read", "note "+source.Key(), r.o.Store.SaveSource(ctx, st))
}

// readSource lists a source, marks files gone, and stores what is new. held is a
// suspicious listing, which marked nothing.
func (r *Runner) readSource(ctx context.Context, t *task, source Source, result *RefreshResult) (held *telemetry.HeldListing, err error) {
	t.begin("List files", 0)
	var files []telemetry.RunFile
	err = within(ctx, listLimit, "Listing the run files", func(ctx context.Context) error {
		files, err = source.Files.RunFiles(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	known, err := r.o.Store.KnownFiles(ctx, source.Name)
	if err != nil {
		return nil, storing(err)
	}
	t.describe(source.Name, len(files), len(files))
	result.count(source.Name, files)
	wanted, gone := compare(files, known)
	if len(wanted)+len(gone) > 0 {
		t.matter()
	}
	if held, err = r.markGone(ctx, source.Name, files, known, gone); err != nil {
		return held, err
	}
	if held == nil {
		result.Gone += int64(len(gone))
	} else {
		t.describe(fmt.Sprintf("only %d of %d stored files are listed; none is marked gone", held.Kept, held.Known), len(files), len(files))
	}
	if len(wanted) == 0 {
		return held, nil
	}
	return held, r.download(ctx, t, source, wanted, result)
}

// compare returns the listed files that are not known, and the known names that
// are not listed, sorted.
func compare(files []telemetry.RunFile, known map[string]string) (wanted []telemetry.RunFile, gone []string) {
	listed := make(map[string]bool, len(files))
	for _, f := range files {
		if sha, ok := known[f.Name]; (!ok || sha != f.SHA) && !listed[f.Name] {
			wanted = append(wanted, f)
		}
		listed[f.Name] = true
	}
	for name := range known {
		if !listed[name] {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	return wanted, gone
}

// markGone marks the known files that a listing lacks, or returns what is held.
func (r *Runner) markGone(ctx context.Context, source string, files []telemetry.RunFile, known map[string]string,
	gone []string) (*telemetry.HeldListing, error) {
	l := telemetry.HeldListing{
		Source: source,
		Known:  int64(len(known)),
		Kept:   int64(len(known) - len(gone)),
		Listed: int64(len(files)),
	}
	if l.Suspicious() {
		held, accepted, err := r.o.Store.HoldListing(ctx, l)
		if err != nil {
			return nil, storing(err)
		}
		if !accepted {
			return &held, nil
		}
	}
	return nil, storing(r.o.Store.MarkGone(ctx, source, gone))
}

// AcceptListing takes a held listing for true, and starts the refresh that marks
// its files gone. kept is how many of the stored files it had when the person saw
// it. The error is CodeNotFound for a source that is not configured, and
// CodeConflict where no such listing is held.
func (r *Runner) AcceptListing(ctx context.Context, source string, kept int64, by telemetry.StartedBy) (*Handle, error) {
	if !slices.ContainsFunc(r.o.Sources, func(s Source) bool { return s.Name == source }) {
		return nil, telemetry.Errorf(telemetry.CodeNotFound,
			"source: run files are not read from there. Leave it empty for RUNS_DIR, or write the action repository as owner/name.")
	}
	if err := r.o.Store.AcceptListing(ctx, source, kept); err != nil {
		return nil, err
	}
	return r.Start(JobRefresh, Order{By: by})
}
