package lists

import (
	"fmt"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// seldomNotices say which of a repository and its forks GitHub does not show, or
// shows as archived, and when it is asked for their pull requests again.
func seldomNotices(all []telemetry.SeldomAsked) (notices []parts.Notice) {
	for _, a := range all {
		next := "with the next refresh"
		if !a.Next.IsZero() {
			next = "after " + a.Next.UTC().Format("2 Jan 2006 15:04") + " UTC"
		}
		n := parts.Notice{Icon: "archive", Strong: "Archived on GitHub.", Note: true, Text: fmt.Sprintf(
			"Nothing happens in %s while it is archived. Its pull requests are asked for again %s.", a.Repo, next)}
		if a.Cause != "" {
			n.Tone, n.Icon, n.Strong = parts.Attention, "alert", "Not shown by GitHub."
			n.Text = fmt.Sprintf("%s Its pull requests are asked for again %s.", shell.Sentence(a.Cause), next)
		}
		notices = append(notices, n)
	}
	return notices
}
