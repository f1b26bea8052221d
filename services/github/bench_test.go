package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

func benchClient(b *testing.B, files int) (*githubtest.Player, *github.Action) {
	b.Helper()
	p := githubtest.New(githubtest.Options{})
	srv := httptest.NewServer(p)
	b.Cleanup(srv.Close)
	putRuns(p.Repo(actionRepo), 0, files)
	c, err := github.New(github.Options{BaseURL: srv.URL, Transport: &http.Transport{}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return p, c.Action(actionRepo, "")
}

// BenchmarkUnchangedRunFiles is a refresh that finds nothing new.
func BenchmarkUnchangedRunFiles(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, c := benchClient(b, n)
			if _, err := c.RunFiles(b.Context()); err != nil {
				b.Fatal(err)
			}
			p.Forget()
			b.ReportAllocs()
			for b.Loop() {
				if files, err := c.RunFiles(b.Context()); err != nil || len(files) != n {
					b.Fatalf("%d files, error %v", len(files), err)
				}
			}
			b.ReportMetric(float64(p.Counted()), "counted")
		})
	}
}

// BenchmarkNewRunFiles is a first refresh, by one archive.
func BenchmarkNewRunFiles(b *testing.B) {
	const n = 10_000
	_, c := benchClient(b, n)
	b.ReportAllocs()
	for b.Loop() {
		files, err := c.RunFiles(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		got := 0
		err = c.FetchRunFiles(b.Context(), files, func(telemetry.RunFile, []byte, error) error { got++; return nil })
		if err != nil || got != n {
			b.Fatalf("%d files, error %v", got, err)
		}
	}
}
