package github_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"

	"telemetry-dashboard/services/github/githubtest"
)

// archiveOf is an archive of run files as putRuns writes them, the last of
// them in another version.
func archiveOf(f *testing.F, n int, folder string) []byte {
	f.Helper()
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for i := range n {
		body := fmt.Appendf(nil, `{"target_repo": "o/r", "run_number": %d}`, i/(n-1)*7+i)
		head := &tar.Header{Name: fmt.Sprintf("%s/telemetry/runs/run_%05d.json", folder, i), Mode: 0o600, Size: int64(len(body))}
		if err := out.WriteHeader(head); err != nil {
			f.Fatal(err)
		}
		if _, err := out.Write(body); err != nil {
			f.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		f.Fatal(err)
	}
	return archive.Bytes()
}

// FuzzArchive: whatever comes as an archive, each file is given once, in the
// version that was listed.
func FuzzArchive(f *testing.F) {
	whole := archiveOf(f, 30, "o-r-abc")
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	if _, err := zip.Write(whole); err != nil || zip.Close() != nil {
		f.Fatal(err)
	}
	for _, body := range [][]byte{nil, {0}, whole, whole[:9000], whole[:512], zipped.Bytes(), zipped.Bytes()[:200], archiveOf(f, 3, "."), archiveOf(f, 3, ".."), []byte("<html>")} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, c := start(t)
		putRuns(p.Repo(actionRepo), 0, 30)
		files, err := c.RunFiles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Fail(githubtest.Fault{Path: "/_archive/", Status: 200, Raw: string(body)})
		bodies, failed, err := fetch(t.Context(), c, files)
		if err != nil || len(failed) > 0 || len(bodies) != 30 {
			t.Fatalf("%d files were given, %v failed, %v", len(bodies), failed, err)
		}
		for i := range 30 {
			if got, want := bodies[fmt.Sprintf("run_%05d.json", i)], fmt.Sprintf(`{"target_repo": "o/r", "run_number": %d}`, i); got != want {
				t.Errorf("file %d is %q", i, got)
			}
		}
	})
}
