package api

import (
	"encoding/json"

	"telemetry-dashboard/services/telemetry"
)

// runDiffItem is a comparison with the lengths of its lists.
type runDiffItem struct {
	telemetry.RunDiff
	Counts diffCounts `json:"counts"`
}

type diffCounts struct {
	New       int `json:"new"`
	Reopened  int `json:"reopened"`
	Gone      int `json:"gone"`
	Moved     int `json:"moved"`
	Unchanged int `json:"unchanged"`
}

func diffOf(d telemetry.RunDiff) runDiffItem {
	return runDiffItem{d, diffCounts{len(d.New), len(d.Reopened), len(d.Gone), len(d.Moved), len(d.Unchanged)}}
}

// runSessionItem is what a run says of a session, with the session's state.
type runSessionItem struct {
	telemetry.Mention
	State  telemetry.State      `json:"state"` // or "dry_run"
	Reason string               `json:"reason"`
	Issues []telemetry.IssueRow `json:"issues"`
}

type batchItem struct {
	BatchID  telemetry.Batch  `json:"batch_id"`
	Sessions []runSessionItem `json:"sessions"`
}

// runDetailItem is a run with its record whole and its sessions by batch.
type runDetailItem struct {
	File       string                `json:"file"`
	Source     string                `json:"source"`
	Kind       telemetry.Kind        `json:"kind"`
	Repo       telemetry.RepoName    `json:"repo"`
	Record     json.RawMessage       `json:"record"`
	Listed     bool                  `json:"findings_listed"`
	Reduced    bool                  `json:"scope_reduced"`
	Lost       []string              `json:"languages_not_scanned"`
	Accepted   bool                  `json:"scope_accepted"`
	Reference  bool                  `json:"reference"`
	Previous   telemetry.Optional    `json:"previous"`
	Earlier    []telemetry.RunRow    `json:"earlier"`
	Batches    []batchItem           `json:"batches"`
	New        []telemetry.DiffIssue `json:"new"`
	Reopened   []telemetry.DiffIssue `json:"reopened"`
	Gone       []telemetry.DiffIssue `json:"gone"`
	Moved      []telemetry.DiffIssue `json:"moved"`
	Unassigned []telemetry.IssueRow  `json:"issues_in_no_session"` // nil: unknown

	PrunedAt    telemetry.Time `json:"pruned_at"`
	LogPrunedAt telemetry.Time `json:"log_pruned_at"`

	LogErrors []telemetry.LogFailure `json:"log_errors"`
}

func runDetailOf(d telemetry.RunDetail, record json.RawMessage) runDetailItem {
	item := runDetailItem{
		File:      d.File,
		Source:    d.Source,
		Kind:      d.Kind,
		Repo:      d.Repo,
		Record:    record,
		Listed:    d.HasFindings,
		Reduced:   d.Reduced,
		Lost:      d.Lost,
		Accepted:  d.Accepted,
		Reference: d.Reference,
		Previous:  telemetry.Optional(d.Previous),
		Earlier:   d.Earlier,
		Batches:   batchesOf(d),
		New:       d.New,
		Reopened:  d.Reopened,
		Gone:      d.Gone,
		Moved:     d.Moved,

		PrunedAt: d.PrunedAt, LogPrunedAt: d.LogPrunedAt, LogErrors: d.LogBroken,
	}
	if d.UnassignedKnown {
		item.Unassigned = d.Unassigned
	}
	return item
}

// batchesOf groups a run's sessions by their batch, in the record's order.
func batchesOf(d telemetry.RunDetail) []batchItem {
	batches, place := []batchItem{}, map[telemetry.Batch]int{}
	for _, m := range d.Sessions {
		at, known := place[m.BatchID]
		if !known {
			at = len(batches)
			place[m.BatchID] = at
			batches = append(batches, batchItem{BatchID: m.BatchID})
		}
		bare := telemetry.SessionKey(m.ID)
		s := runSessionItem{Mention: m, Issues: array(d.SessionIssues[bare])}
		switch state := d.States[bare]; {
		case bare != "":
			s.State, s.Reason = state.State, state.Reason
		case m.ID == "":
			s.State, s.Reason = telemetry.StateOf("", telemetry.UpstreamStatus{Status: m.Status}, telemetry.PRSummary{})
		default:
			s.State = "dry_run"
		}
		batches[at].Sessions = append(batches[at].Sessions, s)
	}
	return batches
}
