package derive_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// statusCounts are the issues of the store by status, at a time.
func statusCounts(t *testing.T, s *storetest.Store, asOf time.Time) string {
	t.Helper()
	rows, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{AsOf: asOf, Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[telemetry.Status]int{}
	for _, i := range rows.Items {
		counts[i.Status]++
	}
	text := ""
	for _, status := range telemetry.Statuses() {
		if counts[status] > 0 {
			text += fmt.Sprintf("%d %s ", counts[status], status)
		}
	}
	return text
}

// again is a scan of a case once more, as a later run.
func again(t *testing.T, f telemetry.FetchedFile, run int) telemetry.FetchedFile {
	t.Helper()
	body := string(f.Body)
	at := fmt.Sprintf(`"timestamp": "2026-11-%02dT10:00:00+00:00"`, run)
	body = strings.Replace(body, `"timestamp": "2026-11-02T10:00:00+00:00"`, at, 1)
	body = strings.Replace(body, `"run_number": 2`, fmt.Sprintf(`"run_number": %d`, run), 1)
	return storetest.Fetched(fmt.Sprintf("%d.json", run), []byte(body))
}

// TestLostLanguage: a scan that names no C# any more closes none of it, and
// says so, until a person accepts it or it is the third.
func TestLostLanguage(t *testing.T) {
	files := storetest.CaseFiles(t, "lost-language")
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		const waiting, gone = "30 recurring 57 not_scanned ", "30 recurring 57 fixed "
		counts := func(what, want string) {
			t.Helper()
			if got := statusCounts(t, s, time.Time{}); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
			if got := statusCounts(t, s, time.Now().Add(time.Hour)); got != want {
				t.Errorf("%s, as of now: %s, want %s", what, got, want)
			}
		}
		storetest.PutEach(t, s, files)
		counts("two scans", waiting)
		if got := statusCounts(t, s, storetest.Day("2026-11-01 12:00")); got != "87 new " {
			t.Errorf("as of the first scan: %s", got)
		}
		h, err := s.RepoHealth(t.Context(), "acme/app", time.Time{})
		if err != nil || h.Lost == nil || !slices.Equal(h.Lost.Lost, []string{"cs"}) {
			t.Errorf("the repository says %+v (%v)", h.Lost, err)
		}
		if d, err := s.RunDetail(t.Context(), "", "2.json", time.Time{}); err != nil || len(d.Gone) != 0 || len(d.New) != 0 {
			t.Errorf("run 2: %d gone, %d new (%v), want none", len(d.Gone), len(d.New), err)
		}
		for _, undo := range []bool{false, true} {
			if err := s.AcceptScope(t.Context(), "", "2.json", undo, telemetry.ByPage); err != nil {
				t.Fatal(err)
			}
			counts(fmt.Sprint("accepted, undone: ", undo), map[bool]string{false: gone, true: waiting}[undo])
		}
		storetest.Put(t, s, again(t, files[1], 3))
		counts("the second time", waiting)
		storetest.Put(t, s, again(t, files[1], 4))
		counts("the third time", gone)
		replayed := storetest.OpenLike(t, s)
		storetest.Put(t, replayed, files[0], again(t, files[1], 4), again(t, files[1], 3), files[1])
		storetest.SameDump(t, "stored in one go", storetest.DumpOf(t, replayed), storetest.DumpOf(t, s))
	})
}

// TestLanguageTaken: where merged pull requests of sessions took every issue of
// a language, a scan without it has closed them, whatever came to be known first.
func TestLanguageTaken(t *testing.T) {
	var findings, ids, js []string
	for n := range 12 {
		findings = append(findings, fmt.Sprintf("cs/r a%d.cs 7 %020d", n, n))
		ids = append(ids, storetest.IssueID(1, n))
		js = append(js, fmt.Sprintf("js/r a%d.js 7 %020d", n, 100+n))
	}
	session := "aaaa0000aaaa0000aaaa0000aaaa0000"
	first := func(taken int) telemetry.FetchedFile {
		return storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: append(slices.Clone(findings), js...),
			Sessions: []map[string]any{sessionOf("devin-"+session, "finished", ids[:taken]...)}}.File("1.json")
	}
	second := storetest.ScanRecord{Repo: "o/r", Run: 2, At: "2026-02-03T10:00:00Z", Findings: js}.File("2.json")
	pull := func(merged string) []telemetry.PullRequest {
		at := storetest.Day(merged)
		return []telemetry.PullRequest{{Repo: "o/r", Number: 5, Title: "Fix", Body: "Session: https://app.devin.ai/sessions/" + session, State: "closed",
			CreatedAt: storetest.Day("2026-02-01 11:00"), UpdatedAt: at, MergedAt: at, ClosedAt: at}}
	}
	for _, c := range []struct {
		name, merged string
		taken        int
		want         string
	}{
		{"all taken", "2026-02-02", 12, "12 recurring 12 fixed "},
		{"one was not", "2026-02-02", 11, "12 recurring 12 not_scanned "},
		{"merged after the scan", "2026-02-04", 12, "12 recurring 12 not_scanned "},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				storetest.Put(t, s, first(c.taken), second)
				if got, want := statusCounts(t, s, time.Time{}), "12 recurring 12 not_scanned "; got != want {
					t.Errorf("before the pull request is known: %s, want %s", got, want)
				}
				storetest.SavePulls(t, s, pull(c.merged))
				if got := statusCounts(t, s, time.Time{}); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				early := storetest.OpenLike(t, s)
				storetest.Put(t, early, first(c.taken))
				storetest.SavePulls(t, early, pull(c.merged))
				storetest.Put(t, early, second)
				if got := statusCounts(t, early, time.Time{}); got != c.want {
					t.Errorf("the pull request first: %s, want %s", got, c.want)
				}
			})
		})
	}
}
