package telemetry

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseRegistry(t *testing.T) {
	score, most := int64(80), int64(2)
	got, err := ParseRegistry([]byte(`{"version": "2.0", "later": 1, "repos": [
		{"repo": "https://x:secret@github.com/o/second", "enabled": false, "schedule": "Weekly", "overrides": {}},
		{"repo": "o/first.git", "importance": "High", "importance_score": 80, "tags": ["web", "", null], "max_sessions_per_cycle": 2, "auto_scan": true, "auto_dispatch": true, "schedule": "daily"}]}`))
	want := []RegistryEntry{
		{Repo: "o/first", Importance: "high", Score: &score, Tags: []string{"web"}, Schedule: "daily", Enabled: true, AutoScan: true, AutoDispatch: true, MaxSessions: &most},
		{Repo: "o/second", Tags: []string{}, Schedule: "weekly"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v (%v)\nwant %+v", got, err, want)
	}
	for body, says := range map[string]string{
		"": "empty", "[]": "not a JSON object", "{}": "repos: missing", `{"repos": {}}`: "wrong type", `{"repos": [null]}`: "repos[0].repo: want owner/name",
		`{"repos": [{"repo": "nothing"}]}`: "repos[0].repo", `{"repos": [{"repo": "o/r", "importance_score": "x"}]}`: "repos[0].importance_score",
	} {
		if _, err := ParseRegistry([]byte(body)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", body, err, says)
		}
	}
}

func TestParseState(t *testing.T) {
	got, err := ParseState([]byte(`{"last_cycle": "x", "dispatch_history": {"bb": null,
		"aa": {"dispatch_count": 3, "fingerprint": "aa", "last_dispatched": "2026-02-14T01:19:17.523528+00:00", "last_session_id": "devin-88CB", "consecutive_failures": 1},
		"cc": {"last_session_id": "dry-run", "last_dispatched": "never"}}}`))
	want := []StateEntry{
		{Fingerprint: "aa", Session: "88cb", Dispatches: 3, Failures: 1, LastAt: time.Date(2026, 2, 14, 1, 19, 17, 523_000_000, time.UTC)},
		{Fingerprint: "cc"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v (%v)\nwant %+v", got, err, want)
	}
	if got, err := ParseState([]byte(`{"scan_schedule": {}}`)); err != nil || len(got) != 0 {
		t.Errorf("a state without a history: %v, %v", got, err)
	}
	for body, says := range map[string]string{
		`{"dispatch_history": [1]}`: "want an object", `{"dispatch_history": {"": {}}}`: "no fingerprint", `{"dispatch_history": {"a": 1}}`: "wrong type",
		`{"dispatch_history": {"a": {"dispatch_count": "x"}}}`: "dispatch_history.a.dispatch_count",
	} {
		if _, err := ParseState([]byte(body)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", body, err, says)
		}
	}
}

func TestRealRegistryAndState(t *testing.T) {
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: a real registry: REAL_RUNS is not set")
	}
	read := func(name string) []byte {
		body, err := os.ReadFile(filepath.Join(dir, "..", name))
		if err != nil {
			t.Skipf("SKIPPED: a real registry: %s is not beside REAL_RUNS", name)
		}
		return body
	}
	registry, err := ParseRegistry(read(RegistryFile))
	if err != nil || len(registry) != 3 || registry[0].Importance != "high" || registry[1].Importance != "critical" || *registry[1].Score != 90 {
		t.Errorf("the registry: %+v, %v", registry, err)
	}
	state, err := ParseState(read(StateFile))
	if err != nil || len(state) != 28 || state[0].Session == "" || state[0].LastAt.IsZero() {
		t.Errorf("the state: %d entries, %v", len(state), err)
	}
}
