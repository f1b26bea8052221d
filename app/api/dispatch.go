package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// dispatchBody is the body of POST /api/dispatch (product.md §9).
type dispatchBody struct {
	TargetRepo    string     `json:"target_repo"`
	Languages     looseWords `json:"languages"`
	Queries       looseText  `json:"queries"`
	PersistLogs   looseText  `json:"persist_logs"`
	IncludePaths  looseWords `json:"include_paths"`
	ExcludePaths  looseWords `json:"exclude_paths"`
	BatchSize     looseText  `json:"batch_size"`
	MaxSessions   looseText  `json:"max_sessions"`
	Severity      looseText  `json:"severity_threshold"`
	DryRun        looseText  `json:"dry_run"`
	DefaultBranch looseText  `json:"default_branch"`
}

// looseText is a text, number or flag as the workflow's inputs take it: all
// of them are texts. null is "".
type looseText string

func (t *looseText) UnmarshalJSON(b []byte) error {
	if b[0] == '{' || b[0] == '[' {
		return telemetry.Errorf(telemetry.CodeInvalid, "An input of the workflow must be a text, a number or true/false, not a list or an object.")
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

// looseWords is a text of words parted by commas, or a list of them.
type looseWords string

func (w *looseWords) UnmarshalJSON(b []byte) error {
	var words []string
	if json.Unmarshal(b, &words) == nil {
		*w = looseWords(strings.Join(words, ","))
		return nil
	}
	var text string
	if json.Unmarshal(b, &text) != nil {
		return telemetry.Errorf(telemetry.CodeInvalid, "languages, include_paths, exclude_paths: write a text with commas, or a list of texts.")
	}
	*w = looseWords(strings.TrimSpace(text))
	return nil
}

// The bounds of the workflow's numbers: what is beyond them is a slip.
const (
	batchSizeMost   = 100
	maxSessionsMost = 1000
	inputMost       = 1000 // characters of a text
)

// dispatch checks the inputs and returns them as GitHub takes them. What is
// empty is left out, so that the workflow's own default applies. An
// owner/name is sent as the URL that the action expects.
func (b *dispatchBody) dispatch() (telemetry.Dispatch, error) {
	target := strings.TrimSpace(b.TargetRepo)
	repo, err := targetRepo(target)
	if err != nil {
		return telemetry.Dispatch{}, err
	}
	if !strings.Contains(target, "://") && !strings.HasPrefix(target, "git@") {
		target = "https://github.com/" + string(repo)
	}
	d := telemetry.Dispatch{TargetRepo: target, Inputs: map[string]string{}}
	for _, in := range []struct {
		name, value string
		check       func(name, value string) error
	}{
		{"languages", string(b.Languages), line}, {"queries", string(b.Queries), line}, {"persist_logs", string(b.PersistLogs), flag},
		{"include_paths", string(b.IncludePaths), line}, {"exclude_paths", string(b.ExcludePaths), line},
		{"batch_size", string(b.BatchSize), number(1, batchSizeMost)}, {"max_sessions", string(b.MaxSessions), number(0, maxSessionsMost)},
		{"severity_threshold", string(b.Severity), tier}, {"dry_run", string(b.DryRun), flag}, {"default_branch", string(b.DefaultBranch), branch},
	} {
		if in.value == "" {
			continue
		}
		if err := in.check(in.name, in.value); err != nil {
			return telemetry.Dispatch{}, err
		}
		d.Inputs[in.name] = in.value
	}
	return d, nil
}

func line(name, value string) error {
	if len(value) > inputMost || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
		return telemetry.Errorf(telemetry.CodeInvalid, "%s: write one line of at most %d characters.", name, inputMost)
	}
	return nil
}

func flag(name, value string) error {
	if value != "true" && value != "false" {
		return telemetry.Errorf(telemetry.CodeInvalid, "%s: it is true or false.", name)
	}
	return nil
}

func number(low, high int64) func(name, value string) error {
	return func(name, value string) error {
		if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < low || n > high {
			return telemetry.Errorf(telemetry.CodeInvalid, "%s: write a whole number from %d to %d.", name, low, high)
		}
		return nil
	}
}

func tier(name, value string) error {
	if !slices.Contains(telemetry.Severities(), value) {
		return telemetry.Errorf(telemetry.CodeInvalid, "%s: use one of %s.", name, strings.Join(telemetry.Severities(), ", "))
	}
	return nil
}

// branch refuses what Git refuses in a name, as far as a shell or a URL
// could stumble over it.
func branch(name, value string) error {
	if len(value) > 250 || strings.HasPrefix(value, "-") || strings.Contains(value, "..") || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`~^:?*[\`, r) }) {
		return telemetry.Errorf(telemetry.CodeInvalid, "%s: this is no name of a branch; write for example main.", name)
	}
	return nil
}
