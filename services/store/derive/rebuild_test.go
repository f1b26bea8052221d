package derive_test

import (
	"context"
	"testing"

	"telemetry-dashboard/services/store/storetest"
)

// TestRebuild: after a change of the rules everything derived follows again
// from the records as fetched, and an interrupted rebuild continues where it
// was.
func TestRebuild(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		pending := func(want bool) {
			t.Helper()
			if got, err := s.RebuildPending(t.Context()); err != nil || got != want {
				t.Fatalf("pending %v (%v), want %v", got, err, want)
			}
		}
		pending(false)
		files := storetest.DisturbedFiles(5)
		storetest.PutEach(t, s, files)
		storetest.Put(t, s, storetest.Fetched("broken.json", []byte("{")))
		storetest.SavePulls(t, s, storetest.PullsFor(files))
		want := storetest.DumpOf(t, s)
		for _, statement := range []string{
			`UPDATE files SET derived = 'old rules'`,
			`UPDATE issues SET family = 'other', status = 'new', status_rank = 2`, `UPDATE appearances SET basis = 'guessed'`,
			`UPDATE verifications SET outcome = ''`, `DELETE FROM attempts`, `DELETE FROM pull_repos`, `UPDATE sessions SET since = 1`, `UPDATE runs SET new_n = 99`,
		} {
			if err := s.Exec(t.Context(), statement); err != nil {
				t.Fatal(statement, err)
			}
		}
		pending(true)
		ctx, stop := context.WithCancel(t.Context())
		turns, first := 0, 0
		err := s.Rebuild(ctx, func(done, total int) {
			if turns++; done == 1 {
				first = total
				stop()
			}
		})
		if err == nil || first < 2 {
			t.Fatalf("the interrupted rebuild of %d repositories ended with %v", first, err)
		}
		pending(true)
		if err := s.Rebuild(t.Context(), func(_, total int) {
			if total != first-1 {
				t.Errorf("the resumed rebuild has %d repositories to do, want %d", total, first-1)
			}
		}); err != nil {
			t.Fatal(err)
		}
		pending(false)
		storetest.SameDump(t, "rebuilt", storetest.DumpOf(t, s), want)
	})
}
