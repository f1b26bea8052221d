package shell

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// startedText says how a job was started, and who joined it, as this
// browser's person would: "by you, 1 more joined".
func startedText(j telemetry.Job, mine bool) string {
	more := parts.Number(j.Joined) + " more joined"
	switch {
	case mine && j.Joined > 0:
		return "by you, " + more
	case mine:
		return "by you"
	}
	said := "by " + string(j.By)
	if j.By == "" || strings.HasPrefix(string(j.By), "automatically") {
		said = string(j.By)
	}
	switch {
	case j.Joined == 1:
		said += ", you joined"
	case j.Joined > 1:
		said += ", you and " + parts.Number(j.Joined-1) + " more joined"
	}
	return strings.TrimPrefix(said, ", ")
}

type jobResult struct {
	New          int64              `json:"new"`
	Updated      int64              `json:"updated"`
	Gone         int64              `json:"gone"`
	Broken       int64              `json:"broken"`
	PRsFound     int64              `json:"prs_found"`
	Polled       int64              `json:"polled"`
	Skipped      int64              `json:"skipped"`
	Missing      int64              `json:"missing"`
	Found        int64              `json:"found"`
	Left         bool               `json:"left"`
	PatchedFiles int64              `json:"patched_files"`
	DryRun       bool               `json:"dry_run"`
	Undo         bool               `json:"undo"`
	Changes      []telemetry.Change `json:"changes"`

	telemetry.Pruned
}

func resultOf(j telemetry.Job) jobResult {
	var r jobResult
	if len(j.Result) > 0 {
		_ = json.Unmarshal(j.Result, &r) // an older program's result has fewer fields
	}
	return r
}

// JobTitle names a job, with how far it is.
func JobTitle(j telemetry.Job) string {
	name := map[string]string{
		ingest.JobRefresh:  "Refresh",
		ingest.JobPoll:     "Poll sessions",
		ingest.JobPollPRs:  "Poll pull requests",
		ingest.JobBackfill: "Backfill",
		ingest.JobLogs:     "Read run logs",
		ingest.JobPrune:    "Prune old records",
	}[j.Kind]
	if resultOf(j).DryRun {
		name += ", dry run"
	}
	if j.State == telemetry.JobCancelled {
		return name + ": canceled"
	}
	return name + ": " + j.State
}

// JobSummary is a done job in a sentence.
func JobSummary(j telemetry.Job) string {
	r := resultOf(j)
	plural := parts.Plural[int64]
	var said []string
	switch j.Kind {
	case ingest.JobRefresh:
		said = []string{plural(r.New, "new file", ""), parts.Number(r.Updated) + " updated"}
		if r.Gone > 0 {
			said = append(said, parts.Number(r.Gone)+" gone")
		}
		if r.Broken > 0 {
			said = append(said, parts.Number(r.Broken)+" could not be read")
		}
		if r.PRsFound > 0 {
			said = append(said, plural(r.PRsFound, "pull request", ""))
		}
	case ingest.JobPoll:
		said = []string{plural(r.Polled, "session", "") + " polled", plural(r.PRsFound, "pull request", "")}
		if r.Skipped > 0 {
			said = append(said, parts.Number(r.Skipped)+" left for later")
		}
		if r.Missing > 0 {
			said = append(said, parts.Number(r.Missing)+" not found by Devin")
		}
	case ingest.JobPollPRs:
		said = []string{plural(r.PRsFound, "pull request", "")}
	case ingest.JobLogs:
		said = []string{plural(r.Found, "run log", "") + " read"}
		if r.Missing > 0 {
			said = append(said, plural(r.Missing, "run", "")+" without one")
		}
		if r.Left {
			said = append(said, "the others later, to keep within GitHub’s limit")
		}
	case ingest.JobPrune:
		return pruneSummary(r.Pruned, j.Errors)
	case ingest.JobBackfill:
		return backfillSummary(r)
	}
	return strings.Join(append(said, failureTexts(j.Errors)...), ", ") + "."
}

// pruneSummary is what a prune did.
func pruneSummary(p telemetry.Pruned, errs []string) string {
	text := "Nothing to prune: nothing is older than " + parts.Plural(p.Days, "day", "days")
	if p.Records+p.Logs > 0 {
		text = "Pruned " + parts.Plural(p.Records, "record", "") + " and " + parts.Plural(p.Logs, "log", "") +
			" older than " + parts.Plural(p.Days, "day", "days") + ", " + sizeText(p.Bytes)
	}
	text = strings.Join(append([]string{text}, failureTexts(errs)...), ", ") + "."
	if p.Note != "" && p.Records+p.Logs > 0 {
		text += " " + p.Note
	}
	return text
}

// sizeText is a number of bytes: "812 MB".
func sizeText(bytes int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}} {
		if bytes >= unit.size {
			return parts.OneDecimal(float64(bytes)/float64(unit.size)) + " " + unit.name
		}
	}
	return parts.Plural(max(bytes, 0), "byte", "")
}

// failureTexts counts what failed during a job: repositories, whose
// errors begin with their name, and all else.
func failureTexts(errs []string) (said []string) {
	repos, others := 0, 0
	for _, e := range errs {
		if name, _, named := strings.Cut(e, ": "); named && name != "" && telemetry.ParseRepo(name).Key() == strings.ToLower(name) {
			repos++
		} else {
			others++
		}
	}
	if repos > 0 {
		said = append(said, parts.Plural(repos, "repository", "")+" failed")
	}
	if others > 0 {
		said = append(said, parts.Plural(others, "error", ""))
	}
	return said
}

func backfillSummary(r jobResult) string {
	records := parts.Plural(r.PatchedFiles, "record", "")
	if len(r.Changes) == 0 {
		return "Nothing to correct: no known issue id or pull request is missing from a record."
	}
	changes := parts.Plural(len(r.Changes), "change", "") + " in " + records
	if r.DryRun {
		return changes + ". Nothing has been changed yet. The original records are kept."
	}
	return changes + " applied."
}

// TookText is how long a job took: "under 1 s", "12 s", "1:20 min".
func TookText(d time.Duration) string {
	switch seconds := int(d.Seconds()); {
	case seconds < 1:
		return "under 1 s"
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	default:
		return fmt.Sprintf("%d:%02d min", seconds/60, seconds%60)
	}
}

func secondsText(s float64) string {
	if s >= 60 {
		return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%.1f s", s)
}

// ValueText is one side of a change, in short.
func ValueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case string:
		if v == "" {
			return "empty"
		}
		if ref := telemetry.ParsePull(v); ref.Number > 0 {
			return ref.Key()
		}
		return v
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = ValueText(item)
		}
		if len(texts) == 0 {
			return "empty"
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprint(v)
}
