package api

import "telemetry-dashboard/services/telemetry"

// each makes items of rows; never null in JSON.
func each[R, T any](rows []R, item func(R) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = item(r)
	}
	return out
}

type appearanceItem struct {
	File      string  `json:"run_file"`
	RunNumber int64   `json:"run_number"`
	Timestamp *string `json:"timestamp"`
	Path      string  `json:"file"`
	Line      int64   `json:"start_line"`
	Print     string  `json:"fingerprint"`
	Basis     string  `json:"matched_by"`
	Reduced   bool    `json:"scope_reduced"`
}

func appearanceOf(a telemetry.Appearance) appearanceItem {
	return appearanceItem{
		File:      a.RunFile,
		RunNumber: a.RunNumber,
		Timestamp: stamp(a.At.Time),
		Path:      a.File,
		Line:      a.Line,
		Print:     a.Fingerprint,
		Basis:     string(a.Basis),
		Reduced:   a.Reduced,
	}
}

type attemptItem struct {
	SessionID string  `json:"session_id"`
	Known     bool    `json:"session_known"`
	Basis     string  `json:"basis"`
	File      string  `json:"record"`
	RunNumber int64   `json:"run_number"`
	BatchID   int64   `json:"batch_id"`
	Timestamp *string `json:"timestamp"`
	State     string  `json:"state"`
	PRURL     string  `json:"pr_url"`
	PRNumber  *int64  `json:"pr_number"`
	PRState   *string `json:"pr_state"`
	PRMerged  bool    `json:"pr_merged"`
	LinkBasis *string `json:"link_basis"`
	Others    int64   `json:"other_issues"`
	Outcome   string  `json:"outcome"`
	Since     *string `json:"outcome_since"`
	Until     *string `json:"outcome_until"`
}

func attemptOf(a telemetry.Attempt, o telemetry.AttemptOutcome) attemptItem {
	item := attemptItem{
		SessionID: a.Session,
		Known:     a.Known,
		Basis:     string(a.Basis),
		File:      a.File,
		RunNumber: a.RunNumber,
		BatchID:   a.BatchID,
		Timestamp: stamp(a.At.Time),
		State:     string(a.State),
		PRURL:     a.PRURL,
		LinkBasis: textOrNull(string(a.LinkBasis)),
		Others:    a.Others,
		Outcome:   string(o.Kind),
		Since:     stamp(o.Since.Time),
		Until:     stamp(o.Until.Time),
	}
	if a.PR != nil {
		item.PRNumber, item.PRState, item.PRMerged = &a.PR.Number, &a.PR.State, a.PR.Merged
	}
	return item
}

type stepItem struct {
	Kind      string  `json:"kind"`
	Timestamp *string `json:"timestamp"`
	Text      string  `json:"text"`
	Record    *string `json:"record"`
	RunNumber int64   `json:"run_number"`
	Source    string  `json:"source"`
	SessionID *string `json:"session_id"`
	PRURL     *string `json:"pr_url"`
	Outcome   *string `json:"outcome"`
}

func stepOf(s telemetry.Step) stepItem {
	return stepItem{
		Kind:      string(s.Kind),
		Timestamp: stamp(s.At.Time),
		Text:      s.Text,
		Record:    textOrNull(s.RunFile),
		RunNumber: s.RunNumber,
		Source:    s.Source,
		SessionID: textOrNull(s.Session),
		PRURL:     textOrNull(s.PRURL),
		Outcome:   textOrNull(string(s.Verdict)),
	}
}

type issueDetailItem struct {
	issueItem
	AppearanceList []appearanceItem   `json:"appearance_list"`
	AttemptList    []attemptItem      `json:"attempt_list"`
	Verifications  []verificationItem `json:"verifications"`
	Timeline       []stepItem         `json:"timeline"`
}

func issueDetailOf(d telemetry.IssueDetail) issueDetailItem {
	attempts := make([]attemptItem, len(d.Attempts))
	for n, o := range d.Outcomes() {
		attempts[n] = attemptOf(d.Attempts[n], o)
	}
	return issueDetailItem{
		issueItem:      issueOf(d.IssueRow),
		AppearanceList: each(d.Appearances, appearanceOf),
		AttemptList:    attempts,
		Verifications:  each(d.Verifications, verificationOf),
		Timeline:       each(d.Timeline, stepOf),
	}
}

type verifiedIssueItem struct {
	issueItem
	Claim string `json:"claim"`
}

type verificationItem struct {
	File       string              `json:"file"`
	VerifiedAt *string             `json:"verified_at"`
	SessionID  string              `json:"session_id"`
	Known      bool                `json:"session_known"`
	Repo       string              `json:"repo"`
	PRNumber   int64               `json:"pr_number"`
	PRURL      string              `json:"pr_url"`
	PRTitle    string              `json:"pr_title"`
	SourceRun  int64               `json:"source_run_number"`
	ScanFile   *string             `json:"source_file"`
	Family     string              `json:"cwe_family"`
	Targeted   int64               `json:"total_targeted"`
	Fixed      int64               `json:"fixed_count"`
	Remaining  int64               `json:"remaining_count"`
	Gone       int64               `json:"gone"`
	StillThere int64               `json:"still_there"`
	Unmatched  int64               `json:"unmatched"`
	Merge      string              `json:"merge"`
	MergedAt   *string             `json:"merged_at"`
	Outcome    string              `json:"outcome"`
	Current    bool                `json:"current"`
	Reference  *string             `json:"reference_at"`
	Rescanned  bool                `json:"rescanned"`
	Issues     []verifiedIssueItem `json:"issues"`
}

func verificationOf(v telemetry.VerificationRow) verificationItem {
	claim := func(i telemetry.VerifiedIssue) verifiedIssueItem {
		if i.Claim == telemetry.ClaimStill {
			return verifiedIssueItem{issueOf(i.IssueRow), "still_present"}
		}
		return verifiedIssueItem{issueOf(i.IssueRow), "fixed"}
	}
	return verificationItem{
		File:       v.File,
		VerifiedAt: stamp(v.At.Time),
		SessionID:  v.Session,
		Known:      v.Known,
		Repo:       string(v.Repo),
		PRNumber:   v.PR.Number,
		PRURL:      v.PRURL,
		PRTitle:    v.PRTitle,
		SourceRun:  v.SourceRun,
		ScanFile:   textOrNull(v.ScanFile),
		Family:     v.Family,
		Targeted:   v.Targeted,
		Fixed:      v.Fixed,
		Remaining:  v.Remaining,
		Gone:       v.Gone,
		StillThere: v.StillThere,
		Unmatched:  v.Unmatched,
		Merge:      string(v.Merge),
		MergedAt:   stamp(v.MergedAt.Time),
		Outcome:    string(v.Verdict),
		Current:    v.Current,
		Reference:  stamp(v.ReferenceAt.Time),
		Rescanned:  v.Rescanned,
		Issues:     each(v.Issues, claim),
	}
}

type sessionDetailItem struct {
	telemetry.SessionRow
	States        []telemetry.StateChange `json:"states"`
	Mentions      []telemetry.Mention     `json:"mentions"`
	IssuesNamed   bool                    `json:"issues_named"`
	Issues        []issueItem             `json:"issues"`
	PRs           []telemetry.PullRow     `json:"prs"`
	Verifications []verificationItem      `json:"verifications"`
}

func sessionDetailOf(d telemetry.SessionDetail) sessionDetailItem {
	return sessionDetailItem{
		SessionRow:    d.SessionRow,
		States:        d.States,
		Mentions:      d.Mentions,
		IssuesNamed:   d.IssuesNamed,
		Issues:        each(d.Issues, issueOf),
		PRs:           d.Pulls,
		Verifications: each(d.Verifications, verificationOf),
	}
}

type pullDetailItem struct {
	telemetry.PullRow
	Sessions      []telemetry.LinkedSession `json:"sessions"`
	Issues        []issueItem               `json:"issues"`
	Verifications []verificationItem        `json:"verifications"`
}

func pullDetailOf(d telemetry.PullDetail) pullDetailItem {
	return pullDetailItem{
		PullRow:       d.PullRow,
		Sessions:      d.Sessions,
		Issues:        each(d.Issues, issueOf),
		Verifications: each(d.Verifications, verificationOf),
	}
}
