package derive_test

import (
	"strings"
	"testing"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestMoveFiles: the files of an action repository that was renamed are those of
// its new name, whether they are stored under that already or not.
func TestMoveFiles(t *testing.T) {
	const from, to = "acme/x", "neworg/x"
	scan := func(run int64, day, findings string) telemetry.FetchedFile {
		return storetest.ScanRecord{Repo: "o/r", Run: run, At: "2026-02-" + day + "T10:00:00Z", Findings: strings.Split(findings, ",")}.File(day + ".json")
	}
	first, second := scan(1, "01", "js/xss a.js 1 aaaaaaaaaaaaaaaa1,js/xss b.js 1 bbbbbbbbbbbbbbbb1"), scan(2, "02", "js/xss a.js 1 aaaaaaaaaaaaaaaa1")
	rewritten := scan(2, "02", "js/xss a.js 1 aaaaaaaaaaaaaaaa1,js/xss c.js 1 cccccccccccccccc1")
	for _, c := range []struct {
		name          string
		before, there []telemetry.FetchedFile
		want          []telemetry.FetchedFile
		left          string // files under the old name
	}{
		{name: "nothing under the new name", before: []telemetry.FetchedFile{first, second}, want: []telemetry.FetchedFile{first, second}},
		{name: "all under both", before: []telemetry.FetchedFile{first, second}, there: []telemetry.FetchedFile{first, second},
			want: []telemetry.FetchedFile{first, second}},
		{name: "one was rewritten since", before: []telemetry.FetchedFile{first, second}, there: []telemetry.FetchedFile{rewritten},
			want: []telemetry.FetchedFile{first, rewritten}, left: "02.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				storetest.PutFrom(t, s, from, c.before...)
				storetest.PutFrom(t, s, to, c.there...)
				if err := s.MoveFiles(t.Context(), from, to); err != nil {
					t.Fatal(err)
				}
				other := storetest.OpenLike(t, s)
				storetest.PutFrom(t, other, to, c.want...)
				storetest.SameDump(t, "moved", storetest.DumpOf(t, s), storetest.DumpOf(t, other))
				left, err := s.Texts(t.Context(), `SELECT file FROM files WHERE source = 'acme/x'`)
				if err != nil || strings.Join(left, " ") != c.left {
					t.Errorf("left under the old name: %v (%v), want %q", left, err, c.left)
				}
				known, err := s.KnownFiles(t.Context(), to)
				if err != nil || len(known) != len(c.want) {
					t.Errorf("known under the new name: %v (%v), want %d", known, err, len(c.want))
				}
			})
		})
	}
}
