package derive_test

import (
	"fmt"
	"strings"
	"testing"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestRegistryEntries: an entry applies to the repository of its name, under any
// name that it had, and to the fork of it on GitHub that is scanned, if there is
// one alone. That of the present name itself comes first.
func TestRegistryEntries(t *testing.T) {
	upstream := func(asked, parent telemetry.RepoName, id int64) telemetry.RepoAnswer {
		return telemetry.RepoAnswer{Asked: asked, GitHubRepo: telemetry.GitHubRepo{ID: id, Name: asked, Parent: parent}}
	}
	for _, tc := range []struct {
		name       string
		targets    string // the repositories that runs scan
		registered string
		answers    []telemetry.RepoAnswer
		want       string // the entry of each repository that has one
	}{
		{"its own name, in any case", "o/a o/b", "O/A", nil, "o/a=o/a"},
		{"a name that it had", "o/old", "o/old", []telemetry.RepoAnswer{answer("o/old", "o/new", 7)}, "o/new=o/old"},
		{"the name that it has now comes first", "o/old", "o/old o/new", []telemetry.RepoAnswer{answer("o/old", "o/new", 7)}, "o/new=o/new"},
		{"the one fork that is scanned", "me/app", "up/app", []telemetry.RepoAnswer{upstream("me/app", "up/app", 7)}, "me/app=up/app"},
		{"its own comes before its upstream's", "me/app", "up/app me/app", []telemetry.RepoAnswer{upstream("me/app", "up/app", 7)}, "me/app=me/app"},
		{"of two forks nobody knows which is meant", "me/app you/app", "up/app",
			[]telemetry.RepoAnswer{upstream("me/app", "up/app", 7), upstream("you/app", "up/app", 8)}, ""},
		{"an upstream that is scanned too has its own", "me/app up/app", "up/app",
			[]telemetry.RepoAnswer{upstream("me/app", "up/app", 7), upstream("up/app", "", 8)}, "me/app=up/app up/app=up/app"},
		{"the fork of one that was renamed", "me/app", "up/old",
			[]telemetry.RepoAnswer{upstream("me/app", "up/old", 7), answer("up/old", "up/new", 8)}, "me/app=up/old"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				for i, target := range strings.Fields(tc.targets) {
					storetest.Put(t, s, storetest.ScanRecord{Repo: target, Run: int64(i + 1), At: "2026-03-01T10:00:00Z",
						Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File(fmt.Sprintf("%d.json", i)))
				}
				entries := strings.Fields(tc.registered)
				for i, name := range entries {
					entries[i] = fmt.Sprintf(`{"repo": %q, "importance": "high"}`, name)
				}
				storetest.PutSide(t, s, telemetry.RegistryFile, []byte(`{"repos": [`+strings.Join(entries, ",")+`]}`))
				askedAbout(t, s, tc.answers...)
				texts, err := s.Texts(t.Context(), `SELECT key || '=' || registry_key FROM repos WHERE registry_key <> '' ORDER BY key`)
				if got := strings.Join(texts, " "); err != nil || got != tc.want {
					t.Errorf("entries %q, %v, want %q", got, err, tc.want)
				}
			})
		})
	}
}
