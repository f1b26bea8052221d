package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// DaysText is an interval in its largest unit: "3 d", "7 h".
func DaysText(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	case d >= time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}

// Without returns the texts but one.
func Without(texts []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(other string) bool { return other == text })
}

// PercentText writes a rate: "25.0 %".
func PercentText(rate float64) string { return strconv.FormatFloat(rate, 'f', 1, 64) + " %" }

// Are is the verb of so many things, with a space on both sides.
func Are(n int64) string {
	if n == 1 {
		return " is "
	}
	return " are "
}

// Named are the ids that say something: old records can hold blank ones.
func Named(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.TrimSpace(id) == "" })
}

// RunName is what pages call a run, and a batch of it unless that is 0.
func RunName(run int64, batch telemetry.Batch) string {
	name := "dispatch"
	if run > 0 {
		name = "run " + strconv.FormatInt(run, 10)
	}
	if batch > 0 {
		name += " · batch " + batch.String()
	}
	return name
}

// ShortID is a session's id as far as people read it.
func ShortID(id string) string {
	if bare := telemetry.SessionKey(id); len(bare) > 8 {
		return bare[:8]
	}
	return telemetry.SessionKey(id)
}

// BasisText says why a pull request belongs to its session.
func BasisText(b telemetry.LinkBasis) string {
	return map[telemetry.LinkBasis]string{
		telemetry.LinkDevin:        "Devin’s answer",
		telemetry.LinkVerification: "verification record",
		telemetry.LinkRecorded:     "run record",
		telemetry.LinkSessionID:    "session id in the PR",
		telemetry.LinkIssueID:      "issue id in the title",
	}[b]
}

// Sentence writes an error as a sentence. What begins with the name of a
// field keeps it.
func Sentence(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// StatusText joins the status of a session and its detail, as Devin gives them.
func StatusText(status, detail string) string {
	if detail == "" {
		return status
	}
	return status + " + " + detail
}
