package github_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// TestArchiveElsewhere: archives come from another host, which is not given
// the token.
func TestArchiveElsewhere(t *testing.T) {
	p, c := start(t)
	other := httptest.NewServer(p)
	t.Cleanup(other.Close)
	p.ArchivesAt(other.URL)
	putRuns(p.Repo(actionRepo), 0, 40)
	files, err := c.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bodies, _, err := fetch(t.Context(), c, files)
	if err != nil || len(bodies) != 40 {
		t.Fatalf("%d bodies, error %v", len(bodies), err)
	}
	archives := 0
	for _, r := range p.Requests() {
		if strings.HasPrefix(r.Path, "/_archive/") {
			archives++
			if r.Token != "" {
				t.Errorf("the token was sent with %s", r.Path)
			}
		} else if r.Token != token {
			t.Errorf("no token was sent with %s", r.Path)
		}
	}
	if archives != 1 || p.Counted() != 3 {
		t.Errorf("%d archives and %d counted requests, want 1 and 3:\n%s", archives, p.Counted(), paths(p))
	}
}

// TestArchiveLacks: what an archive does not have, or has in another
// version, is fetched by its SHA.
func TestArchiveLacks(t *testing.T) {
	p, c := start(t)
	r := p.Repo(actionRepo)
	putRuns(r, 0, 40)
	files, err := c.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.DeleteFile("telemetry/runs/run_00003.json")
	r.PutFile("telemetry/runs/run_00004.json", []byte(`{"changed": true}`))
	bodies, failed, err := fetch(t.Context(), c, files)
	if err != nil || len(failed) > 0 {
		t.Fatalf("failed %v, error %v", failed, err)
	}
	for _, i := range []int{3, 4, 5} {
		if got := bodies[fmt.Sprintf("run_%05d.json", i)]; !strings.Contains(got, fmt.Sprintf(`"run_number": %d`, i)) {
			t.Errorf("file %d is %q: not the version that was listed", i, got)
		}
	}
	if n := strings.Count(paths(p), "/git/blobs/"); n != 2 {
		t.Errorf("%d blobs asked, want 2:\n%s", n, paths(p))
	}
}

func TestArchiveFails(t *testing.T) {
	tests := map[string]struct {
		fault githubtest.Fault
		code  telemetry.Code // "": all is fetched all the same
	}{
		"not found":       {githubtest.Fault{Path: "/tarball/", Status: 404}, ""},
		"not made":        {githubtest.Fault{Path: "/tarball/", Status: 501}, ""},
		"not an archive":  {githubtest.Fault{Path: "/tarball/", Status: 200, Raw: "<html>" + strings.Repeat("sorry ", 200) + "</html>"}, ""},
		"a short text":    {githubtest.Fault{Path: "/_archive/", Status: 200, Raw: "sorry"}, ""},
		"refused":         {githubtest.Fault{Path: "/tarball/", Status: 401}, telemetry.CodeUpstreamToken},
		"limited":         {githubtest.Secondary(429, 60), telemetry.CodeRateLimited},
		"failing":         {githubtest.Fault{Path: "/_archive/", Status: 500}, telemetry.CodeUpstreamDown},
		"cut short":       {githubtest.Fault{Path: "/_archive/", CutShort: true, Raw: "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"}, ""},
		"other protocol":  {githubtest.Fault{Path: "/tarball/", Status: 302, Header: http.Header{"Location": {"file:///etc/passwd"}}}, telemetry.CodeUpstreamRejected},
		"limited there":   {githubtest.Fault{Path: "/_archive/", Status: 429, Header: http.Header{"Retry-After": {"9"}}}, telemetry.CodeRateLimited},
		"gone in between": {githubtest.Fault{Path: "/_archive/", Status: 404}, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, c := start(t)
			putRuns(p.Repo(actionRepo), 0, 30)
			files, err := c.RunFiles(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.Fail(tc.fault)
			bodies, failed, err := fetch(t.Context(), c, files)
			if tc.code == "" {
				if err != nil || len(bodies) != 30 || len(failed) > 0 {
					t.Errorf("%d bodies, failed %v, error %v", len(bodies), failed, err)
				}
				return
			}
			if telemetry.CodeOf(err) != tc.code || len(bodies) > 0 {
				t.Errorf("%d bodies, error %v (%s), want %s", len(bodies), err, telemetry.CodeOf(err), tc.code)
			}
			if strings.Contains(err.Error(), "token=") {
				t.Errorf("the archive's address is in %q", err)
			}
		})
	}
}

// TestArchiveAlwaysCut: an archive that breaks off at the same place every
// time is asked for once more; then what it lacks is fetched one by one.
func TestArchiveAlwaysCut(t *testing.T) {
	p, c := start(t)
	putRuns(p.Repo(actionRepo), 0, 60)
	files, err := c.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, _, err := fetch(t.Context(), c, files)
	if err != nil || len(whole) != 60 {
		t.Fatalf("%d bodies, %v", len(whole), err)
	}
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for _, f := range files[:20] {
		if err := out.WriteHeader(&tar.Header{Name: "top/telemetry/runs/" + f.Name, Typeflag: tar.TypeReg, Size: int64(len(whole[f.Name])), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, whole[f.Name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	p.Fail(githubtest.Fault{Path: "/_archive/", CutShort: true, Raw: archive.String()})
	before := paths(p)
	bodies, failed, err := fetch(t.Context(), c, files)
	if err != nil || len(failed) > 0 || !maps.Equal(bodies, whole) {
		t.Errorf("%d bodies, failed %v, error %v", len(bodies), failed, err)
	}
	asked := strings.TrimPrefix(paths(p), before)
	if archives, blobs := strings.Count(asked, "/tarball/"), strings.Count(asked, "/git/blobs/"); archives != 2 || blobs != 40 {
		t.Errorf("%d archives and %d blobs asked, want 2 and 40:\n%s", archives, blobs, asked)
	}
}

// TestArchiveStalls: a silent host ends the wait, before its answer and
// within it.
func TestArchiveStalls(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	for name, fault := range map[string]githubtest.Fault{
		"before": {Path: "/_archive/", Delay: time.Minute},
		"within": {Path: "/tarball/", Status: http.StatusFound, Header: http.Header{"Location": {silent.URL + "/x.tar.gz"}}},
	} {
		t.Run(name, func(t *testing.T) {
			p, c := start(t, func(o *github.Options) { o.HTTPTimeout = time.Second })
			putRuns(p.Repo(actionRepo), 0, 30)
			files, err := c.RunFiles(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.Fail(fault)
			if _, _, err := fetch(t.Context(), c, files); telemetry.CodeOf(err) != telemetry.CodeUpstreamTimeout {
				t.Errorf("error %v (%s)", err, telemetry.CodeOf(err))
			}
		})
	}
}

func TestFewFilesByBlob(t *testing.T) {
	p, c := start(t)
	r := p.Repo(actionRepo)
	putRuns(r, 0, 5)
	files, err := c.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files = append(files,
		telemetry.RunFile{Name: "huge.json", SHA: strings.Repeat("a", 40), Size: telemetry.MaxRecordBytes + 1},
		telemetry.RunFile{Name: "gone.json", SHA: strings.Repeat("b", 40), Size: 7})
	p.Fail(githubtest.Fault{Path: "/git/blobs/" + files[1].SHA, Status: 500})
	p.Forget()
	bodies, failed, err := fetch(t.Context(), c, files)
	if err != nil || len(bodies) != 4 {
		t.Fatalf("%d bodies, error %v", len(bodies), err)
	}
	for name, want := range map[string]telemetry.Code{
		"huge.json": telemetry.CodeTooLarge, "gone.json": telemetry.CodeUpstreamNotFound, files[1].Name: telemetry.CodeUpstreamDown,
	} {
		if telemetry.CodeOf(failed[name]) != want {
			t.Errorf("%s: %v, want %s", name, failed[name], want)
		}
	}
	if text := paths(p); strings.Contains(text, "tarball") || strings.Contains(text, strings.Repeat("a", 40)) {
		t.Errorf("asked for an archive or the huge file:\n%s", text)
	}
}

// TestLeastServer: contents alone, files on another host, names that are
// not Git's, no limits, no ETags.
func TestLeastServer(t *testing.T) {
	raw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("the token was sent to %s", r.Host)
		}
		fmt.Fprintf(w, `{"file": %q}`, r.URL.Path)
	}))
	t.Cleanup(raw.Close)
	const folder = "/repos/" + actionRepo + "/contents/telemetry/runs"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+folder, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"name": "a.json", "sha": "v1", "type": "file"}, {"name": "b.json", "sha": "v7", "type": "file"}, {"name": "old", "sha": "d", "type": "dir"}]`)
	})
	mux.HandleFunc("GET "+folder+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		sha := map[string]string{"a.json": "v1", "b.json": "v8"}[r.PathValue("name")] // b.json has changed since
		fmt.Fprintf(w, `{"sha": %q, "encoding": "none", "content": "", "download_url": "%s/%s"}`, sha, raw.URL, r.PathValue("name"))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	c := client(t, srv.URL)
	files, err := c.RunFiles(t.Context())
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, error %v", files, err)
	}
	bodies, failed, err := fetch(t.Context(), c, files)
	if err != nil || bodies["a.json"] != `{"file": "/a.json"}` || telemetry.CodeOf(failed["b.json"]) != telemetry.CodeUpstreamNotFound {
		t.Errorf("%v, failed %v, error %v", bodies, failed, err)
	}
}

func TestBlobsFailAlike(t *testing.T) {
	tests := map[string]struct {
		fault githubtest.Fault
		code  telemetry.Code
		most  int // requests
	}{
		"token":  {githubtest.Fault{Status: 401}, telemetry.CodeUpstreamToken, 10},
		"limit":  {githubtest.Secondary(403, 60), telemetry.CodeRateLimited, 10},
		"denied": {githubtest.Fault{Status: 403}, telemetry.CodeUpstreamDenied, 20},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, c := start(t)
			putRuns(p.Repo(actionRepo), 0, 300)
			p.Without(githubtest.Archives)
			files, err := c.RunFiles(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tc.fault.Path = "/git/blobs/"
			p.Fail(tc.fault)
			p.Forget()
			_, _, err = fetch(t.Context(), c, files)
			if telemetry.CodeOf(err) != tc.code {
				t.Errorf("error %v, want %s", err, tc.code)
			}
			if n := len(p.Requests()); n > tc.most {
				t.Errorf("%d requests, want at most %d", n, tc.most)
			}
		})
	}
}

func TestFetchStopsWithItsReceiver(t *testing.T) {
	for _, n := range []int{3, 60} {
		p, c := start(t)
		putRuns(p.Repo(actionRepo), 0, n)
		files, err := c.RunFiles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		full := errors.New("disk full")
		if err := c.FetchRunFiles(t.Context(), files, func(telemetry.RunFile, []byte, error) error { return full }); !errors.Is(err, full) {
			t.Errorf("%d files: error %v, want the receiver's", n, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = c.FetchRunFiles(ctx, files, func(telemetry.RunFile, []byte, error) error { cancel(); return nil })
		if n == 60 && err == nil {
			continue // the archive was whole before anyone looked
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%d files: error %v, want a canceled context", n, err)
		}
	}
}

// TestRealRunFiles: the real records, byte for byte.
func TestRealRunFiles(t *testing.T) {
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no records in %s: %v", dir, err)
	}
	p, c := start(t, func(o *github.Options) { o.BaseURL += "/api/v3/" })
	want := map[string]string{}
	for _, path := range found {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want[filepath.Base(path)] = string(body)
		p.Repo(actionRepo).PutFile("telemetry/runs/"+filepath.Base(path), body)
	}
	for _, without := range [][]githubtest.Feature{{}, {githubtest.Archives}, {githubtest.Archives, githubtest.Blobs}} {
		p.Without(without...)
		files, err := c.RunFiles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		bodies, failed, err := fetch(t.Context(), c, files)
		if err != nil || len(failed) > 0 || len(bodies) != len(want) {
			t.Fatalf("without %v: %d bodies of %d, failed %v, error %v", without, len(bodies), len(want), failed, err)
		}
		for name, body := range want {
			if bodies[name] != body {
				t.Errorf("without %v: %s has other bytes", without, name)
			}
		}
	}
}
