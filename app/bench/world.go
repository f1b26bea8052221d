package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// The history on which the budgets are measured.
const (
	repositories    = 1000
	findingsPerScan = 40
	sessionsPerScan = 0.1 // 10,000 sessions at 100,000 runs
	seed            = 1
)

// historyEnd is when the history ends; the server's clock is an hour
// later, so that no minute passes while an unchanged answer is asked for.
func historyEnd() time.Time { return time.Date(2026, 5, 14, 14, 32, 0, 0, time.UTC) }

func clock() time.Time { return historyEnd().Add(time.Hour) }

// world is a generated history on disk, by repository: 100,000 records do
// not fit a small machine's memory.
type world struct {
	spool *os.File
	repos [][]place
	files int
}

// place is where a run file lies in the spool.
type place struct {
	name         string
	offset, size int64
}

// newWorld generates a history of about so many runs into dir. Each
// repository has one scan more than is loaded: what is held back is ingested
// alone.
func newWorld(dir string, runs int) (*world, error) {
	f, err := os.Create(filepath.Join(dir, "spool"))
	if err != nil {
		return nil, err
	}
	w := &world{spool: f}
	byRepo := map[string][]place{}
	out := bufio.NewWriterSize(f, 1<<20)
	var offset int64
	for file := range history.Generate(history.Options{
		Seed:            seed,
		Repos:           repositories,
		End:             historyEnd(),
		ScansPerRepo:    runs/repositories + 1,
		FindingsPerScan: findingsPerScan,
		SessionsPerScan: sessionsPerScan,
		Disturb:         history.Believable(),
	}) {
		byRepo[file.Repo] = append(byRepo[file.Repo], place{file.Name, offset, int64(len(file.Body))})
		if _, err := out.Write(file.Body); err != nil {
			return nil, fmt.Errorf("write the generated history: %w", err)
		}
		offset += int64(len(file.Body))
		w.files++
	}
	for _, name := range slices.Sorted(maps.Keys(byRepo)) {
		w.repos = append(w.repos, byRepo[name])
	}
	return w, out.Flush()
}

func (w *world) close() {
	_ = w.spool.Close()
	_ = os.Remove(w.spool.Name()) // it lies in a directory that goes anyway
}

// read returns the files of a repository, not yet parsed.
func (w *world) read(repo int) ([]telemetry.FetchedFile, error) {
	files := make([]telemetry.FetchedFile, 0, len(w.repos[repo]))
	for _, p := range w.repos[repo] {
		body := make([]byte, p.size)
		if _, err := w.spool.ReadAt(body, p.offset); err != nil && err != io.EOF {
			return nil, fmt.Errorf("read the generated history: %w", err)
		}
		file := telemetry.RunFile{Name: p.name, SHA: fmt.Sprintf("%040x", p.offset+1), Size: p.size}
		files = append(files, telemetry.FetchedFile{RunFile: file, Body: body})
	}
	return files, nil
}

// parse reads the records, and puts the files in their order.
func parse(files []telemetry.FetchedFile) error {
	for i := range files {
		files[i].Record, files[i].Err = telemetry.ParseRecord(files[i].Body)
		if files[i].Err != nil {
			return fmt.Errorf("%s: %w", files[i].Name, files[i].Err)
		}
	}
	slices.SortFunc(files, func(a, b telemetry.FetchedFile) int {
		return cmp.Or(a.Record.Timestamp.Compare(b.Record.Timestamp), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// holdBack takes a scan out of files in order: the last one with last, else
// the one in the middle. held is false where there is none.
func holdBack(files []telemetry.FetchedFile, last bool) (rest []telemetry.FetchedFile, one telemetry.FetchedFile, held bool) {
	var scans []int
	for i, f := range files {
		if f.Record.Kind == telemetry.KindScan {
			scans = append(scans, i)
		}
	}
	if len(scans) < 2 {
		return files, one, false
	}
	at := scans[len(scans)-1]
	if !last {
		at = scans[(len(scans)-1)/2]
	}
	one = files[at]
	if last { // newer than all that is loaded
		return slices.DeleteFunc(files, func(f telemetry.FetchedFile) bool {
			return !f.Record.Timestamp.Before(one.Record.Timestamp)
		}), one, true
	}
	return slices.Delete(files, at, at+1), one, true
}
