package store_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestReady: a program is ready while the database answers, has its schema, a
// program runs the jobs, and its own row says that it is alive.
func TestReady(t *testing.T) {
	for _, tc := range []struct{ name, change, back, want string }{
		{"another program's schema", `UPDATE goose_db_version SET version_id = version_id + 1 WHERE version_id > 0`,
			`UPDATE goose_db_version SET version_id = version_id - 1 WHERE version_id > 0`, "schema version"},
		{"nobody runs the jobs", `UPDATE leases SET holder = '', until = 0 WHERE name = 'work'`, "", "runs the jobs"},
		{"the program's row is gone", `DELETE FROM leases WHERE name <> 'work'`, "", "that it is alive"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				if _, err := s.Lead(t.Context(), resumed()); err != nil {
					t.Fatal(err)
				}
				if err := s.Ready(t.Context()); err != nil {
					t.Fatalf("with the lease: %v", err)
				}
				if err := s.Exec(t.Context(), tc.change); err != nil {
					t.Fatal(err)
				}
				err := s.Ready(t.Context())
				if telemetry.CodeOf(err) != telemetry.CodeUnavailable || !strings.Contains(telemetry.Sentence(err), tc.want) {
					t.Errorf("%v, want %q", err, tc.want)
				}
				if tc.back == "" {
					return
				}
				if err := s.Exec(t.Context(), tc.back); err != nil {
					t.Fatal(err)
				}
				if err := s.Ready(t.Context()); err != nil {
					t.Errorf("once it is as before: %v", err)
				}
			})
		})
	}
}

// TestReadyOfSilentProgram: on a shared database a program that was silent is
// unready until it renews its lease.
func TestReadyOfSilentProgram(t *testing.T) {
	program := replica(t)
	first, second := program(0), program(0)
	lead(t, "the first asks", first, true, 1)
	lead(t, "the second asks", second, false, 1)
	for name, s := range map[string]*storetest.Store{"the holder": first, "the other": second} {
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent(t, first)
	if err := first.Ready(t.Context()); err == nil {
		t.Error("a silent program is ready")
	}
	lead(t, "the second takes over", second, true, 2)
	if err := second.Ready(t.Context()); err != nil {
		t.Errorf("the next holder: %v", err)
	}
	if err := first.Ready(t.Context()); err == nil {
		t.Error("a program that is gone is ready")
	}
	lead(t, "the first is back", first, false, 2)
	if err := first.Ready(t.Context()); err != nil {
		t.Errorf("back: %v", err)
	}
}

// TestGuestLeavesProgramsAlone: a command beside a program that runs, such as
// app token, takes nothing of it for that of a program that is gone.
func TestGuestLeavesProgramsAlone(t *testing.T) {
	for name, url := range map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "a.db"),
		"postgres": "",
	} {
		t.Run(name, func(t *testing.T) {
			if url == "" {
				url = storetest.PostgresAddress(t)
			}
			s := storetest.OpenWith(t, store.Options{URL: url, Now: time.Now, Alone: true})
			if _, err := s.Lead(t.Context(), resumed()); err != nil {
				t.Fatal(err)
			}
			begin(t, s, "a")
			guest, err := store.Open(t.Context(), store.Options{URL: url, Now: time.Now, Guest: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := guest.Close(); err != nil {
				t.Fatal(err)
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("after a guest: %v", err)
			}
			if err := s.EndSubmission(t.Context(), "a", telemetry.SubmissionSent); err != nil {
				t.Errorf("after a guest: %v", err)
			}
			if noted, _ := begin(t, s, "a"); noted.State != telemetry.SubmissionSent {
				t.Errorf("what was being sent is %s, want %s", noted.State, telemetry.SubmissionSent)
			}
		})
	}
}
