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
		for _, reduced := range []bool{false, true} {
			if reduced && b.repo == "" {
				continue
			}
			t.Run(fmt.Sprintf("activity/%s/%s/%v", b.kind, b.at, reduced), func(t *testing.T) {
				args := []any{int64(1) << 62, 50}
				switch {
				case reduced && b.byKey:
					args = append(args, "octo/shop")
				case reduced:
					args = append(args, 1)
				}
				p := plan{index: activityIndex(b, reduced)}
				var lines []string
				err := d.store.Read(t.Context(), func(tx *store.Tx) error {
					lines = d.plan(tx, p, b.query(reduced), args)
					return tx.Err()
				})
				if err != nil {
					t.Fatal(err)
				}
				d.reads(t, p, b.query(reduced), lines)
			})
		}
	}
}

// activityIndex is the index in whose order the changes of a kind are read.
func activityIndex(b activityBranch, reduced bool) string {
	of := map[telemetry.ActivityKind][2]string{
		telemetry.ActivityRun:          {"runs_at", "runs_repo"},
		telemetry.ActivitySession:      {"state_log_at", "state_log_repo"},
		telemetry.ActivityVerification: {"verifications_list", "verifications_repo"},
		telemetry.ActivityScope:        {"accepted_at", "accepted_at"},
		telemetry.ActivityJob:          {"jobs_started"},
		telemetry.ActivitySubmission:   {"submissions_at"},
		telemetry.ActivityCorrection:   {"corrections_at", "corrections_repo"},
	}[b.kind]
	if b.kind == telemetry.ActivityPull {
		word := strings.TrimSuffix(strings.TrimPrefix(b.at, "p."), "_at")
		of = [2]string{"pulls_" + word, "pulls_repo_" + word}
	}
	if reduced {
		return of[1]
	}
	return of[0]
}
