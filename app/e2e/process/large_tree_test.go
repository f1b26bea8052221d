package process

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // Git names blobs by SHA-1
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// largeRepo is a GitHub whose one repository has many files, of which it keeps none
// in memory.
type largeRepo struct {
	others, runs int // files beside telemetry/runs, and in it
}

// run is a scan of the one repository that all are of, a minute after the one before.
func (l *largeRepo) run(i int) string {
	at := time.Date(2025, 2, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339)
	return fmt.Sprintf(`{"target_repo": "https://github.com/octo/shop", "run_number": %d, "run_id": "%d", "timestamp": %q, `+
		`"issues_found": 0, "sessions": [], "issue_fingerprints": []}`, i+1, i+1, at)
}

func shaOf(body string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(body), body)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

func (l *largeRepo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	folder := func(path, sha string) {
		fmt.Fprintf(out, `{"path": %q, "mode": "040000", "type": "tree", "sha": %q}`, path, sha)
	}
	file := func(path, body, at string) {
		fmt.Fprintf(out, `,{"path": %q, "mode": "100644", "type": "blob", "sha": %q, "size": %d, "url": "http://%s%s/%s"}`,
			path, shaOf(body), len(body), r.Host, at, strings.Repeat("a", 40))
	}
	const repo = "/repos/" + program.ActionRepo
	tree, isTree := strings.CutPrefix(r.URL.Path, repo+"/git/trees/")
	switch {
	case r.URL.Path == repo:
		fmt.Fprint(out, `{"id": 5, "full_name": "`+program.ActionRepo+`", "default_branch": "main"}`)
	case isTree:
		whole := r.URL.Query().Has("recursive")
		fmt.Fprint(out, `{"truncated": false, "tree": [`)
		switch tree {
		case "main":
			folder("telemetry", "t")
			for i := range l.others {
				if whole {
					file(fmt.Sprintf("src/a/long/way/down/to/the/file/of/number/%d.txt", i), "x", repo+"/git/blobs")
				}
			}
			if whole {
				fmt.Fprint(out, ",")
				folder("telemetry/runs", "r")
			}
		case "t":
			folder("runs", "r")
		default:
			folder("archive", "a")
		}
		for i := range l.runs {
			if whole {
				file(fmt.Sprintf("telemetry/runs/run_%06d.json", i), l.run(i), repo+"/git/blobs")
			} else if tree == "r" {
				file(fmt.Sprintf("run_%06d.json", i), l.run(i), repo+"/git/blobs")
			}
		}
		fmt.Fprint(out, `]}`)
	case strings.HasPrefix(r.URL.Path, repo+"/git/blobs/"):
		sha := strings.TrimPrefix(r.URL.Path, repo+"/git/blobs/")
		for i := range l.runs {
			if body := l.run(i); shaOf(body) == sha {
				fmt.Fprintf(out, `{"sha": %q, "encoding": "base64", "content": %q}`, sha, base64.StdEncoding.EncodeToString([]byte(body)))
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	case strings.Contains(r.URL.Path, "/tarball/") && l.runs > 100:
		l.archive(w)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

var large = flag.Int("large", 2000, "how many run files TestManyRunFiles has: at most 200,000")

// TestLargeTree: a repository of 200,000 files is read, and takes a bounded part of the
// memory of a small machine.
func TestLargeTree(t *testing.T) { readLarge(t, &largeRepo{others: 200_000, runs: 20}) }

// TestManyRunFiles: so is one whose files are run files, all of one repository; task
// large has 200,000 of them.
func TestManyRunFiles(t *testing.T) { readLarge(t, &largeRepo{others: 1000, runs: *large}) }

func readLarge(t *testing.T, l *largeRepo) {
	t.Helper()
	if program.Race {
		t.Skip("SKIPPED: a large tree: the race detector takes memory of its own")
	}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	began := time.Now()
	p := program.Start(t, program.Settings{
		"GITHUB_API_URL": server.URL, "GITHUB_TOKEN": "t", "ACTION_REPO": program.ActionRepo, "GOMEMLIMIT": smallLimit, "REFRESH_INTERVAL": "0",
		"DATABASE_URL": "sqlite:" + t.TempDir() + "/large.db",
	})
	for range 3 {
		result := p.Job("refresh")
		t.Logf("after %v: %v", time.Since(began).Round(time.Millisecond), result)
	}
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": float64(l.runs)})
	if _, most := resident(t, p.PID()); most > smallMemory {
		t.Errorf("the program had %d MB resident", most>>20)
	}
}

// archive writes the run files as GitHub's tarball has them.
func (l *largeRepo) archive(w http.ResponseWriter) {
	zip := gzip.NewWriter(w)
	out := tar.NewWriter(zip)
	for i := range l.runs {
		body := l.run(i)
		header := tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("octo-action-1/telemetry/runs/run_%06d.json", i), Size: int64(len(body)), Mode: 0o644}
		if out.WriteHeader(&header) != nil {
			return
		}
		if _, err := out.Write([]byte(body)); err != nil {
			return
		}
	}
	_ = out.Close() // a client that left is not a failure of ours
	_ = zip.Close()
}
