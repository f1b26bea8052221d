package api

import "telemetry-dashboard/services/telemetry"

// attemptItem is an attempt with its outcome and, in fields of its own, its
// pull request.
type attemptItem struct {
	telemetry.AttemptRow
	PRNumber *int64  `json:"pr_number"`
	PRState  *string `json:"pr_state"`
	PRMerged bool    `json:"pr_merged"`
	telemetry.AttemptOutcome
}

// issueDetailItem is an issue with such attempts.
type issueDetailItem struct {
	telemetry.IssueDetail
	Attempts []attemptItem `json:"attempt_list"`
}

func issueDetailOf(d telemetry.IssueDetail) issueDetailItem {
	item := issueDetailItem{d, make([]attemptItem, len(d.Attempts))}
	for n, outcome := range d.Outcomes() {
		a := attemptItem{AttemptRow: d.Attempts[n], AttemptOutcome: outcome}
		if a.PR != nil {
			a.PRNumber, a.PRState, a.PRMerged = &a.PR.Number, &a.PR.State, a.PR.Merged
		}
		item.Attempts[n] = a
	}
	return item
}
