package lists

import (
	"fmt"
	"strings"
	"testing"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// activityInOrder holds the log of changes to the order of its indexes: of
// every kind, of all repositories and of one.
func (d database) activityInOrder(t *testing.T) {
	for _, b := range activityBranches() {
		for _, narrow := range []bool{false, true} {
			if narrow && b.repo == "" {
				continue
			}
			t.Run(fmt.Sprintf("activity/%s/%s/%v", b.kind, b.at, narrow), func(t *testing.T) {
				args := []any{int64(1) << 62, 50, 0}
				switch {
				case narrow && b.byKey:
					args = append(args, "octo/shop")
				case narrow:
					args = append(args, 1)
				}
				p := plan{index: activityIndex(b, narrow)}
				var lines []string
				err := d.store.Read(t.Context(), func(tx *store.Tx) error {
					lines = d.plan(tx, p, b.query(narrow), args)
					return tx.Err()
				})
				if err != nil {
					t.Fatal(err)
				}
				d.reads(t, p, b.query(narrow), lines)
			})
		}
	}
}

// activityIndex is the index in whose order the changes of a kind are read.
func activityIndex(b activityBranch, narrow bool) string {
	of := map[telemetry.ActivityKind][2]string{
		telemetry.ActivityRun:          {"runs_at", "runs_repo"},
		telemetry.ActivitySession:      {"state_log_at", "state_log_repo"},
		telemetry.ActivityVerification: {"verifications_list", "verifications_repo"},
		telemetry.ActivityScope:        {"accepted_at", "accepted_at"},
		telemetry.ActivityJob:          {"jobs_started"},
		telemetry.ActivitySubmission:   {"submissions_at"},
		telemetry.ActivityCorrection:   {"mends_at", "mends_repo"},
	}[b.kind]
	if b.kind == telemetry.ActivityPull {
		word := strings.TrimSuffix(strings.TrimPrefix(b.at, "p."), "_at")
		of = [2]string{"pulls_" + word, "pulls_repo_" + word}
	}
	if narrow {
		return of[1]
	}
	return of[0]
}
