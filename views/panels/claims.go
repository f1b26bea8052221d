package panels

import "telemetry-dashboard/views/parts"

// saidState says how what a session says of an issue looks.
func saidState(said string) parts.State {
	switch said {
	case "fixed":
		return parts.State{Icon: "check", Tone: parts.Success, Label: "Fixed"}
	case "blocked":
		return parts.State{Icon: "blocked", Tone: parts.Attention, Label: "Blocked"}
	}
	return parts.State{Icon: "question", Tone: parts.Muted, Label: "Nothing"}
}

// foundState says how what scans found looks.
func foundState(found string) parts.State {
	switch found {
	case "gone":
		return parts.State{Icon: "check-circle", Tone: parts.Success, Label: "Gone"}
	case "still_there":
		return parts.State{Icon: "alert", Tone: parts.Danger, Label: "Still there"}
	case "pr_open":
		return parts.State{Icon: "git-pull-request", Tone: parts.Muted, Label: "Not merged, PR open"}
	case "thrown_away":
		return parts.State{Icon: "git-pull-request-closed", Tone: parts.Danger, Label: "Not merged, PR closed"}
	}
	return parts.State{Icon: "clock", Tone: parts.Muted, Label: "Not rescanned yet"}
}

func wrongClaims(list []ClaimOf) (n int) {
	for _, c := range list {
		if c.Wrong() {
			n++
		}
	}
	return n
}
