package api

import (
	"encoding/json"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// dispatchBody is the body of POST /api/dispatch (docs/rules.md#dispatch).
type dispatchBody struct {
	TargetRepo    string    `json:"target_repo"`
	Languages     looseList `json:"languages"`
	Queries       looseText `json:"queries"`
	PersistLogs   looseText `json:"persist_logs"`
	IncludePaths  looseList `json:"include_paths"`
	ExcludePaths  looseList `json:"exclude_paths"`
	BatchSize     looseText `json:"batch_size"`
	MaxSessions   looseText `json:"max_sessions"`
	Severity      looseText `json:"severity_threshold"`
	DryRun        looseText `json:"dry_run"`
	DefaultBranch looseText `json:"default_branch"`
	Force         *bool     `json:"force"` // nil: start, and answer with what speaks against it
}

// looseText is a text, number or flag as the workflow's inputs take it: all
// of them are texts. null is "".
type looseText string

func (t *looseText) UnmarshalJSON(b []byte) error {
	if b[0] == '{' || b[0] == '[' {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"Invalid input: want a string, a number or a boolean, not a list or an object.")
	}
	if b[0] != '"' {
		*t = looseText(strings.TrimPrefix(string(b), "null"))
		return nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	*t = looseText(strings.TrimSpace(s))
	return err
}

// looseList is a text of words separated by commas, or a list of them.
type looseList string

func (w *looseList) UnmarshalJSON(b []byte) error {
	var words []string
	if json.Unmarshal(b, &words) == nil {
		*w = looseList(strings.Join(words, ","))
		return nil
	}
	var text string
	if json.Unmarshal(b, &text) != nil {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"Invalid languages, include_paths or exclude_paths: want a list of strings, or a string separated by commas.")
	}
	*w = looseList(strings.TrimSpace(text))
	return nil
}

// dispatch checks the inputs and returns them as GitHub takes them; web is
// where repositories are looked at.
func (b *dispatchBody) dispatch(web string) (telemetry.Dispatch, error) {
	return telemetry.NewDispatch(web, b.TargetRepo, map[string]string{
		"languages":          string(b.Languages),
		"queries":            string(b.Queries),
		"persist_logs":       string(b.PersistLogs),
		"include_paths":      string(b.IncludePaths),
		"exclude_paths":      string(b.ExcludePaths),
		"batch_size":         string(b.BatchSize),
		"max_sessions":       string(b.MaxSessions),
		"severity_threshold": string(b.Severity),
		"dry_run":            string(b.DryRun),
		"default_branch":     string(b.DefaultBranch),
	})
}
