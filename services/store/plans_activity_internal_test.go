package store

import (
	"fmt"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// activityAsk is a query of the list of changes, and the index in whose order
// it promises to be read.
type activityAsk struct {
	asked
	name, index string
}

// activityAsks are those of every kind, of all repositories and of one.
func activityAsks() []activityAsk {
	var all []activityAsk
	for _, b := range activityBranches() {
		for _, narrow := range []bool{false, true} {
			if narrow && b.repo == "" {
				continue
			}
			a := activityAsk{asked: asked{query: b.query(narrow), args: []any{int64(1) << 62, 50, 0}}, name: fmt.Sprintf("activity/%s/%s/%v", b.kind, b.at, narrow), index: activityIndex(b, narrow)}
			if narrow && b.byKey {
				a.args = append(a.args, "octo/shop")
			} else if narrow {
				a.args = append(a.args, 1)
			}
			all = append(all, a)
		}
	}
	return all
}

// activityIndex is the index in whose order the changes of a kind are read.
func activityIndex(b activityBranch, narrow bool) string {
	of := map[telemetry.ActivityKind][2]string{telemetry.ActivityRun: {"runs_at", "runs_repo"}, telemetry.ActivitySession: {"state_log_at", "state_log_repo"}, telemetry.ActivityVerification: {"verifications_list", "verifications_repo"},
		telemetry.ActivityScope: {"accepted_at", "accepted_at"}, telemetry.ActivityJob: {"jobs_started"}, telemetry.ActivityDeed: {"submissions_at"}, telemetry.ActivityMend: {"mends_at", "mends_repo"}}[b.kind]
	if b.kind == telemetry.ActivityPull {
		word := strings.TrimSuffix(strings.TrimPrefix(b.at, "p."), "_at")
		of = [2]string{"pulls_" + word, "pulls_repo_" + word}
	}
	if narrow {
		return of[1]
	}
	return of[0]
}
