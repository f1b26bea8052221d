package store_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

func dump(t *testing.T, s *store.Store) map[string][]string {
	t.Helper()
	d, err := s.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sameDump compares derived tables row by row.
func sameDump(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(want)) {
		extra := slices.DeleteFunc(slices.Clone(got[table]), func(r string) bool { return slices.Contains(want[table], r) })
		missing := slices.DeleteFunc(slices.Clone(want[table]), func(r string) bool { return slices.Contains(got[table], r) })
		if len(extra)+len(missing) == 0 && len(got[table]) == len(want[table]) {
			continue
		}
		t.Errorf("%s: table %s has %d rows instead of %d; %d others:\n  got  %s\n  want %s", what, table, len(got[table]), len(want[table]), len(extra)+len(missing),
			strings.Join(extra[:min(2, len(extra))], "\n       "), strings.Join(missing[:min(2, len(missing))], "\n       "))
	}
}

// generated returns a disturbed history and the real records, if there are.
func generated(seed uint64) []telemetry.FetchedFile {
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{Seed: seed, Repos: 2, ScansPerRepo: 9, FindingsPerScan: 22, SessionsPerScan: 1,
		Disturb: history.Disturbances{Shifts: 0.2, Renames: 0.1, Algorithm: 0.5, ShortHashes: 0.7, Duplicates: 0.1, Unnamed: 0.1, Narrowed: 0.15, Reopenings: 0.3}}) {
		files = append(files, storetest.Fetched(f.Name, f.Body))
	}
	return files
}

// openLike opens another fresh database of the same kind.
func openLike(t *testing.T, s *store.Store) *store.Store {
	if s.Dialect() == "postgres" {
		return storetest.OpenPostgres(t)
	}
	return storetest.Open(t)
}
