package figures_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestTotalsOfARepository: every figure of a repository is that of a store
// which has the records of no other, now and at a past time.
func TestTotalsOfARepository(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.GeneratedFiles(5)
		pulls := storetest.PullsFor(files)
		repoOf := map[string]string{} // by session
		for _, f := range files {
			for _, session := range f.Record.Sessions {
				repoOf[telemetry.SessionKey(session.ID)] = f.Record.Repo.Key()
			}
		}
		byRepo := map[string][]telemetry.FetchedFile{}
		files = slices.DeleteFunc(files, func(f telemetry.FetchedFile) bool {
			key := f.Record.Repo.Key()
			if v := f.Record.Verification; v != nil {
				key = repoOf[v.SessionID]
			}
			if key != "" {
				byRepo[key] = append(byRepo[key], f)
			}
			return key == "" // a verification of a session that no record names
		})
		storetest.Put(t, s, files...)
		storetest.SavePulls(t, s, pulls)
		scan := files[slices.IndexFunc(files, func(f telemetry.FetchedFile) bool { return f.Record.Kind == telemetry.KindScan })]
		broken := storetest.Fetched(scan.Name, []byte("cut short"))
		storetest.Put(t, s, broken, storetest.Fetched("unknown.json", []byte("of no known repository")))
		then := files[len(files)-1].Record.Timestamp.AddDate(0, 0, -3)
		sum := telemetry.Totals{}
		for key, own := range byRepo {
			alone := storetest.OpenLike(t, s)
			storetest.Put(t, alone, own...)
			storetest.SavePulls(t, alone, slices.DeleteFunc(slices.Clone(pulls), func(p telemetry.PullRequest) bool {
				return telemetry.RepoName(p.Repo).Key() != key
			}))
			if key == scan.Record.Repo.Key() {
				storetest.Put(t, alone, broken)
			}
			got := totalsThenAndNow(t, s, then, key)
			want := totalsThenAndNow(t, alone, then, "")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", key, d)
			}
			sum.Verifications += got[0].Verifications
			sum.BrokenFiles += got[0].BrokenFiles
		}
		all := totalsThenAndNow(t, s, then, "")[0]
		if all.Verifications == 0 || sum.Verifications != all.Verifications || sum.BrokenFiles != 1 || all.BrokenFiles != 2 {
			t.Errorf("%d of %d verifications, %d of %d broken files", sum.Verifications, all.Verifications, sum.BrokenFiles, all.BrokenFiles)
		}
	})
}

func totalsThenAndNow(t *testing.T, s *storetest.Store, then time.Time, repo string) []telemetry.Totals {
	t.Helper()
	now, found, err := s.TotalsOf(t.Context(), repo)
	past, foundThen, errThen := s.TotalsAsOf(t.Context(), then, repo)
	if err := errors.Join(err, errThen); err != nil || !found || !foundThen {
		t.Fatalf("%q: %v, %v, %v", repo, found, foundThen, err)
	}
	slices.Sort(now.Repos)
	return []telemetry.Totals{now, past}
}
