package api

import (
	"encoding/json"

	"telemetry-dashboard/services/telemetry"
)

type spotItem struct {
	File string `json:"file"`
	Line int64  `json:"start_line"`
}

type diffItem struct {
	issueItem
	Before *spotItem `json:"before"`
	After  *spotItem `json:"after"`
}

func diffItemOf(d telemetry.DiffIssue) diffItem {
	at := func(s telemetry.Spot) *spotItem {
		if s == (telemetry.Spot{}) {
			return nil
		}
		return &spotItem{s.File, s.Line}
	}
	return diffItem{issueOf(d.IssueRow), at(d.Before), at(d.After)}
}

type runRefItem struct {
	File        string  `json:"file"`
	RunNumber   int64   `json:"run_number"`
	Timestamp   *string `json:"timestamp"`
	Repo        string  `json:"repo"`
	IssuesFound int64   `json:"issues_found"`
	Reduced     bool    `json:"scope_reduced"`
}

func runRefOf(r telemetry.RunRow) runRefItem {
	return runRefItem{
		File:        r.File,
		RunNumber:   r.RunNumber,
		Timestamp:   stamp(r.At.Time),
		Repo:        string(r.Repo),
		IssuesFound: r.IssuesFound,
		Reduced:     r.Reduced,
	}
}

type diffCounts struct {
	New       int `json:"new"`
	Reopened  int `json:"reopened"`
	Gone      int `json:"gone"`
	Moved     int `json:"moved"`
	Unchanged int `json:"unchanged"`
}

type runDiffItem struct {
	Run       runRefItem `json:"run"`
	Against   runRefItem `json:"against"`
	Counts    diffCounts `json:"counts"`
	New       []diffItem `json:"new"`
	Reopened  []diffItem `json:"reopened"`
	Gone      []diffItem `json:"gone"`
	Moved     []diffItem `json:"moved"`
	Unchanged []diffItem `json:"unchanged"`
}

func diffOf(d telemetry.RunDiff) runDiffItem {
	return runDiffItem{
		Run:       runRefOf(d.Run),
		Against:   runRefOf(d.Against),
		Counts:    diffCounts{len(d.New), len(d.Reopened), len(d.Gone), len(d.Moved), len(d.Unchanged)},
		New:       each(d.New, diffItemOf),
		Reopened:  each(d.Reopened, diffItemOf),
		Gone:      each(d.Gone, diffItemOf),
		Moved:     each(d.Moved, diffItemOf),
		Unchanged: each(d.Unchanged, diffItemOf),
	}
}

type runSessionItem struct {
	telemetry.Mention
	State  string      `json:"state"`
	Reason string      `json:"reason"`
	Issues []issueItem `json:"issues"`
}

type batchItem struct {
	BatchID  int64            `json:"batch_id"`
	Sessions []runSessionItem `json:"sessions"`
}

type runDetailItem struct {
	File       string          `json:"file"`
	Source     string          `json:"source"`
	Kind       string          `json:"kind"`
	Repo       string          `json:"repo"`
	Record     json.RawMessage `json:"record"`
	Listed     bool            `json:"findings_listed"`
	Reduced    bool            `json:"scope_reduced"`
	Accepted   bool            `json:"scope_accepted"`
	Reference  bool            `json:"reference"`
	Previous   *string         `json:"previous"`
	Earlier    []runRefItem    `json:"earlier"`
	Batches    []batchItem     `json:"batches"`
	New        []diffItem      `json:"new"`
	Reopened   []diffItem      `json:"reopened"`
	Gone       []diffItem      `json:"gone"`
	Moved      []diffItem      `json:"moved"`
	Unassigned *[]issueItem    `json:"issues_in_no_session"` // null: unknown
}

func runDetailOf(d telemetry.RunDetail) runDetailItem {
	item := runDetailItem{
		File:      d.File,
		Source:    d.Source,
		Kind:      string(d.Kind),
		Repo:      string(d.Repo),
		Record:    runItem(d.RunRow),
		Listed:    d.HasFindings,
		Reduced:   d.Reduced,
		Accepted:  d.Accepted,
		Reference: d.Reference,
		Previous:  textOrNull(d.Previous),
		Earlier:   each(d.Earlier, runRefOf),
		Batches:   batchesOf(d),
		New:       each(d.New, diffItemOf),
		Reopened:  each(d.Reopened, diffItemOf),
		Gone:      each(d.Gone, diffItemOf),
		Moved:     each(d.Moved, diffItemOf),
	}
	if d.UnassignedKnown {
		list := each(d.Unassigned, issueOf)
		item.Unassigned = &list
	}
	return item
}

// batchesOf groups a run's sessions by their batch, in the record's order.
func batchesOf(d telemetry.RunDetail) []batchItem {
	batches, place := []batchItem{}, map[int64]int{}
	for _, m := range d.Sessions {
		at, known := place[m.BatchID]
		if !known {
			at = len(batches)
			place[m.BatchID] = at
			batches = append(batches, batchItem{BatchID: m.BatchID})
		}
		bare := telemetry.BareID(m.SessionID)
		s := runSessionItem{Mention: m, Issues: each(d.Taken[bare], issueOf)}
		switch state := d.States[bare]; {
		case bare != "":
			s.State, s.Reason = string(state.State), state.Reason
		case m.SessionID == "":
			never, reason := telemetry.StateOf("", telemetry.Word{Status: m.Status}, telemetry.PRSummary{})
			s.State, s.Reason = string(never), reason
		default:
			s.State = "dry_run"
		}
		batches[at].Sessions = append(batches[at].Sessions, s)
	}
	return batches
}
