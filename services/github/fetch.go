package github

import (
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // Git names blobs by SHA-1
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	gh "github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

const (
	// archiveFrom is how many files are worth an archive of the whole repository.
	archiveFrom = 25
	// giveUp is how many failures without any success end the asking.
	giveUp = 8
)

type got func(telemetry.RunFile, []byte, error) error

// FetchRunFiles fetches files that RunFiles listed and gives each to give, which
// may be called from several goroutines: its bytes, or why it has none. A file
// over telemetry.MaxRecordBytes is telemetry.CodeTooLarge, without a download.
// give's error ends the fetch, and so does what fails for all files.
func (a *Action) FetchRunFiles(ctx context.Context, files []telemetry.RunFile, give func(telemetry.RunFile, []byte, error) error) error {
	f, err := a.folder(ctx)
	if err != nil {
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
	ctx, cancel := context.WithTimeout(ctx, timesFetch*a.timeout)
	defer cancel()
	return f.blobs(ctx, wanted, give)
}

func tooLarge(size int64) error {
	return telemetry.Errorf(telemetry.CodeTooLarge, "The file has %d bytes; the limit is %d.", size, telemetry.MaxRecordBytes)
}

// blobs fetches files one by one, some at a time, and large ones one at a time,
// since each takes a multiple of its size.
func (f folder) blobs(ctx context.Context, files []telemetry.RunFile, give got) error {
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	var t outcomes
	var large sync.Mutex
	for _, file := range files {
		if asking.Err() != nil {
			break
		}
		g.Go(func() error {
			return telemetry.Guard("fetch "+file.Name, func() error {
				if file.Size > upstream.SmallAnswer {
					large.Lock()
					defer large.Unlock()
				}
				body, err := f.blob(asking, file)
				if code := telemetry.CodeOf(err); err != nil &&
					(asking.Err() != nil || code == telemetry.CodeRateLimited || code == telemetry.CodeUpstreamToken) {
					return err // the next file would fail alike
				}
				hopeless := t.add(err)
				return cmp.Or(give(file, body, err), hopeless)
			})
		})
	}
	err := g.Wait()
	switch {
	case ctx.Err() != nil:
		return f.c.ended(ctx)
	case err == nil && t.fetched == 0:
		return t.first
	}
	return err
}

type outcomes struct {
	mu              sync.Mutex
	fetched, failed int
	first           error
}

// add counts one file, and returns its failure if it is hopeless to continue.
func (t *outcomes) add(err error) (hopeless error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil || telemetry.CodeOf(err) == telemetry.CodeTooLarge {
		t.fetched++
		return nil
	}
	t.first = cmp.Or(t.first, err)
	if t.failed++; t.fetched > 0 || t.failed < giveUp {
		return nil
	}
	return err
}

type blobRow struct {
	SHA         string
	Size        int64
	Content     *string
	Encoding    string
	DownloadURL string `json:"download_url"`
}

// blob fetches one file by its SHA, where a server has no blobs by its path.
func (f folder) blob(ctx context.Context, file telemetry.RunFile) ([]byte, error) {
	q := question{
		what: file.Name, needs: repoQuestion(f.repo).needs,
		missing: fmt.Sprintf("GitHub no longer has this version of %s (404); the next refresh reads the list again.", file.Name),
	}
	var blob blobRow
	var body []byte
	address := "repos/" + f.repo + "/git/blobs/" + url.PathEscape(file.SHA)
	_, err := f.c.get(ctx, request{address: address, limit: maxBlob}, object(&blob, nil))
	switch {
	case missing(err):
		body, err = f.content(ctx, q, file)
	case err == nil:
		body, err = blob.decode(file)
	}
	return body, f.c.failure(ctx, q, err)
}

func (f folder) content(ctx context.Context, q question, file telemetry.RunFile) ([]byte, error) {
	var content blobRow
	_, err := f.c.get(ctx, request{address: f.contentsOf(file.Name), limit: maxBlob}, object(&content, nil))
	switch {
	case err != nil:
		return nil, err
	case content.SHA != "" && content.SHA != file.SHA:
		return nil, telemetry.Errorf(telemetry.CodeUpstreamNotFound, "%s", q.missing)
	case content.DownloadURL != "" && (content.Content == nil || content.Encoding == "none"):
		body, err := f.raw(ctx, file, content.DownloadURL)
		return body, cmp.Or(err, whole(file, body, content.Size))
	}
	return content.decode(file)
}

// raw fetches a file from where GitHub says that it lies, often another host.
func (f folder) raw(ctx context.Context, file telemetry.RunFile, from string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.c.timeout)
	defer cancel()
	at, err := f.c.api.BaseURL.Parse(from)
	if err != nil {
		return nil, &unusable{"names no address to fetch it from"}
	}
	if err := f.c.mayDownload(at); err != nil {
		return nil, err
	}
	resp, err := f.c.downloads.Do((&http.Request{Method: http.MethodGet, URL: at, Header: http.Header{}}).WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := f.c.checkDownload(resp); err != nil {
		return nil, err
	}
	limited := f.c.budget.Body(ctx, resp.Body, telemetry.MaxRecordBytes)
	defer limited.Close()
	body, err := io.ReadAll(limited)
	switch {
	case errors.Is(err, upstream.ErrTooLarge):
		return nil, oversized(file, int64(len(body))+1)
	case err != nil && ctx.Err() == nil:
		return nil, &cutShort{err}
	}
	return body, err
}

func oversized(file telemetry.RunFile, n int64) error {
	if file.Size > 0 {
		return &unusable{fmt.Sprintf("is larger than the file: it has at least %d bytes instead of %d", n, file.Size)}
	}
	return tooLarge(n)
}

// checkDownload returns the failure of an answer that is not a file. Other hosts
// are not sent the token, and their refusals say nothing of it.
func (c *Client) checkDownload(resp *http.Response) error {
	err := gh.CheckResponse(resp)
	denied := resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden
	if denied && resp.Request != nil && !sameOrigin(resp.Request.URL, c.api.BaseURL) {
		return &unusable{fmt.Sprintf("points to a download that is refused (%d)", resp.StatusCode)}
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		err = undocumented(resp.StatusCode)
	}
	return err
}

func (b blobRow) decode(file telemetry.RunFile) (body []byte, err error) {
	switch {
	case b.Content == nil:
		return nil, &unusable{"has no content"}
	case b.Encoding == "base64":
		if body, err = base64.StdEncoding.DecodeString(strings.Map(notSpace, *b.Content)); err != nil {
			return nil, &unusable{"is not the base64 that it says"}
		}
	case b.Encoding == "" || b.Encoding == "utf-8":
		body = []byte(*b.Content)
	default:
		return nil, &unusable{fmt.Sprintf("has the encoding %q, which is not known here", field(b.Encoding))}
	}
	if len(body) > telemetry.MaxRecordBytes {
		return nil, oversized(file, int64(len(body)))
	}
	return body, whole(file, body, b.Size)
}

// whole refuses bytes that are not as many as the listing and the answer, size,
// say; 0 is a size that is not told. Beyond that the name is believed: not every
// server that speaks this API is Git.
func whole(file telemetry.RunFile, body []byte, size int64) error {
	n := int64(len(body))
	if blobSHA(body) != file.SHA && ((size > 0 && size != n) || (file.Size > 0 && file.Size != n)) {
		return &unusable{fmt.Sprintf("is not whole: it has %d bytes of %d", n, cmp.Or(size, file.Size))}
	}
	return nil
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
