package ingest_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// counted counts what is fetched.
type counted struct {
	ingest.Dir
	fetched *int
}

func (c counted) FetchRunFiles(ctx context.Context, files []telemetry.RunFile, got func(telemetry.RunFile, []byte, error) error) error {
	*c.fetched += len(files)
	return c.Dir.FetchRunFiles(ctx, files, got)
}

// TestPruneJob: what is older than RETENTION_DAYS is pruned, and a refresh
// does not fetch it again; the job says what it did, and the file list and the
// raw record say since when it is gone.
func TestPruneJob(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "runs")
	scan := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File("1.json")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "1.json"), scan.Body, 0o600); err != nil {
		t.Fatal(err)
	}
	fetched := 0
	jobs, s := runnerOn(t, ingest.Options{RetentionDays: 90, Sources: []ingest.Source{{Files: counted{ingest.Dir{Path: dir}, &fetched}}}})
	run(t, jobs, ingest.JobRefresh)
	run(t, jobs, ingest.JobPrune)
	before := fetched
	run(t, jobs, ingest.JobRefresh)
	if fetched != before {
		t.Errorf("the refresh fetched %d pruned files again", fetched-before)
	}
	list, err := lists.Jobs(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Jobs(s.Store), "kind:prune is:done"), Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, j := range list.Items { // the one of the start may have found it, too
		var result telemetry.Pruned
		if err := json.Unmarshal(j.Result, &result); err != nil || result.Days != 90 || result.Note != "" {
			t.Errorf("a job says %s (%v)", j.Result, err)
		}
		if result.Records == 1 && result.Bytes > 0 {
			said++
		}
	}
	if said != 1 {
		t.Errorf("%d of %d jobs say that a record was pruned, want 1", said, len(list.Items))
	}
	files, err := lists.Files(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Files(s.Store), "is:pruned"), Page: storetest.AllRows()})
	if err != nil || len(files.Items) != 1 || files.Items[0].PrunedAt.IsZero() {
		t.Errorf("the list of files has %+v (%v)", files.Items, err)
	}
	_, err = s.Raw(t.Context(), "", "1.json")
	if day := files.Items[0].PrunedAt.UTC().Format("2006-01-02"); telemetry.CodeOf(err) != telemetry.CodePruned ||
		!strings.Contains(err.Error(), "pruned on "+day) || !strings.Contains(err.Error(), "RETENTION_DAYS") {
		t.Errorf("the raw record: %v", err)
	}
	d, err := s.RunDetail(t.Context(), "", "1.json", telemetry.Time{}.Time)
	if err != nil || d.PrunedAt.IsZero() || !d.LogPrunedAt.IsZero() || len(d.New) != 1 {
		t.Errorf("the run is %+v (%v)", d, err)
	}
}

// TestNothingIsPrunedByDefault: without RETENTION_DAYS there is no such job.
func TestNothingIsPrunedByDefault(t *testing.T) {
	jobs, s := runnerOn(t, ingest.Options{})
	storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2016-02-01T10:00:00Z", Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File("1.json"))
	if _, err := jobs.Start(ingest.JobPrune, ingest.Order{}); telemetry.CodeOf(err) != telemetry.CodeMissingSetting || !strings.Contains(err.Error(), "RETENTION_DAYS") {
		t.Errorf("started: %v", err)
	}
	if raw, err := s.Raw(t.Context(), "", "1.json"); err != nil || len(raw.Body) == 0 {
		t.Errorf("the raw record: %v", err)
	}
}
