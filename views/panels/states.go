package panels

import (
	"cmp"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// SessionState says how a session's state looks. reason is shown with a
// suspended one, and is the raw status of an unknown one.
func SessionState(state telemetry.State, reason string, hasPR bool) parts.State {
	looks := map[telemetry.State]parts.State{
		telemetry.StateQueued:       {Icon: "clock", Tone: parts.Muted, Label: "Queued"},
		telemetry.StateWorking:      {Icon: "sync", Tone: parts.Accent, Label: "Working"},
		telemetry.StateWaiting:      {Icon: "hand", Tone: parts.Attention, Label: "Waiting for you"},
		telemetry.StatePRReady:      {Icon: "git-pull-request", Tone: parts.Done, Label: "PR ready"},
		telemetry.StateFinished:     {Icon: "check-circle", Tone: parts.Success, Label: "Finished"},
		telemetry.StateSuspended:    {Icon: "pause", Tone: parts.Muted, Label: "Suspended"},
		telemetry.StateExpired:      {Icon: "hourglass", Tone: parts.Muted, Label: "Expired"},
		telemetry.StateFailed:       {Icon: "x-circle", Tone: parts.Danger, Label: "Failed"},
		telemetry.StateNeverStarted: {Icon: "blocked", Tone: parts.Danger, Label: "Never started"},
	}
	look, known := looks[state]
	switch {
	case !known:
		look = parts.State{Icon: "question", Tone: parts.Muted, Label: "Unknown"}
		if reason != "" {
			look.Label += " “" + reason + "”"
		}
	case state == telemetry.StateFinished && !hasPR:
		look.Tone, look.Label = parts.Severe, "Finished, no PR"
	case state == telemetry.StateSuspended && reason != "":
		look.Label += ", " + strings.ReplaceAll(reason, "_", " ")
	}
	return look
}

// orPlain is a look, or that of a word that is not known.
func orPlain(look parts.State, word string) parts.State {
	return cmp.Or(look, parts.State{Icon: "question", Tone: parts.Muted, Label: word})
}

// IssueState says how an issue's status looks.
func IssueState(status telemetry.Status) parts.State {
	return orPlain(map[telemetry.Status]parts.State{
		telemetry.StatusNew:        {Icon: "plus-circle", Tone: parts.Accent, Label: "New"},
		telemetry.StatusRecurring:  {Icon: "iterations", Tone: parts.Attention, Label: "Recurring"},
		telemetry.StatusReopened:   {Icon: "issue-reopened", Tone: parts.Danger, Label: "Reopened"},
		telemetry.StatusNotScanned: {Icon: "issue-draft", Tone: parts.Muted, Label: "Not scanned"},
		telemetry.StatusFixed:      {Icon: "check-circle", Tone: parts.Success, Label: "Fixed"},
		telemetry.StatusRetired:    {Icon: "archive", Tone: parts.Muted, Label: "Retired"},
		telemetry.StateDismissed:   {Icon: "x-circle", Tone: parts.Muted, Label: "Dismissed"},
		telemetry.StateAccepted:    {Icon: "shield", Tone: parts.Muted, Label: "Risk accepted"},
	}[status], string(status))
}

// PullState says how a pull request looks: open, closed or unknown, and
// merged.
func PullState(state string, merged bool) parts.State {
	switch {
	case merged:
		return parts.State{Icon: "git-merge", Tone: parts.Done, Label: "Merged"}
	case state == "open":
		return parts.State{Icon: "git-pull-request", Tone: parts.Success, Label: "Open"}
	case state == "closed":
		return parts.State{Icon: "git-pull-request-closed", Tone: parts.Danger, Label: "Closed"}
	}
	return parts.State{Icon: "git-pull-request", Tone: parts.Muted, Label: "Unknown"}
}

// PullMarks are what lists say of an open pull request beside its state: what
// keeps it from being merged, and that it is approved.
func PullMarks(p telemetry.PullRow) (marks []parts.State) {
	if p.State != telemetry.KeywordOpen {
		return nil
	}
	if p.Checks == telemetry.ChecksFailure {
		marks = append(marks, PullReason(telemetry.ReasonChecksRed))
	}
	if p.Mergeable == telemetry.MergeableConflict {
		marks = append(marks, PullReason(telemetry.ReasonConflict))
	}
	switch p.Review {
	case telemetry.ReviewApproved:
		marks = append(marks, parts.State{Icon: "check-circle", Tone: parts.Success, Label: "approved"})
	case telemetry.ReviewChanges:
		marks = append(marks, PullReason(telemetry.ReasonChanges))
	}
	return marks
}

// PullReason says how a reason to act on a pull request looks; the zero State for
// none.
func PullReason(reason telemetry.PullReason) parts.State {
	s := parts.State{Label: string(reason)}
	switch reason {
	case telemetry.ReasonConflict:
		s.Icon, s.Tone = "alert", parts.Attention
	case telemetry.ReasonChecksRed:
		s.Icon, s.Tone = "x-circle", parts.Danger
	case telemetry.ReasonChanges:
		s.Icon, s.Tone = "file-removed", parts.Danger
	case telemetry.ReasonApproved:
		s.Icon, s.Tone, s.Label = "check-circle", parts.Success, s.Label+": merge it"
	}
	return s
}

// Severity says how a tier looks.
func Severity(tier string) parts.State {
	return orPlain(map[string]parts.State{
		"critical": {Icon: "alert-fill", Tone: parts.Danger, Label: "Critical"},
		"high":     {Icon: "arrow-up", Tone: parts.Severe, Label: "High"},
		"medium":   {Icon: "dash", Tone: parts.Attention, Label: "Medium"},
		"low":      {Icon: "arrow-down", Tone: parts.Accent, Label: "Low"},
	}[strings.ToLower(tier)], cmp.Or(tier, "Unknown"))
}

// SeverityClass is the class that colors a tier in a chart.
func SeverityClass(tier string) string {
	if tier = strings.ToLower(tier); telemetry.SeverityRank(tier) < len(telemetry.Severities()) {
		return "chart-" + tier
	}
	return ""
}

// RunKind says what kind of record a run is.
func RunKind(kind telemetry.Kind) parts.State {
	if kind == telemetry.KindDispatch {
		return parts.State{Icon: "play", Tone: parts.Muted, Label: "Dispatch"}
	}
	return parts.State{Icon: "codescan", Tone: parts.Muted, Label: "Scan"}
}

// VerdictState says how a verification's outcome looks.
func VerdictState(verdict telemetry.VerificationOutcome, mergeUnknown bool) parts.State {
	s := cmp.Or(map[telemetry.VerificationOutcome]parts.State{
		telemetry.VerificationGone:         {Icon: "verified", Tone: parts.Success, Label: "Verified and gone"},
		telemetry.VerificationStillThere:   {Icon: "unverified", Tone: parts.Danger, Label: "Verified, still there"},
		telemetry.VerificationNotMerged:    {Icon: "verified", Tone: parts.Attention, Label: "Verified, not merged"},
		telemetry.VerificationClosed:       {Icon: "x-circle", Tone: parts.Danger, Label: "Verified, closed unmerged"},
		telemetry.VerificationNotRescanned: {Icon: "verified", Tone: parts.Muted, Label: "Verified, merged, not yet rescanned"},
		telemetry.VerificationPartial:      {Icon: "unverified", Tone: parts.Attention, Label: "Partial"},
		telemetry.VerificationFailed:       {Icon: "x-circle", Tone: parts.Danger, Label: "Failed"},
		telemetry.VerificationInconclusive: {Icon: "question", Tone: parts.Muted, Label: "Inconclusive"},
	}[verdict], parts.State{Icon: "unverified", Tone: parts.Muted, Label: string(verdict)})
	if mergeUnknown {
		s.Label += ", merge unknown"
	}
	return s
}

// VerifiedState says what a re-scan found, as its record has it.
func VerifiedState(fixed, targeted int64) parts.State {
	counts := parts.Number(fixed) + " of " + parts.Number(targeted) + " gone"
	switch {
	case targeted == 0:
		return parts.State{Icon: "question", Tone: parts.Muted, Label: "inconclusive"}
	case fixed >= targeted:
		return parts.State{Icon: "verified", Tone: parts.Success, Label: counts}
	case fixed > 0:
		return parts.State{Icon: "unverified", Tone: parts.Attention, Label: counts}
	}
	return parts.State{Icon: "unverified", Tone: parts.Danger, Label: counts}
}
