package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func begin(t *testing.T, s *storetest.Store, token string) (noted telemetry.Submission, fresh bool) {
	t.Helper()
	noted, fresh, err := s.BeginSubmission(t.Context(),
		telemetry.Submission{Token: token, Kind: telemetry.SubmissionReply, Subject: "abc", Message: "Go on", By: telemetry.ByPage})
	if err != nil {
		t.Fatal(err)
	}
	return noted, fresh
}

// TestSubmissionOfAKilledProgramIsUnknown: what was begun and never ended is
// of an unknown outcome for the next program, and keeps what to look for.
func TestSubmissionOfAKilledProgramIsUnknown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	open := func() *storetest.Store {
		return storetest.OpenWith(t, store.Options{URL: "sqlite:" + path, Now: time.Now})
	}
	first := open()
	for _, token := range []string{"a", "b"} {
		if noted, fresh := begin(t, first, token); !fresh || noted.State != telemetry.SubmissionBegun {
			t.Fatalf("begun: %+v, fresh %v", noted, fresh)
		}
	}
	if err := first.EndSubmission(t.Context(), "b", telemetry.SubmissionSent); err != nil {
		t.Fatal(err)
	}
	second := open() // as after kill -9: the first never closed
	for token, want := range map[string]telemetry.SubmissionState{"a": telemetry.SubmissionUnknown, "b": telemetry.SubmissionSent} {
		if noted, fresh := begin(t, second, token); fresh || noted.State != want || (token == "a") != (noted.Message == "Go on") || noted.At.IsZero() {
			t.Errorf("%s at the next start: %+v, fresh %v", token, noted, fresh)
		}
	}
}

func TestSubmissionEnds(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		begin(t, s, "a")
		if noted, fresh := begin(t, s, "a"); fresh || noted.State != telemetry.SubmissionUnknown {
			t.Errorf("one whose end could not be noted: %+v, fresh %v", noted, fresh)
		}
		for _, state := range []telemetry.SubmissionState{telemetry.SubmissionUnknown, telemetry.SubmissionSent} {
			if err := s.EndSubmission(t.Context(), "a", state); err != nil {
				t.Fatal(err)
			}
			if noted, fresh := begin(t, s, "a"); fresh || noted.State != state {
				t.Errorf("ended as %s: %+v, fresh %v", state, noted, fresh)
			}
		}
		if err := s.DropSubmission(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if _, fresh := begin(t, s, "a"); !fresh {
			t.Error("one that was dropped cannot be sent again")
		}
	})
}
