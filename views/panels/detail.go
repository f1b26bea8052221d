package panels

import (
	"cmp"
	"strings"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// Heading is the head of a page about one thing.
type Heading struct {
	Breadcrumbs []parts.Link
	Title       string
	Aside       string          // next to the title, lighter: "in routes/login.ts:41"
	Pill        templ.Component // of an issue: its severity
	Labels      []Label         // likewise: its score, its CWE ids
	States      []parts.State
	Note        string
	Time        time.Time // after the note
	As          string
	After       string // behind the time
	Buttons     []Button
	Notices     []parts.Notice
	Forms       []parts.Action // of the first notice
	Asked       bool           // Devin waits for an answer: what it asks and the reply come first
}

// Button is a link at the head of a page; Dialog is the fragment that a
// dialog shows instead.
type Button struct {
	parts.Link
	Icon   string
	Dialog string
}

// Pair is a name and its value.
type Pair struct {
	Name    string
	NameURL string
	Text    string
	URL     string
	Code    bool
	Time    time.Time // in place of the text, or before it
	As      string
	State   parts.State // in place of the text
	Faint   bool        // the sample is too small
	Phrases []Phrase    // in place of the text
	Measure bool        // the text is a number that the thing itself has, and counts no rows
}

// Segment is one thing that is known of a step or an outcome.
type Segment struct {
	Text string
	URL  string
	Code bool
	Time time.Time // behind the text
	As   string

	Measure bool // the text is a measure of the thing itself, which counts no rows
}

// StepOf is one step of a timeline.
type StepOf struct {
	At       time.Time
	State    parts.State // its label is the step's title
	For      time.Time   // since when, behind the title
	Segments []Segment
	After    string // since the step before: "22 d"
}

// Mark is one scan of a strip.
type Mark struct {
	Kind string // present, gone, back, out
	Name string // "run 408"
	URL  string
	At   time.Time
}

// Strip shows an issue in the scans of its repository, oldest first.
type Strip struct {
	Marks   []Mark // the latest of them
	All     int    // how many there are
	Present int
	Gone    int
	Back    int
	Out     int
}

// IssuePage is all that is known of an issue.
type IssuePage struct {
	Frame
	Head     Heading
	WhatIs   WhatItIs
	Asked    []Prompt
	Strip    Strip
	Steps    []StepOf
	Attempts []AttemptRow
	Claims   []ClaimOf // one an attempt
	Facts    []Pair
	Prints   []Pair
	IDs      []Pair // what its scans call it
	IDsAll   int
	IDsMore  parts.Link
	Same     []IssueRow
	SameAll  int
	SameMore parts.Link
}

// AttemptRow is one session that worked on an issue.
type AttemptRow struct {
	Number   int
	Run      parts.Link
	Session  parts.Link
	State    telemetry.State // "" = no run record names the session
	PR       *telemetry.PullState
	Basis    string // by what the pull request is linked
	NamedBy  string // by what it is known that the session took the issue
	Verified parts.State
	Outcome  Segment
}

// SessionPage is all that is known of a session.
type SessionPage struct {
	Frame
	Head          Heading
	States        []StepOf
	Issues        []IssueRow
	Claims        []ClaimOf // one an issue
	Said          Said
	Named         bool // its issues are known
	Pulls         []PullRow
	Verifications []VerificationRow
	Facts         []Pair
	IssueIDs      []string // as its record has them
	Mentions      []Pair
}

// VerificationRow is one re-scan of a fix.
type VerificationRow struct {
	State    parts.State
	Counts   string // "4 of 5 fixed, 1 still present"
	Now      string // its outcome now: "3 gone, 1 still there"
	Pull     parts.Link
	Session  parts.Link
	Record   parts.Link // as it was fetched, without an address where it is no longer kept
	Of       string     // the page of what it checked
	At       time.Time
	Replaced bool   // a later record of the session says otherwise
	Title    string // of its pull request
	Repo     telemetry.RepoName
	Key      string // unique in its list
}

// Counted is what the re-scan counted. It leads to the record, or where that is
// no longer kept to what the re-scan checked.
func (r *VerificationRow) Counted() parts.Link {
	return parts.Link{Text: r.Counts, URL: cmp.Or(r.Record.URL, r.Of)}
}

// PullPage is all that is known of a pull request.
type PullPage struct {
	Frame
	Head          Heading
	Sessions      []LinkedRow
	Issues        []IssueRow
	Verifications []VerificationRow
	Facts         []Pair
	IssueIDs      []string // as its title has them
}

// LinkedRow is a session that a pull request belongs to, or may.
type LinkedRow struct {
	SessionRow
	Basis string
	Guess bool
}

// RunPage is a scan or dispatch with its results.
type RunPage struct {
	Frame
	Head       Heading
	Scan       bool
	Compare    string // why nothing is compared; "" = it is
	Against    []Option
	Lists      []DiffList
	Sessions   []BatchRow
	Only       string // the one list that is shown, "" = all
	Unassigned DiffList
	Unknown    bool // it is unknown which issues are in no session
	Facts      []Pair
}

// Option is one choice of a select.
type Option struct {
	Value, Text string
	Chosen      bool
}

// DiffList is what changed in one way.
type DiffList struct {
	Name  string
	State parts.State // its label is the list's title
	Rows  []IssueRow  // some of All
	From  []string    // where each row was before; nil = not said
	All   int
	More  parts.Link // to all of them
	Pager parts.Pager
}

// BatchRow is a session as a run's record names it.
type BatchRow struct {
	SessionRow
	Batch  telemetry.Batch
	Issues []parts.Link
	DryRun bool
}

// boxID is the anchor of a box: that of "Seen in scans" is seen-in-scans.
func boxID(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }

func issuesColumns(from bool) []parts.Column {
	list := []parts.Column{{Text: "Severity", Class: "c-sev"}, {Text: "State", Class: "c-status"}, {Text: "Rule"}, {Text: "Location"}}
	if from {
		return append(list, parts.Column{Text: "Before", Class: "d-from"})
	}
	return list
}

// How much of a long history is shown at once: its first and last steps, and
// the first of many pairs, the last of many attempts.
const (
	stepsFirst = 6
	stepsLast  = 30
	pairsFirst = 6

	attemptsLast = 25
	batchesFirst = 20
)
