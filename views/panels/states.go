package panels

import (
	"strings"

	"telemetry-dashboard/views/parts"
)

// sessionState says how a session's state looks. state is one of queued,
// working, waiting, pr_ready, finished, suspended, expired, failed,
// never_started, unknown; reason is shown with suspended, and is the raw
// status of an unknown one.
func sessionState(state, reason string, hasPR bool) parts.State {
	switch state {
	case "queued":
		return parts.State{Icon: "clock", Tone: parts.Muted, Label: "Queued"}
	case "working":
		return parts.State{Icon: "sync", Tone: parts.Accent, Label: "Working"}
	case "waiting":
		return parts.State{Icon: "hand", Tone: parts.Attention, Label: "Waiting for you"}
	case "pr_ready":
		return parts.State{Icon: "git-pull-request", Tone: parts.Done, Label: "PR ready"}
	case "finished":
		if hasPR {
			return parts.State{Icon: "check-circle", Tone: parts.Success, Label: "Finished"}
		}
		return parts.State{Icon: "check-circle", Tone: parts.Severe, Label: "Finished, no PR"}
	case "suspended":
		return parts.State{Icon: "pause", Tone: parts.Muted, Label: withReason("Suspended", reason)}
	case "expired":
		return parts.State{Icon: "hourglass", Tone: parts.Muted, Label: "Expired"}
	case "failed":
		return parts.State{Icon: "x-circle", Tone: parts.Danger, Label: "Failed"}
	case "never_started":
		return parts.State{Icon: "blocked", Tone: parts.Danger, Label: "Never started"}
	}
	word := "Unknown"
	if reason != "" {
		word = "Unknown “" + reason + "”"
	}
	return parts.State{Icon: "question", Tone: parts.Muted, Label: word}
}

func withReason(word, reason string) string {
	if reason == "" {
		return word
	}
	return word + ", " + strings.ReplaceAll(reason, "_", " ")
}

// issueState says how an issue's status looks: new, recurring, reopened,
// not_scanned or fixed.
func issueState(status string) parts.State {
	switch status {
	case "new":
		return parts.State{Icon: "plus-circle", Tone: parts.Accent, Label: "New"}
	case "recurring":
		return parts.State{Icon: "iterations", Tone: parts.Attention, Label: "Recurring"}
	case "reopened":
		return parts.State{Icon: "issue-reopened", Tone: parts.Danger, Label: "Reopened"}
	case "not_scanned":
		return parts.State{Icon: "issue-draft", Tone: parts.Muted, Label: "Not scanned"}
	case "fixed":
		return parts.State{Icon: "check-circle", Tone: parts.Success, Label: "Fixed"}
	}
	return parts.State{Icon: "question", Tone: parts.Muted, Label: status}
}

// pullState says how a pull request looks: open, closed or unknown, and
// merged.
func pullState(state string, merged bool) parts.State {
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

func pullLabel(state string, merged bool) string {
	return strings.ToLower(pullState(state, merged).Label)
}

// severity says how a tier looks, and whether its pill is filled.
func severity(tier string) (state parts.State, filled bool) {
	switch strings.ToLower(tier) {
	case "critical":
		return parts.State{Icon: "alert-fill", Tone: parts.Danger, Label: "Critical"}, true
	case "high":
		return parts.State{Icon: "arrow-up", Tone: parts.Severe, Label: "High"}, false
	case "medium":
		return parts.State{Icon: "dash", Tone: parts.Attention, Label: "Medium"}, false
	case "low":
		return parts.State{Icon: "arrow-down", Tone: parts.Accent, Label: "Low"}, false
	case "":
		return parts.State{Icon: "question", Tone: parts.Muted, Label: "Unknown"}, false
	}
	return parts.State{Icon: "question", Tone: parts.Muted, Label: tier}, false
}

// severityChart is the class that colors a tier in a chart.
func severityChart(tier string) string {
	switch tier = strings.ToLower(tier); tier {
	case "critical", "high", "medium", "low":
		return "chart-" + tier
	}
	return ""
}

// runKind says what kind of record a run is.
func runKind(kind string) parts.State {
	if kind == "dispatch" {
		return parts.State{Icon: "play", Tone: parts.Muted, Label: "Dispatch"}
	}
	return parts.State{Icon: "codescan", Tone: parts.Muted, Label: "Scan"}
}
