package derive_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// benchFiles returns parsed records by repository, each in time order.
func benchFiles(o history.Options) [][]telemetry.FetchedFile {
	byRepo := map[string][]telemetry.FetchedFile{}
	for f := range history.Generate(o) {
		g := storetest.Fetched(f.Name, f.Body)
		byRepo[g.Record.Repo.Key()] = append(byRepo[g.Record.Repo.Key()], g)
	}
	var out [][]telemetry.FetchedFile
	for _, files := range byRepo {
		slices.SortFunc(files, func(a, b telemetry.FetchedFile) int { return a.Record.Timestamp.Compare(b.Record.Timestamp) })
		out = append(out, files)
	}
	return out
}

// BenchmarkBulk stores a first refresh: every record of many repositories.
func BenchmarkBulk(b *testing.B) {
	repos := benchFiles(history.Options{Seed: 1, Repos: 100, ScansPerRepo: 50, FindingsPerScan: 40})
	n := 0
	for b.Loop() {
		n = 0
		s := storetest.OpenWith(b, store.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), Now: time.Now})
		for _, files := range repos {
			for part := range slices.Chunk(files, 500) {
				if _, err := s.PutFiles(b.Context(), "", part); err != nil {
					b.Fatal(err)
				}
				n += len(part)
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkOneRecord stores one more record of a repository that has a
// thousand: its cost must not be the history's.
func BenchmarkOneRecord(b *testing.B) {
	for _, history := range []int{20, 200, 1000} {
		b.Run(strconv.Itoa(history), func(b *testing.B) { oneRecord(b, history) })
	}
}

func oneRecord(b *testing.B, scans int) {
	files := benchFiles(history.Options{Seed: 1, Repos: 1, ScansPerRepo: scans + 200, FindingsPerScan: 40, SessionsPerScan: 2})[0]
	s := storetest.OpenWith(b, store.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), Now: time.Now})
	past := len(files) * scans / (scans + 200)
	for part := range slices.Chunk(files[:past], 500) {
		if _, err := s.PutFiles(b.Context(), "", part); err != nil {
			b.Fatal(err)
		}
	}
	next := past
	for b.Loop() {
		if next == len(files) {
			b.Skip("no more records")
		}
		if _, err := s.PutFiles(b.Context(), "", files[next:next+1]); err != nil {
			b.Fatal(err)
		}
		next++
	}
}
