package history_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// TestLogsOfAWorld: the logs that a world commits are such as the reader takes
// whole, belong to runs, and name what their sessions took; so do the registry
// and the state. The same options give the same bytes.
func TestLogsOfAWorld(t *testing.T) {
	options := history.Options{Seed: 7, Disturb: history.Believable()}
	w, again := history.NewWorld(options), history.NewWorld(options)
	records := map[string]*telemetry.Record{}
	for _, f := range w.Files() {
		if rec, err := telemetry.ParseRecord(f.Body); err == nil && rec.Kind == telemetry.KindScan {
			records[rec.RunLabel] = rec
		}
	}
	logs, named, unnamed, snippets := w.Logs(), 0, 0, 0
	for n, l := range logs {
		rec := records[l.Label]
		if rec == nil {
			continue // its record comes late
		}
		if in := rec.Fork; string(in) != l.Repo {
			t.Errorf("%s lies in %s, want %s", l.Label, l.Repo, in)
		}
		var files []telemetry.LogFile
		for k, f := range l.Files {
			files = append(files, telemetry.LogFile{RunFile: telemetry.RunFile{Name: f.Name}, Body: f.Body})
			if other := again.Logs()[n].Files[k]; other.Name != f.Name || !bytes.Equal(other.Body, f.Body) {
				t.Fatalf("%s of %s is another the second time", f.Name, l.Label)
			}
		}
		said := telemetry.ParseRunLog(files)
		if len(said.Broken) > 0 || len(said.Findings) != int(rec.IssuesFound) || len(said.Prompts) != len(rec.Sessions) {
			t.Errorf("%s: broken %v, %d findings of %d, %d prompts of %d", l.Label, said.Broken, len(said.Findings), rec.IssuesFound, len(said.Prompts), len(rec.Sessions))
		}
		byID := said.ByID()
		for _, s := range rec.Sessions {
			for _, id := range s.IssueIDs {
				f := byID[telemetry.IssueKey(id)]
				if f == nil {
					if id != "" && len(rec.Findings) > 0 {
						t.Errorf("%s: nothing is called %s", l.Label, id)
					}
					continue
				}
				named++
				snippets += len(f.Snippets)
			}
		}
		unnamed += len(rec.Unnamed())
	}
	if len(logs) < 50 || named < 20 || unnamed < 5 || snippets < named*9/10 {
		t.Errorf("%d logs name %d issues, %d of which no record names, with %d pieces of code", len(logs), named, unnamed, snippets)
	}
	registry, err := telemetry.ParseRegistry(w.Registry())
	if err != nil || len(registry) != len(w.Repos()) {
		t.Errorf("the registry has %d repositories, %v", len(registry), err)
	}
	state, err := telemetry.ParseState(w.State())
	if err != nil || len(state) == 0 || !strings.Contains(string(w.State()), "last_cycle") {
		t.Errorf("the state has %d entries, %v", len(state), err)
	}
	w.Advance(w.Now().Add(time.Hour))
	if !w.Scan(w.Repos()[0], 1, false, w.Now()) || len(w.Logs()) < len(logs) {
		t.Error("a world that goes on loses logs")
	}
}
