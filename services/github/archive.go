package github

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

const (
	// Archives that break off with fewer files than that are asked for so often.
	archiveTries, archiveWorth = 3, 1000
	// An archive brings the whole repository: the most unpacked bytes and
	// entries that are read of it.
	maxArchive = 2 << 30
	maxEntries = 500_000
)

// archived fetches files with an archive of the branch, and returns those that
// are to be fetched one by one. One that breaks off is asked for again as long
// as it brings more. However many files it has, it goes on as long as they
// come: what is bounded is the wait for the next, and not what give does.
func (f folder) archived(ctx context.Context, files []telemetry.RunFile, give got) (rest []telemetry.RunFile, err error) {
	within, stop := telemetry.NewPatience(ctx, timesArchive*f.c.timeout)
	defer stop()
	rest = files
	for poor := 0; poor < archiveTries; {
		before := len(rest)
		rest, err = f.unpack(within, rest, func(file telemetry.RunFile, body []byte, err error) error {
			return within.Came(func() error { return give(file, body, err) })
		})
		short, ok := errors.AsType[*cutShort](err)
		if !ok {
			return rest, err
		}
		if before-len(rest) < archiveWorth {
			poor++
		}
		f.c.log.Warn("an archive broke off", "files", before, "left", len(rest), "err", short)
		if len(rest) == before || len(rest) < archiveFrom || within.Err() != nil || errors.Is(err, upstream.ErrTooLarge) {
			break
		}
	}
	if ctx.Err() != nil {
		return nil, f.c.ended(ctx)
	}
	return rest, nil
}

// unpack fetches files with one archive, as it streams in, and returns those
// that it does not hold or holds in another version: all of them where a server
// has no archives, also beside a cutShort.
func (f folder) unpack(ctx context.Context, files []telemetry.RunFile, give got) (rest []telemetry.RunFile, err error) {
	wanted := make(map[string]telemetry.RunFile, len(files))
	for _, file := range files {
		wanted[file.Name] = file
	}
	var stop error // the receiver's
	asking, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	resp, err := f.askArchive(asking, cancel)
	if missing(err) {
		f.c.log.Debug("the server has no archives; files are fetched one by one", "files", len(files), "status", statusOf(err))
		return files, nil
	}
	if err == nil {
		defer resp.Body.Close()
		err = untar(resp.Body, maxArchive, wanted, func(file telemetry.RunFile, body []byte, err error) error {
			stop = give(file, body, err)
			return stop
		})
	}
	if stop != nil {
		return nil, stop
	}
	_, short := errors.AsType[*cutShort](err)
	switch {
	case errors.Is(err, errNoArchive):
		err = nil
	case err != nil && errors.Is(context.Cause(asking), errStalled):
		return nil, f.c.timedOut(errStalled)
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = &cutShort{ctx.Err()}
	case err != nil && (!short || ctx.Err() != nil):
		return nil, f.failure(ctx, err)
	}
	for _, file := range files {
		if _, open := wanted[file.Name]; open {
			rest = append(rest, file)
		}
	}
	return rest, err
}

var (
	errStalled   = errors.New("no byte came in time")
	errNoArchive = errors.New("not a tar archive")
)

// askArchive asks for the archive. Since it may be long, the time of a request
// bounds each wait for a part of it.
func (f folder) askArchive(ctx context.Context, cancel context.CancelCauseFunc) (*http.Response, error) {
	req, err := f.c.api.NewRequest(http.MethodGet, "repos/"+f.repo+"/tarball/"+escape(f.branch), nil)
	if err != nil {
		return nil, err
	}
	timer := time.AfterFunc(f.c.timeout, func() { cancel(errStalled) })
	resp, err := f.c.downloads.Do(req.WithContext(ctx))
	timer.Stop()
	if err != nil {
		return nil, err
	}
	resp.Body = &watched{ReadCloser: resp.Body, limit: f.c.timeout, timer: timer}
	if err := f.c.checkDownload(resp); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// watched is a body that must not keep its reader waiting.
type watched struct {
	io.ReadCloser
	limit time.Duration
	timer *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.limit)
	defer w.timer.Stop()
	return w.ReadCloser.Read(p)
}

// untar gives the wanted files that an archive holds, and takes them out of
// wanted. It stops reading when it has all, and after most unpacked bytes.
func untar(body io.Reader, most int64, wanted map[string]telemetry.RunFile, give got) error {
	buffered := bufio.NewReaderSize(body, 64<<10)
	var archive io.Reader = buffered
	magic, err := buffered.Peek(2)
	switch {
	case err != nil && len(magic) == 0 && errors.Is(err, io.EOF):
		return errNoArchive
	case err != nil && !errors.Is(err, io.EOF):
		return &cutShort{err}
	case string(magic) == "\x1f\x8b":
		unzip, err := gzip.NewReader(buffered)
		if err != nil {
			return &cutShort{err}
		}
		archive = unzip
	}
	plain := archive == buffered
	in := tar.NewReader(&atMost{archive, most})
	for n := 0; len(wanted) > 0; n++ {
		entry, err := in.Next()
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case err != nil && n == 0 && (plain || errors.Is(err, tar.ErrHeader) || errors.Is(err, io.EOF)):
			return errNoArchive
		case err != nil:
			return &cutShort{err}
		case n == maxEntries:
			return &cutShort{fmt.Errorf("%w: over %d entries", upstream.ErrTooLarge, maxEntries)}
		}
		file, ok := wanted[runName(entry.Name)]
		if !ok || entry.Typeflag != tar.TypeReg || entry.Size > telemetry.MaxRecordBytes {
			continue
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return &cutShort{err}
		}
		if blobSHA(content) != file.SHA {
			continue
		}
		delete(wanted, file.Name)
		if err := give(file, content, nil); err != nil {
			return err
		}
	}
	return nil
}

type atMost struct {
	io.Reader
	left int64
}

func (r *atMost) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, fmt.Errorf("%w: unpacked", upstream.ErrTooLarge)
	}
	n, err := r.Reader.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// runName is the name of the run file that an entry is, "" if it is none.
// GitHub puts all below one folder, "owner-name-commit/".
func runName(entry string) string {
	entry = strings.TrimPrefix(entry, "./")
	if !strings.HasPrefix(entry, runsFolder+"/") {
		_, entry, _ = strings.Cut(entry, "/")
	}
	name, ok := strings.CutPrefix(entry, runsFolder+"/")
	if !ok || strings.Contains(name, "/") {
		return ""
	}
	return name
}
