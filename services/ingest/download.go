package ingest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"telemetry-dashboard/services/telemetry"
)

const batchFiles = 500

// What is held in memory before it is stored. A small file takes a multiple of
// its bytes.
const (
	pendingBytes = 16 << 20
	pendingFiles = 10_000
)

type fetch struct {
	mu      sync.Mutex
	pending []telemetry.FetchedFile // not yet stored
	size    int64                   // their bytes
	failed  int
	git     bool              // some file's bytes have the SHA that was listed
	shas    map[string]string // by name: the SHA of bytes that have another than was listed
	others  int               // files whose bytes are of another version
}

// download fetches, parses and stores files; those that it got count.
func (r *Runner) download(ctx context.Context, t *task, source Source, wanted []telemetry.RunFile, result *RefreshResult) error {
	t.begin("Download", len(wanted))
	f := fetch{shas: map[string]string{}}
	limited, stop := telemetry.NewPatience(ctx, fetchLimit)
	err := stopped(ctx, limited, fetchLimit, "Fetching the run files", source.Files.FetchRunFiles(limited, wanted,
		func(file telemetry.RunFile, body []byte, err error) error {
			return limited.Came(func() error {
				return telemetry.Guard("store "+file.Name, func() error { return r.got(ctx, t, source, &f, file, body, err, result) })
			})
		}))
	stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	pending := f.take()
	t.begin("Index", len(pending))
	if indexErr := r.index(ctx, t, source, pending, result); indexErr != nil {
		return indexErr
	}
	if f.others > 0 {
		t.failed("", telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"%d of %d files came with other content than the listing names; the next refresh fetches them again.", f.others, len(wanted)))
	}
	if err == nil && f.failed > 0 {
		err = telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"%d of %d changed files could not be fetched; the next refresh fetches them.", f.failed, len(wanted))
	}
	return err
}

// got takes one file of a download, and stores the pending ones where they are many.
func (r *Runner) got(ctx context.Context, t *task, source Source, f *fetch, file telemetry.RunFile, body []byte, err error,
	result *RefreshResult) error {
	got := telemetry.FetchedFile{RunFile: file, Body: body, Err: err}
	sha := file.SHA
	if err == nil {
		got.Record, got.Err = telemetry.ParseRecord(body)
		sha = telemetry.BlobSHA(file.SHA, body)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if code := telemetry.CodeOf(err); err != nil && code != telemetry.CodeTooLarge && code != telemetry.CodeInvalid {
		f.failed++
		t.failed(file.Name+": ", err)
		return nil
	}
	f.pending = append(f.pending, got)
	f.size += int64(len(body))
	if body != nil {
		result.Downloaded++
	}
	if sha != file.SHA {
		f.shas[file.Name] = sha
	} else if body != nil {
		f.git = true
	}
	t.advance(1)
	if f.size < pendingBytes && len(f.pending) < pendingFiles {
		return nil
	}
	return r.index(ctx, t, source, f.take(), result)
}

// take returns the pending files. Bytes that are not those that were listed are
// kept under their own SHA, so that the next refresh fetches the file again. A
// server that gives no file the SHA that Git would, and each its size, names
// files in another way: it is believed.
func (f *fetch) take() []telemetry.FetchedFile {
	for i := range f.pending {
		p := &f.pending[i]
		sha, differs := f.shas[p.Name]
		if differs && (f.git || p.Size != int64(len(p.Body))) {
			p.SHA = sha
			f.others++
		}
	}
	pending := f.pending
	f.pending, f.size = nil, 0
	return pending
}

// batch is how many of the files, which lie repository by repository, the next
// transaction takes: whole repositories as long as they fit.
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
func (r *Runner) index(ctx context.Context, t *task, source Source, files []telemetry.FetchedFile, result *RefreshResult) error {
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
			return storing(err)
		}
		result.New += put.New
		result.Updated += put.Updated
		result.Broken += put.Broken
		files = files[n:]
	}
	return nil
}
