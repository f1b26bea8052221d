// Package details reads one entity with all that is known of it: a run, an
// issue, a session, a pull request. The rows in an answer are those of the
// lists, read by their descriptions. It writes nothing.
package details

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Details reads single entities. It is safe for concurrent use.
type Details struct {
	store         *store.Store
	runs          *lists.List[telemetry.RunRow]
	issues        *lists.List[telemetry.IssueRow]
	sessions      *lists.List[telemetry.SessionRow]
	pulls         *lists.List[telemetry.PullRow]
	verifications *lists.List[telemetry.VerificationRow]
	lists.ActivityLog
}

// New returns the details of a store.
func New(s *store.Store) *Details {
	return &Details{
		store:         s,
		runs:          lists.Runs(s),
		issues:        lists.Issues(s),
		sessions:      lists.Sessions(s),
		pulls:         lists.Pulls(s),
		verifications: lists.Verifications(s),
		ActivityLog:   lists.Activity(s),
	}
}

// worstFirst is how the issues of a detail are listed.
const worstFirst = ` ORDER BY i.severity_rank, i.file, i.line, i.public_id`
