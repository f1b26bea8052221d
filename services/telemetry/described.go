package telemetry

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Described is what the log of a scan says of an issue: that of the newest
// scan whose log names it.
type Described struct {
	Message   Optional      `json:"message"` // without the links of SARIF
	Locations []LogLocation `json:"locations"`
	By        *ScanRef      `json:"described_by"` // that scan; nil where no log names the issue
	Code      *LoggedCode   `json:"code"`         // nil where no log has any
	Help      Optional      `json:"help"`         // of the rule, as Markdown that anybody may have written
	Prompts   []Prompt      `json:"prompts"`      // by which sessions were asked to fix it, oldest first
	Log       IssueLog      `json:"run_log"`
}

// ScanRef names a scan.
type ScanRef struct {
	RunFile   string `json:"run_file"`
	RunNumber int64  `json:"run_number"`
	At        Time   `json:"timestamp"`
}

// LoggedCode is the code around an issue as it was at a scan: the newest whose
// log has any, which only logs of runs have that sent the issue to Devin.
type LoggedCode struct {
	ScanRef
	Locations []LogLocation `json:"locations"` // of the issue at that scan
	Snippets  []Snippet     `json:"snippets"`
}

// MostPrompt is how many characters a Prompt has at most; the log has the rest.
const MostPrompt = 32 << 10

// Prompt is what a session was told of a batch.
type Prompt struct {
	RunFile   string `json:"run_file"`
	RunNumber int64  `json:"run_number"`
	Batch     Batch  `json:"batch_id"`
	Session   string `json:"session_id"` // its key
	Text      string `json:"text"`
}

// IssueLog is what is known of the log of the last scan that named an issue.
type IssueLog struct {
	RunFile   string   `json:"run_file"`
	RunNumber int64    `json:"run_number"`
	State     LogState `json:"state"` // "" = it was not asked for
	Cause     Optional `json:"error"`
	AskedAt   Time     `json:"asked_at"`
	PrunedAt  Time     `json:"pruned_at"` // since when its prompts and code are gone, null while they are kept
	Ref       LogRef   `json:"-"`         // its label is "" where the run can have no log
}

var (
	messageLink   = regexp.MustCompile(`\[((?:[^\[\]\\]|\\.)*)\]\((?:\d{1,9}|https?://[^()\s]*)\)`)
	messageEscape = regexp.MustCompile(`\\([\[\]\\])`)
)

// PlainMessage returns a SARIF message as text: of its links only their text
// is left, and a line that says the same as one before is left out.
func PlainMessage(message string) string {
	var lines []string
	for line := range strings.SplitSeq(message, "\n") {
		line = strings.TrimSpace(messageEscape.ReplaceAllString(messageLink.ReplaceAllString(line, "$1"), "$1"))
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

var cwePattern = regexp.MustCompile(`(?i)^(?:external/cwe/)?(?:cwe-)?0*([1-9]\d{0,5})$`)

// CWENumber returns the number of a CWE id, as CWE-79, cwe-079,
// external/cwe/cwe-079 or 79; 0 for another text.
func CWENumber(text string) int {
	m := cwePattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // the pattern has digits alone
	return n
}

// CWEName returns a CWE id as CWE-79; what is none stays as it is.
func CWEName(text string) string {
	if n := CWENumber(text); n > 0 {
		return "CWE-" + strconv.Itoa(n)
	}
	return text
}

// ScoreOf returns a CVSS score of one that is kept in tenths, nil of a
// negative one, which stands for none.
func ScoreOf(tenths int64) *float64 {
	if tenths < 0 {
		return nil
	}
	score := float64(tenths) / 10
	return &score
}
