package derive_test

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestOwners: an issue belongs to whom CODEOWNERS names for its file, else to whom the
// registry's tags name; also under the repository's next name, after a rebuild from
// nothing, and at a past time by the file that was known then.
func TestOwners(t *testing.T) {
	at := storetest.Day("2026-03-02 12:00")
	now := at
	storetest.OnClock(t, func() time.Time { return now }, func(t *testing.T, s *storetest.Store) {
		now = at
		scan := func(run int64, day string, findings ...string) {
			storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: run, At: day + "T10:00:00Z", Findings: findings}.File(day+".json"))
		}
		scan(1, "2026-03-01", "js/xss src/a.js 1 aaaaaaaaaaaaaaaa1", "go/x main.go 1 bbbbbbbbbbbbbbbb1")
		owned := func(what, asOf, q, want string) {
			t.Helper()
			ask := query.Ask{Query: storetest.Parse(t, lists.Issues(s.Store), q), Page: storetest.AllRows()}
			if asOf != "" {
				ask.AsOf = storetest.Day(asOf)
			}
			rows, err := lists.Issues(s.Store).Rows(t.Context(), ask)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			files := map[string]string{}
			for _, row := range rows.Items {
				files[row.File] = strings.Join(row.Owners, "+")
			}
			var got []string
			for _, file := range []string{"main.go", "src/a.js", "src/b.js"} {
				if who, listed := files[file]; listed {
					got = append(got, file+"="+who)
				}
			}
			if text := strings.Join(got, " "); text != want {
				t.Errorf("%s: %q, want %q", what, text, want)
			}
		}
		save := func(text string) {
			t.Helper()
			if err := s.SaveCodeowners(t.Context(), "o/r", telemetry.CodeownersFile{Path: "CODEOWNERS", Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		owned("nobody", "", "", "main.go= src/a.js=")
		storetest.PutSide(t, s, telemetry.RegistryFile, []byte(`{"repos": [{"repo": "o/r", "tags": ["payments", "web"]}]}`))
		owned("by the registry", "", "", "main.go=payments+web src/a.js=payments+web")
		save("*.js @org/Front-End @ann\n")
		owned("by CODEOWNERS", "", "", "main.go= src/a.js=@org/Front-End+@ann")
		owned("of a team", "", "owner:@org/front-end", "src/a.js=@org/Front-End+@ann")
		owned("of a team without its organisation", "", "owner:@front-end", "src/a.js=@org/Front-End+@ann")
		owned("of a person", "", "owner:ann", "src/a.js=@org/Front-End+@ann")
		owned("of a part of a name", "", "owner:front", "")
		owned("of nobody", "", "no:owner", "main.go=")
		scan(2, "2026-03-02", "js/xss src/a.js 1 aaaaaaaaaaaaaaaa1", "go/x main.go 1 bbbbbbbbbbbbbbbb1", "js/xss src/b.js 1 cccccccccccccccc1")
		owned("of a later scan", "", "", "main.go= src/a.js=@org/Front-End+@ann src/b.js=@org/Front-End+@ann")
		now = at.Add(48 * time.Hour)
		save("* @bob\n/src/\n")
		owned("by the next version", "", "", "main.go=@bob src/a.js= src/b.js=")
		owned("at a past time", "2026-03-03 00:00", "", "main.go= src/a.js=@org/Front-End+@ann src/b.js=@org/Front-End+@ann")
		owned("before it was known", "2026-03-02 11:00", "", "main.go= src/a.js= src/b.js=")
		askedAbout(t, s, answer("o/r", "o/new", 7))
		owned("under its next name", "", "repo:o/new", "main.go=@bob src/a.js= src/b.js=")
		for _, statement := range []string{`UPDATE files SET derived = 'old rules'`, `UPDATE issues SET owners = '["wrong"]'`} {
			if err := s.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Rebuild(t.Context(), func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		owned("after a rebuild", "", "", "main.go=@bob src/a.js= src/b.js=")
		owned("of a person at a past time", "2026-03-03 00:00", "owner:ann", "src/a.js=@org/Front-End+@ann src/b.js=@org/Front-End+@ann")
		owned("of one who came later", "2026-03-03 00:00", "owner:bob", "")
		owned("of nobody at a past time", "2026-03-03 00:00", "no:owner", "main.go=")
		owned("of nobody before it was known", "2026-03-02 11:00", "no:owner", "main.go= src/a.js= src/b.js=")
	})
}

// TestReposToOwn: each repository is asked once a day, and all where a person asks.
func TestReposToOwn(t *testing.T) {
	at := storetest.Day("2026-03-02 12:00")
	now := at
	storetest.OnClock(t, func() time.Time { return now }, func(t *testing.T, s *storetest.Store) {
		now = at
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A medium xss"}))
		due := func(what string, all bool, want string) {
			t.Helper()
			repos, err := s.ReposToOwn(t.Context(), all, 10)
			names := make([]string, len(repos))
			for i, name := range repos {
				names[i] = string(name)
			}
			if got := strings.Join(names, " "); err != nil || got != want {
				t.Errorf("%s: %q, %v, want %q", what, got, err, want)
			}
		}
		due("at first", false, "a/b")
		if err := s.SaveCodeowners(t.Context(), "a/b", telemetry.CodeownersFile{}); err != nil {
			t.Fatal(err)
		}
		due("just asked", false, "")
		due("for a person", true, "a/b")
		now = at.Add(25 * time.Hour)
		due("a day later", false, "a/b")
		if err := s.PutOffCodeowners(t.Context(), "a/b"); err != nil {
			t.Fatal(err)
		}
		due("put off", false, "")
	})
}
