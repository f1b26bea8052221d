package github_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// inBubble answers requests by a handler in the same goroutine, since a socket
// would stop a bubble's clock. A body ends with the request's context, and may
// be slow.
type inBubble struct {
	http.Handler
	pause func(path string) time.Duration // before each part of a body
}

type untilDone struct {
	io.Reader
	ctx   context.Context
	pause time.Duration
}

func (u untilDone) Read(p []byte) (int, error) {
	select {
	case <-time.After(u.pause):
	case <-u.ctx.Done():
		return 0, u.ctx.Err()
	}
	return u.Reader.Read(p[:min(len(p), 4<<10)])
}

func (b inBubble) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, asked := httptest.NewRecorder(), r.Clone(r.Context())
	asked.RequestURI, asked.Body = r.URL.RequestURI(), http.NoBody
	b.ServeHTTP(answer, asked)
	res := answer.Result()
	res.Request, res.Body = r, io.NopCloser(untilDone{res.Body, r.Context(), b.pause(r.URL.Path)})
	return res, nil
}

// TestLongArchive: an archive that takes hours, since each file takes long to
// be stored, brings all of them; one that brings no more is given up, and the
// rest is fetched one by one.
func TestLongArchive(t *testing.T) {
	for name, c := range map[string]struct {
		storing, pause time.Duration // of a file, before each part of the archive
		blobs          int
	}{
		"slow to store":     {storing: 5 * time.Minute},
		"slow to come":      {pause: 3 * time.Second},
		"too slow for more": {pause: 9 * time.Second, blobs: 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := githubtest.New(githubtest.Options{Token: token})
				size := 20 << 10
				if c.blobs > 0 {
					size = 100 << 10 // more than the window of one file brings
				}
				for n := range 30 {
					text := noise(n, size)
					p.Repo(actionRepo).PutFile(fmt.Sprintf("telemetry/runs/%02d.json", n), text)
				}
				a := client(t, "http://127.0.0.1:1", func(o *github.Options) {
					o.Transport = inBubble{p, func(path string) time.Duration {
						if strings.HasPrefix(path, "/_archive/") {
							return c.pause
						}
						return 0
					}}
				})
				files, err := a.RunFiles(t.Context())
				if err != nil || len(files) != 30 {
					t.Fatalf("%d files, %v", len(files), err)
				}
				p.Forget()
				var given atomic.Int64 // single files are given by several goroutines
				err = a.FetchRunFiles(t.Context(), files, func(file telemetry.RunFile, body []byte, err error) error {
					time.Sleep(c.storing)
					if given.Add(1); err != nil || telemetry.BlobSHA(file.SHA, body) != file.SHA {
						t.Errorf("%s: %d bytes, %v", file.Name, len(body), err)
					}
					return nil
				})
				asked := paths(p)
				if err != nil || given.Load() != 30 || strings.Count(asked, "/git/blobs/") != c.blobs {
					t.Errorf("%d files, %v, want %d blobs:\n%s", given.Load(), err, c.blobs, asked)
				}
			})
		})
	}
}

// noise is a text that cannot be packed to much less.
func noise(seed, size int) []byte {
	state, text := uint64(seed)*2654435761+1, make([]byte, size)
	for i := range text {
		state = state*6364136223846793005 + 1442695040888963407
		text[i] = byte(state >> 56)
	}
	return text
}
