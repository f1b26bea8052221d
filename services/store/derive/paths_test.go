package derive_test

import (
	"slices"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// TestPercentEncodedPath: paths as SARIF writes them are kept, found and
// compared as people write them.
func TestPercentEncodedPath(t *testing.T) {
	files := storetest.CaseFiles(t, "percent-encoded-path")
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, files...)
		issues := lists.Issues(s.Store)
		for text, want := range map[string][]string{
			"":                           {"src/My Views/a#b.js", "src/café.js"},
			`file:"My Views"`:            {"src/My Views/a#b.js"},
			"file:café":                  {"src/café.js"},
			`file:"src/My Views/a#b.js"`: {"src/My Views/a#b.js"},
		} {
			rows, err := issues.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, issues, text), Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range rows.Items {
				got = append(got, i.File)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
	})
}

// TestOnePathForm: the same place is one issue, however scans write its path.
func TestOnePathForm(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		for n, path := range []string{"src/My%20Views/caf%C3%A9.js", `src\My%20Views\cafe%CC%81.js`, "./src/./My%20Views/café.js"} {
			at := "2026-02-0" + string(rune('1'+n)) + "T10:00:00Z"
			fingerprint := string(rune('a'+n)) + "000000000000000000" // each scan has fingerprints of its own
			storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: int64(n + 1), At: at, Findings: []string{"js/xss " + path + " 7 " + fingerprint}}.File(at[:10]+".json"))
		}
		rows, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil || len(rows.Items) != 1 || rows.Items[0].Appearances != 3 || rows.Items[0].File != "src/My Views/café.js" {
			t.Errorf("issues: %+v (%v), want one, seen three times", rows.Items, err)
		}
	})
}
