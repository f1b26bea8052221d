package shell

import (
	"strconv"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// heldProblem is the strip about a listing that marks nothing gone, with the
// button that confirms it.
func heldProblem(l telemetry.HeldListing) panels.Problem {
	gone := int(l.Known - l.Kept)
	check := "Check that the directory is mounted and is the right one"
	if l.Source != "" {
		check = "Check that ACTION_REPO is the right repository"
	}
	n := panels.Problem{Retry: parts.Action{
		Text:  "Mark " + parts.Plural(gone, "file", "") + " as gone",
		Class: "btn-danger",
		URL:   links.ActionAcceptListing,
		Hidden: []parts.Field{
			{Name: "source", Value: l.Source},
			{Name: "kept", Value: strconv.FormatInt(l.Kept, 10)},
		},
	}}
	n.Notice = parts.Notice{
		Tone:   parts.Danger,
		Icon:   "alert",
		Strong: "Run files are missing.",
		Text: l.Message() + " Seen " + parts.Plural(l.Times, "time", "") + " since " + l.FirstSeen.Format("2006-01-02 15:04") +
			" UTC. " + check + ". If the files were deleted, confirm it.",
	}
	return n
}

// missingProblem is the strip about sessions that Devin answers 404 for.
func missingProblem(n int64) panels.Problem {
	return panels.Problem{Notice: parts.Notice{
		Tone:   parts.Attention,
		Icon:   "question",
		Strong: "Devin cannot find " + parts.Plural(n, "session", "") + " (404).",
		Text: "They were deleted, or DEVIN_API_KEY belongs to another organization. " +
			"Stored data is still shown. Devin is asked again every hour.",
		Link: parts.Link{Text: "Sessions", URL: links.Sessions},
	}}
}
