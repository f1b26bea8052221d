package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// clocked opens a database again and again with clocks of its own.
func clocked(t *testing.T, do func(t *testing.T, at func(time.Time) *storetest.Store)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "clock.db") },
		"postgres": storetest.PostgresAddress,
	} {
		t.Run(name, func(t *testing.T) {
			address := url(t)
			do(t, func(now time.Time) *storetest.Store {
				return storetest.OpenWith(t, store.Options{URL: address, Now: func() time.Time { return now }})
			})
		})
	}
}

// TestClocksOffByYears: a program whose clock is wrong answers as any other,
// takes nothing for gone, and takes over what the last one left.
func TestClocksOffByYears(t *testing.T) {
	right := storetest.Day("2026-03-11 12:00")
	clocked(t, func(t *testing.T, at func(time.Time) *storetest.Store) {
		first := at(right)
		storetest.Put(t, first, storetest.TinyHistory()...)
		want := storetest.DumpOf(t, first)
		saveJob(t, first, "j", "refresh", telemetry.JobRunning, 1)
		if _, err := first.Lead(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		silent(t, first) // it is killed
		files := int64(len(storetest.TinyHistory()))
		for _, off := range []int{-20, 20, -60, 5000} {
			s := at(right.AddDate(off, 0, 0))
			storetest.AskEverything(t, s, right.AddDate(off, 0, 0))
			if list, err := lists.Files(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Files(s.Store), "is:gone"), Page: storetest.AllRows()}); err != nil || list.Total != 0 {
				t.Errorf("%d years off: %d of %d files are gone, %v", off, list.Total, files, err)
			}
			if lease, err := s.Lead(t.Context(), nil); err != nil || !lease.Own {
				t.Errorf("%d years off: the lease is %+v, %v", off, lease, err)
			}
			if j, found, err := s.Job(t.Context(), "j"); err != nil || !found || j.State != telemetry.JobInterrupted {
				t.Errorf("%d years off: the job of a program that is gone is %q, %v", off, j.State, err)
			}
			storetest.Put(t, s, storetest.TinyHistory()...)
			if off < 0 { // by a clock that is late nothing is overdue that was not
				storetest.SameDump(t, "with a wrong clock", storetest.DumpOf(t, s), want)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = at(right)
			storetest.AskEverything(t, s, right)
			storetest.SameDump(t, "with the right clock again", storetest.DumpOf(t, s), want)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		_ = first.Close()
	})
}

// TestRecordsOfAnyTime: a record may say any time that RFC 3339 can.
func TestRecordsOfAnyTime(t *testing.T) {
	now := storetest.Day("2026-03-11 12:00")
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyHistory()...)
		for n, at := range []string{"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2199-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
			f := storetest.TinyScan(int64(50+n), at, 0, []string{"A high xss"})
			if f.Record == nil {
				continue // such a time is refused: the file is listed with its error
			}
			storetest.Put(t, s, f)
		}
		storetest.AskEverything(t, s, now)
	})
}
