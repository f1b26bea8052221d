package panels

import (
	"time"
	"unicode/utf8"

	"telemetry-dashboard/views/parts"
)

// WhatItIs is what run logs say of an issue.
type WhatItIs struct {
	Message string
	Code    []CodeBlock
	Help    []HelpText
	Quiet   string // what is known of the log, where it describes nothing
	Ask     parts.Action
}

// nothing reports whether no log says anything of the issue.
func (w WhatItIs) nothing() bool { return w.Message == "" && len(w.Code) == 0 && len(w.Help) == 0 }

// HelpText is a part of a rule's help: Markdown that anybody may have written.
type HelpText struct {
	Title string
	First string // its first sentence
	Text  string
}

// CodeBlock is code around a finding as it was at a scan.
type CodeBlock struct {
	File  string // "" = not known
	First int64  // the flagged line, and the last one of the finding
	Last  int64
	Scan  string // "run 34"
	At    time.Time
	Today string // the file on GitHub as it is now
	Lines []CodeLine
}

// CodeLine is one line of code.
type CodeLine struct {
	Number int64
	Text   string
	Marked bool // the finding begins here
	More   bool // it goes on here
	From   int  // at which byte it begins, -1 where that is not known
}

// Prompt is what Devin was told of an issue's batch.
type Prompt struct {
	Of   string // "run 34 · batch 2"
	Note string
	Text string
}

// Label is a small box at the head of a page.
type Label struct {
	parts.Link
	Code bool
}

// lineFrom returns the byte at which a column of a line begins, -1 where the
// line has none such.
func lineFrom(text string, column int64) int {
	at := 0
	for ; column > 1 && at < len(text); column-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	if column != 1 || at >= len(text) {
		return -1
	}
	return at
}

// NewCodeLine is a line of code, and from which column on it is flagged.
func NewCodeLine(number int64, text string, marked, more bool, column int64) CodeLine {
	l := CodeLine{Number: number, Text: text, Marked: marked, More: more, From: -1}
	if marked {
		l.From = lineFrom(text, column)
	}
	return l
}
