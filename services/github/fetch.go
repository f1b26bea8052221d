package github

import (
	"context"
	"crypto/sha1" //nolint:gosec // Git names blobs by SHA-1
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	gh "github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

const (
	// archiveFrom is from how many files on one archive is asked for instead
	// of each: it is one request, but brings the whole repository.
	archiveFrom = 25
	// giveUp is after how many failures without any success the others are
	// not asked any more.
	giveUp = 8
)

// got receives one file of FetchRunFiles.
type got func(telemetry.RunFile, []byte, error) error

// FetchRunFiles fetches files that RunFiles listed and gives each to give:
// its bytes, or why it has none. A file over telemetry.MaxRecordBytes is
// telemetry.CodeTooLarge, without a download. give may be called from
// several goroutines at the same time; its error ends the fetch and is
// returned. What fails for all files, as a limit does, is returned too; files
// that were not given then are to be fetched again.
func (c *Client) FetchRunFiles(ctx context.Context, files []telemetry.RunFile, give func(telemetry.RunFile, []byte, error) error) error {
	owner, name, err := c.actionRepo()
	if err != nil {
		return err
	}
	f := folder{c: c, owner: owner, name: name, shown: true}
	if branch := c.branch.Load(); branch != nil {
		f.branch = *branch
	} else if f.branch, f.shown, err = c.askBranch(revalidating(ctx), owner, name); err != nil {
		return err
	}
	wanted := make([]telemetry.RunFile, 0, len(files))
	for _, file := range files {
		if file.Size <= telemetry.MaxRecordBytes {
			wanted = append(wanted, file)
		} else if err := give(file, nil, tooLarge(file.Size)); err != nil {
			return err
		}
	}
	if len(wanted) >= archiveFrom {
		if wanted, err = f.archived(ctx, wanted, give); err != nil {
			return err
		}
	}
	return f.blobs(ctx, wanted, give)
}

func tooLarge(size int64) error {
	return telemetry.Errorf(telemetry.CodeTooLarge, "The file has %d bytes; at most %d are read.", size, telemetry.MaxRecordBytes)
}

// blobs fetches files one by one, some at a time.
func (f folder) blobs(ctx context.Context, files []telemetry.RunFile, give got) error {
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	var t tally
	for _, file := range files {
		if asking.Err() != nil {
			break
		}
		g.Go(func() error {
			body, err := f.blob(asking, file)
			if err != nil && (asking.Err() != nil || concernsAll(err)) {
				return err
			}
			hopeless := t.add(err)
			if giveErr := give(file, body, err); giveErr != nil {
				return giveErr
			}
			if hopeless {
				return err
			}
			return nil
		})
	}
	err := g.Wait()
	switch {
	case err != nil && ctx.Err() != nil:
		return f.c.ended(ctx)
	case err == nil && t.fetched == 0:
		return t.first
	}
	return err
}

// tally counts what became of files.
type tally struct {
	mu              sync.Mutex
	fetched, failed int
	first           error
}

// add counts one file, and tells whether it is hopeless to go on.
func (t *tally) add(err error) (hopeless bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil || telemetry.CodeOf(err) == telemetry.CodeTooLarge {
		t.fetched++
		return false
	}
	if t.failed++; t.first == nil {
		t.first = err
	}
	return t.fetched == 0 && t.failed >= giveUp
}

// concernsAll tells whether the next file would fail alike.
func concernsAll(err error) bool {
	switch telemetry.CodeOf(err) {
	case telemetry.CodeRateLimited, telemetry.CodeUpstreamToken:
		return true
	}
	return false
}

// blob fetches one file by its SHA, where a server has no blobs by its path.
func (f folder) blob(ctx context.Context, file telemetry.RunFile) ([]byte, error) {
	q := question{
		what: file.Name, needs: repoQuestion(f.owner, f.name).needs,
		missing: fmt.Sprintf("GitHub no longer has this version of %s (404); the next refresh reads the list again.", file.Name),
	}
	blob, _, err := f.c.api.Git.GetBlob(ctx, f.owner, f.name, file.SHA)
	if missing(err) {
		return f.content(ctx, q, file)
	}
	if err != nil {
		return nil, f.c.failure(ctx, q, err)
	}
	return f.body(q, file, blob.Content, blob.GetEncoding(), int64(blob.GetSize()))
}

// content fetches a file by its path, in the version that was listed.
func (f folder) content(ctx context.Context, q question, file telemetry.RunFile) ([]byte, error) {
	content, _, _, err := f.c.api.Repositories.GetContents(ctx, f.owner, f.name, f.path(file.Name), f.ref())
	if err != nil {
		return nil, f.c.failure(ctx, q, err)
	}
	if sha := content.GetSHA(); content == nil || (sha != "" && sha != file.SHA) {
		return nil, telemetry.Errorf(telemetry.CodeUpstreamNotFound, "%s", q.missing)
	}
	if from := content.GetDownloadURL(); from != "" && (content.Content == nil || content.GetEncoding() == "none") {
		return f.raw(ctx, q, from)
	}
	return f.body(q, file, content.Content, content.GetEncoding(), int64(content.GetSize()))
}

// raw fetches a file from where GitHub says that it lies, often another host.
func (f folder) raw(ctx context.Context, q question, from string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.c.timeout)
	defer cancel()
	at, err := f.c.api.BaseURL.Parse(from)
	if err != nil || (at.Scheme != "https" && at.Scheme != f.c.api.BaseURL.Scheme) {
		return nil, f.c.broken(q, "names no address to fetch it from", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, f.c.broken(q, "names no address to fetch it from", err)
	}
	resp, err := f.c.archive.Do(req)
	if err != nil {
		return nil, f.c.failure(ctx, q, err)
	}
	defer resp.Body.Close()
	if err := gh.CheckResponse(resp); err != nil {
		return nil, f.c.failure(ctx, q, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, telemetry.MaxRecordBytes+1))
	switch {
	case err != nil:
		return nil, f.c.failure(ctx, q, &cutShort{err})
	case len(body) > telemetry.MaxRecordBytes:
		return nil, tooLarge(int64(len(body)))
	}
	return body, nil
}

// body decodes a file. One asked for by its SHA is believed to have it: the
// server chose the name, and not every one that speaks this API is Git.
func (f folder) body(q question, file telemetry.RunFile, content *string, encoding string, size int64) ([]byte, error) {
	if content == nil {
		return nil, f.c.broken(q, "has no content", nil)
	}
	var body []byte
	switch encoding {
	case "base64":
		var err error
		if body, err = base64.StdEncoding.DecodeString(strings.Map(notSpace, *content)); err != nil {
			return nil, f.c.broken(q, "is not the base64 that it says", err)
		}
	case "", "utf-8":
		body = []byte(*content)
	default:
		return nil, f.c.broken(q, fmt.Sprintf("has the encoding %q, which is not known here", encoding), nil)
	}
	switch {
	case len(body) > telemetry.MaxRecordBytes:
		return nil, tooLarge(int64(len(body)))
	case blobSHA(body) != file.SHA && size > 0 && size != int64(len(body)):
		return nil, f.c.broken(q, "is not whole", fmt.Errorf("%d bytes of %d", len(body), size))
	}
	return body, nil
}

func notSpace(r rune) rune {
	if r <= ' ' {
		return -1
	}
	return r
}

// blobSHA is the name that Git gives to bytes, in hex.
func blobSHA(body []byte) string {
	hash := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(hash, "blob %d\x00", len(body))
	hash.Write(body)
	return hex.EncodeToString(hash.Sum(nil))
}
