package lists

import (
	"fmt"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/parts"
)

// mostInvalidLines is how many lines of a CODEOWNERS file that cannot be read are named.
const mostInvalidLines = 5

// ownerNotices say which lines of a repository's CODEOWNERS name no owners because they
// cannot be read, with where they stand on GitHub.
func ownerNotices(web links.GitHub, repo telemetry.RepoName, h telemetry.RepoHealth) []parts.Notice {
	if len(h.Invalid) == 0 {
		return nil
	}
	n := parts.Notice{Icon: "alert", Strong: h.Owners + " has lines that cannot be read.", Text: "They count for nothing, as on GitHub."}
	for _, l := range h.Invalid[:min(len(h.Invalid), mostInvalidLines)] {
		n.Said = append(n.Said, parts.Link{Text: fmt.Sprintf("Line %d", l.Line), URL: web.Code(repo, h.Owners, l.Line)},
			parts.Link{Text: ": " + l.Why})
	}
	if len(h.Invalid) > mostInvalidLines {
		n.Said = append(n.Said, parts.Link{Text: " There are more."})
	}
	return []parts.Notice{n}
}
