package telemetry

import (
	"regexp"
	"strings"
)

// What a run's log may hold, on top of the bounds of a record: each of its
// files has at most MaxRecordBytes.
const (
	MaxLogFiles = 300      // of one log
	MaxLogBytes = 64 << 20 // of all its files together

	mostLocations   = 100      // of a finding; further ones stand in the file alone
	mostSnippets    = 10       // of a finding
	mostSnippet     = 32 << 10 // bytes of one snippet
	mostSnippetsAll = 4 << 20  // bytes of all snippets of a prompt
)

// LogState says what is known of a run's log.
type LogState string

// The states of a log. One that was never asked for has no row, and is "".
const (
	LogFound   LogState = "found"
	LogMissing LogState = "missing" // it was asked for, and is not there
	LogFailed  LogState = "failed"  // it could not be read
)

// LogRef names the log of a run: the repository that the run scanned, as its
// record names it, and the run's label.
type LogRef struct {
	Repo  RepoName
	Label string
}

// LogQuestion is a log to ask for.
type LogQuestion struct {
	LogRef
	In RepoName // the repository that holds it: the record's fork, else its target
}

// LogFile is one file of a log as it was fetched; Err says why it has no body.
type LogFile struct {
	RunFile
	Body []byte
	Err  error
}

// FetchedLog is the answer to a LogQuestion. Err is the cause of LogFailed, and
// what LogMissing can say of its cause.
type FetchedLog struct {
	LogRef
	State    LogState
	Origin   string // the repository that it came from; "" for RUNS_DIR
	Files    []LogFile
	Err      error
	Requests int // how many requests of the upstream's limit it cost

	NoneAtAll bool // of LogMissing: the repository has no log of any run
	Wanted    bool // a person waits for the answer
}

var (
	labelPattern  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)
	promptPattern = regexp.MustCompile(`^prompt_batch_(\d{1,9})\.txt$`)
)

// IsLogLabel reports whether a run's label can name a folder of logs: one step
// of a path, of plain letters.
func IsLogLabel(label string) bool { return labelPattern.MatchString(label) }

// IsLogFile reports whether a file of a log's folder is one that is read.
func IsLogFile(name string) bool {
	switch name {
	case "issues.json", "sessions.json", "batches.json", "run_log.json", "manifest.json", "outcomes.json":
		return true
	}
	return promptPattern.MatchString(name)
}

// RunLog is what the files of a run's log say.
type RunLog struct {
	Label    string   // of the run that the log says it is of, "" where it does not say
	Target   RepoName // the repository that it says was scanned, "" where it does not say
	Findings []LogFinding
	Rules    []LogRule // each once, by name
	Prompts  []LogPrompt
	Sessions []LogSession
	Batches  []LogBatch
	Broken   []LogFailure // files that could not be read; the others count
}

// LogFailure is a file of a log that could not be read, and why.
type LogFailure struct {
	File  string `json:"file"`
	Cause string `json:"error"`
}

// LogFinding is a finding as the log of its run describes it.
type LogFinding struct {
	IssueID     string // the id in the log, which sessions use
	Fingerprint string
	Rule        string
	Name        string // of the rule
	Title       string // of the rule: its description in one line
	Message     string // of the finding, see PlainMessage
	Score       *float64
	Severity    string
	Level       string // SARIF's word: error, warning, note
	Family      string
	CWEs        []string // CWE-79, as far as they are CWE ids
	Locations   []LogLocation
	Snippets    []Snippet
}

// LogLocation is a place that a finding names.
type LogLocation struct {
	File        string `json:"file"`
	StartLine   int64  `json:"start_line"`
	EndLine     int64  `json:"end_line"`
	StartColumn int64  `json:"start_column"`
}

// Snippet is the code around a location as it was at the scan.
type Snippet struct {
	File      string `json:"file"` // "" where the log does not say
	FirstLine int64  `json:"first_line"`
	Code      string `json:"code"`
}

// LogRule is what a log says of a rule.
type LogRule struct {
	Rule  string
	Name  string
	Title string
	Help  string // Markdown, often cut off
}

// LogPrompt is what Devin was told for a batch.
type LogPrompt struct {
	Batch int64
	Text  string
}

// LogSession is a session as the log has it when it was created.
type LogSession struct {
	Batch  int64
	ID     string
	URL    string
	Status string
}

// LogBatch is a batch and the ids of its issues.
type LogBatch struct {
	Batch    int64
	Family   string
	Severity string
	IssueIDs []string
}

// Finding is a finding of a log as records have it, at its first location.
func (f *LogFinding) Finding() Finding {
	out := Finding{IssueID: f.IssueID, Fingerprint: f.Fingerprint, Rule: f.Rule, Severity: f.Severity, Family: f.Family}
	if len(f.Locations) > 0 {
		out.File, out.Line = f.Locations[0].File, f.Locations[0].StartLine
	}
	if out.Fingerprint == "" {
		out.Fingerprint = ComputedFingerprint(out)
	}
	return out
}

// ByID returns the findings of a log by IssueKey; of equal ids the first
// counts.
func (l *RunLog) ByID() map[string]*LogFinding {
	byID := make(map[string]*LogFinding, len(l.Findings))
	for i := range l.Findings {
		if key := IssueKey(l.Findings[i].IssueID); key != "" && byID[key] == nil {
			byID[key] = &l.Findings[i]
		}
	}
	return byID
}

// markdownText is a long text of a log: cut where it is over the limit, since
// the file itself is kept.
func markdownText(s string) string {
	return Shorten(strings.ReplaceAll(cleanText(s), "\r\n", "\n"), mostText)
}
