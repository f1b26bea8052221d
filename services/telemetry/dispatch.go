package telemetry

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// messageMost is how many characters a message may have: what Devin takes
// is not published, and a reply is not a document.
const messageMost = 30000

// NewMessage checks a message to Devin and returns it as it is sent. The
// error is CodeInvalid and says what is wrong.
func NewMessage(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", Errorf(CodeInvalid, "Message is empty. Write what Devin should read.")
	case n > messageMost:
		return "", Errorf(CodeInvalid, "Message is too long: %d characters; the limit is %d.", n, messageMost)
	}
	return text, nil
}

// The bounds of the workflow's numbers: what is beyond them is a slip.
const (
	batchSizeMost   = 100
	maxSessionsMost = 1000
	inputMost       = 1000 // bytes of a text
)

// DispatchInputs are the workflow's inputs beside the target, in the order of
// its form.
func DispatchInputs() []string {
	return []string{
		"languages", "queries", "persist_logs", "include_paths", "exclude_paths", "batch_size", "max_sessions",
		"severity_threshold", "dry_run", "default_branch",
	}
}

// NewDispatch checks the inputs of a run. What is empty is left out, so that the
// workflow's own default applies; owner/name is sent as the URL that the action
// expects, on the server web. The error is CodeInvalid and names the input in Field.
func NewDispatch(web, target string, inputs map[string]string) (Dispatch, error) {
	target = strings.TrimSpace(target)
	repo, err := TargetRepo(target)
	if err != nil {
		return Dispatch{}, err
	}
	if !strings.Contains(target, "://") && !strings.HasPrefix(target, "git@") {
		target = web + "/" + string(repo)
	}
	d := Dispatch{TargetRepo: target, Inputs: map[string]string{}}
	for _, name := range DispatchInputs() {
		value := strings.TrimSpace(inputs[name])
		if value == "" {
			continue
		}
		if err := checkInput(name, value); err != nil {
			err.Field = name
			return Dispatch{}, err
		}
		d.Inputs[name] = value
	}
	return d, nil
}

// TargetRepo reads the repository that a run should work on. The error is
// CodeInvalid and says what is wrong.
func TargetRepo(text string) (RepoName, error) {
	if text == "" {
		return "", Errorf(CodeInvalid, "target_repo is missing: want owner/name or the repository's URL.")
	}
	repo := ParseRepo(text)
	if repo == "" {
		return "", Errorf(CodeInvalid, "Invalid target_repo: want owner/name or the repository's URL.")
	}
	return repo, nil
}

func checkInput(name, value string) *Error {
	switch name {
	case "persist_logs", "dry_run":
		if value != "true" && value != "false" {
			return Errorf(CodeInvalid, "Invalid %s: want true or false.", name)
		}
	case "batch_size":
		return wholeNumber(name, value, 1, batchSizeMost)
	case "max_sessions":
		return wholeNumber(name, value, 0, maxSessionsMost)
	case "severity_threshold":
		if !slices.Contains(Severities(), value) {
			return Errorf(CodeInvalid, "Invalid %s: want one of %s.", name, strings.Join(Severities(), ", "))
		}
	case "default_branch":
		return branchName(value)
	}
	if len(value) > inputMost || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
		return Errorf(CodeInvalid, "Invalid %s: want one line of at most %d bytes.", name, inputMost)
	}
	return nil
}

func wholeNumber(name, value string, low, high int64) *Error {
	if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < low || n > high {
		return Errorf(CodeInvalid, "Invalid %s: want a whole number from %d to %d.", name, low, high)
	}
	return nil
}

// branchName refuses what Git refuses in a name, as far as a shell or a URL
// could stumble over it.
func branchName(value string) *Error {
	refused := func(r rune) bool { return r <= ' ' || strings.ContainsRune(`~^:?*[\`, r) }
	if len(value) > 250 || value[0] == '-' || strings.Contains(value, "..") || strings.ContainsFunc(value, refused) {
		return Errorf(CodeInvalid, "Invalid default_branch: want the name of a branch, for example main.")
	}
	return nil
}
