package details

import (
	"fmt"
	"strings"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// prunedNotices say what is no longer kept of a run.
func prunedNotices(r telemetry.RunDetail) (notices []parts.Notice) {
	for _, n := range []struct {
		at         telemetry.Time
		what, left string
	}{
		{r.PrunedAt, "Record pruned.", "The record as it was fetched is no longer kept since %s, after RETENTION_DAYS. What is read of it is."},
		{r.LogPrunedAt, "Log pruned.", "The prompts and the code of the run’s log are no longer kept since %s, after RETENTION_DAYS. " +
			"What the log says of issues is."},
	} {
		if !n.at.IsZero() {
			notices = append(notices, parts.Notice{
				Icon: "info", Strong: n.what, Text: fmt.Sprintf(n.left, n.at.UTC().Format("2 Jan 2006")), Note: true,
			})
		}
	}
	return notices
}

// mostCauses is how many causes a page names of a log; the API has all.
const mostCauses = 3

// logNotices say what of a run's log is not used, each cause once with its files.
func logNotices(broken []telemetry.LogFailure) (notices []parts.Notice) {
	var causes []string
	files := map[string][]string{}
	for _, b := range broken {
		if files[b.Cause] == nil {
			causes = append(causes, b.Cause)
		}
		files[b.Cause] = append(files[b.Cause], b.File)
	}
	for _, cause := range causes[:min(len(causes), mostCauses)] {
		notices = append(notices, parts.Notice{
			Icon: "info", Strong: "Log not used in full.", Text: strings.Join(files[cause], ", ") + ": " + shell.Sentence(cause), Note: true,
		})
	}
	return notices
}
