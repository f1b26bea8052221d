package telemetry

import (
	"slices"
	"strings"
)

// ValueKind says how the values of a qualifier are read.
type ValueKind string

// The kinds of values.
const (
	ValueWord   ValueKind = "word"   // one of Values
	ValueText   ValueKind = "text"   // the whole text, in any case; * stands for any characters
	ValuePath   ValueKind = "path"   // a part of the path; with * the whole path, a leading / its beginning
	ValuePrefix ValueKind = "prefix" // the beginning of an id
	ValueRepo   ValueKind = "repo"   // owner/name or a URL; owner/* for all of an owner
	ValueExact  ValueKind = "exact"  // one whole number
	ValueNumber ValueKind = "number" // 3, >3, >=3, <3, <=3, 3..5
	ValueAge    ValueKind = "age"    // >30d; h hours, d days, w weeks
	ValueDate   ValueKind = "date"   // >2026-01-31, 2026-01, 2026-01-01..2026-01-31, or an age
	ValuePull   ValueKind = "pull"   // a number, owner/name#number, or a URL
)

// Qualifier is a word that a list's query understands before a colon.
type Qualifier struct {
	Name    string
	Aliases []string
	Kind    ValueKind
	Values  []string // of ValueWord; for others, what a completion may offer
	Dynamic bool     // its values are the data's: the caller supplies them for completion
	Help    string   // a few words for the completion list
}

func (v Qualifier) called(name string) bool {
	name = strings.ToLower(name)
	return v.Name == name || slices.Contains(v.Aliases, name)
}

// Words that several vocabularies share.
const (
	WordOpen   = "open"   // issues that are not fixed; pull requests; repositories with open issues
	WordActive = "active" // sessions that are queued, working or waiting
	WordOther  = "other"  // severities that are none of CodeQL's
)

// Qualifiers returns what the queries of a list understand, in the order in
// which completion offers it; nil for an unknown list.
func Qualifiers(list ListName) []Qualifier {
	switch list {
	case ListIssues:
		return issueQualifiers()
	case ListSessions:
		return sessionQualifiers()
	case ListPulls:
		return pullQualifiers()
	case ListRuns:
		return runQualifiers()
	case ListRepos:
		return repoQualifiers()
	}
	return nil
}

func repoQualifier() Qualifier {
	return Qualifier{Name: "repo", Kind: ValueRepo, Dynamic: true, Help: "target repository: owner/name, or owner/*"}
}

func issueQualifiers() []Qualifier {
	statuses := []string{WordOpen}
	for _, s := range Statuses() {
		statuses = append(statuses, string(s))
	}
	ages := []string{">7d", ">30d", ">90d", "<7d"}
	return []Qualifier{
		{Name: "is", Aliases: []string{"status", "state"}, Kind: ValueWord, Values: statuses, Help: "state of the issue"},
		{Name: "severity", Kind: ValueWord, Values: append(Severities(), WordOther), Help: "severity tier"},
		{Name: "family", Kind: ValueText, Dynamic: true, Help: "CWE family, for example xss"},
		{Name: "rule", Kind: ValueText, Dynamic: true, Help: "CodeQL rule, for example js/sql-injection or js/*"},
		repoQualifier(),
		{Name: "path", Aliases: []string{"file"}, Kind: ValuePath, Help: "part of the file's path; * and a leading / anchor it"},
		{Name: "id", Kind: ValueText, Help: "issue id (CQLF-…), or the id in the page's address"},
		{Name: "fingerprint", Kind: ValuePrefix, Help: "beginning of any fingerprint that the issue had"},
		{Name: "run", Kind: ValueExact, Help: "number of a run that named the issue"},
		{Name: "appearances", Kind: ValueNumber, Values: []string{">=2", ">=5"}, Help: "number of scans that named it"},
		{Name: "age", Kind: ValueAge, Values: ages, Help: "time since it was first seen"},
		{Name: "first", Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when it was first seen"},
		{Name: "opened", Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when it was first seen, or came back"},
		{Name: "closed", Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when a scan no longer named it"},
		{Name: "taken", Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when a session took it, or its fix was verified"},
		{Name: "seen", Aliases: []string{"last"}, Kind: ValueDate, Values: []string{"<7d", ">30d"}, Help: "when it was last seen"},
		{Name: "attempts", Kind: ValueNumber, Values: []string{">0", ">=3", "0"}, Help: "number of sessions that took it"},
		{Name: "session", Kind: ValueText, Help: "session that took it, with or without devin-"},
		{Name: "pr", Kind: ValuePull, Help: "pull request of a session that took it: number, owner/name#number or URL"},
		{Name: "has", Kind: ValueWord, Values: []string{"session", "pr"}, Help: "what it has"},
		{Name: "no", Kind: ValueWord, Values: []string{"session", "pr", "family"}, Help: "what it does not have"},
	}
}

func sessionQualifiers() []Qualifier {
	states := []string{WordActive}
	for _, s := range States() {
		states = append(states, string(s))
	}
	return []Qualifier{
		{Name: "is", Aliases: []string{"state", "status"}, Kind: ValueWord, Values: states, Help: "state of the session"},
		repoQualifier(),
		{Name: "family", Kind: ValueText, Dynamic: true, Help: "CWE family of its issues"},
		{Name: "run", Kind: ValueNumber, Help: "number of the run that started it"},
		{Name: "batch", Kind: ValueNumber, Help: "batch of that run"},
		{Name: "issue", Kind: ValueText, Help: "issue id that it was given, for example CQLF-R34-0010"},
		{Name: "id", Aliases: []string{"session"}, Kind: ValueText, Help: "its id, with or without devin-"},
		{Name: "pr", Kind: ValuePull, Help: "its pull request: number, owner/name#number or URL"},
		{Name: "has", Kind: ValueWord, Values: []string{"pr", "issue"}, Help: "what it has"},
		{Name: "no", Kind: ValueWord, Values: []string{"pr", "issue"}, Help: "what it does not have"},
		{Name: "age", Aliases: []string{"since"}, Kind: ValueAge, Values: []string{">2h", ">1d", ">7d"}, Help: "time in its present state"},
		{Name: "started", Aliases: []string{"created"}, Kind: ValueDate, Values: []string{"<1d", "<7d", "<30d"}, Help: "when its run started it"},
	}
}

func pullQualifiers() []Qualifier {
	return []Qualifier{
		{Name: "is", Aliases: []string{"state"}, Kind: ValueWord, Values: []string{WordOpen, "closed", "merged", "unknown", "draft"}, Help: "state of the pull request"},
		{Name: "repo", Kind: ValueRepo, Dynamic: true, Help: "target repository, its fork included: owner/name, or owner/*"},
		{Name: "author", Aliases: []string{"user"}, Kind: ValueText, Dynamic: true, Help: "who opened it"},
		{Name: "session", Kind: ValueText, Help: "Devin session, with or without devin-"},
		{Name: "issue", Kind: ValueText, Help: "issue id in its title, for example CQLF-R34-0010"},
		{Name: "pr", Aliases: []string{"number", "id"}, Kind: ValuePull, Help: "number, owner/name#number or URL"},
		{Name: "linked", Kind: ValueWord, Values: []string{"devin", "verification", "record", "session_id", "issue_id"}, Help: "why it belongs to its session"},
		{Name: "has", Kind: ValueWord, Values: []string{"session", "issue"}, Help: "what it has"},
		{Name: "no", Kind: ValueWord, Values: []string{"session", "issue"}, Help: "what it does not have"},
		{Name: "age", Aliases: []string{"waiting"}, Kind: ValueAge, Values: []string{">1d", ">7d", ">30d"}, Help: "time since it was opened"},
		{Name: "created", Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when it was opened"},
		{Name: "merged", Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when it was merged"},
		{Name: "closed", Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when it was closed, merged or not"},
	}
}

func runQualifiers() []Qualifier {
	return []Qualifier{
		{Name: "kind", Kind: ValueWord, Values: []string{string(KindScan), string(KindDispatch)}, Help: "scan, or dispatch of one session"},
		{Name: "is", Kind: ValueWord, Values: []string{"reduced", "unnamed", "empty"}, Help: "scope-reduced, names no findings, found nothing"},
		repoQualifier(),
		{Name: "run", Aliases: []string{"number"}, Kind: ValueNumber, Help: "run number"},
		{Name: "found", Kind: ValueNumber, Values: []string{">0", ">=50"}, Help: "number of findings"},
		{Name: "new", Kind: ValueNumber, Values: []string{">0"}, Help: "issues that it found first or again"},
		{Name: "gone", Kind: ValueNumber, Values: []string{">0"}, Help: "issues that it no longer named"},
		{Name: "sessions", Kind: ValueNumber, Values: []string{">0"}, Help: "number of sessions that it started"},
		{Name: "file", Kind: ValuePath, Help: "part of the record's file name"},
		{Name: "age", Kind: ValueAge, Values: []string{"<1d", "<7d", ">30d"}, Help: "time since it ran"},
		{Name: "date", Aliases: []string{"created", "at"}, Kind: ValueDate, Values: []string{"<7d", "<30d"}, Help: "when it ran"},
	}
}

func repoQualifiers() []Qualifier {
	counts := []string{">0"}
	return []Qualifier{
		{Name: "repo", Aliases: []string{"name"}, Kind: ValueRepo, Dynamic: true, Help: "owner/name, or owner/*"},
		{Name: "is", Kind: ValueWord, Values: []string{"listed", "reduced", "clean"}, Help: "has a reference scan, last scan was scope-reduced, nothing open"},
		{Name: "open", Kind: ValueNumber, Values: counts, Help: "number of open issues"},
		{Name: "critical_high", Aliases: []string{"critical-high", "ch"}, Kind: ValueNumber, Values: counts, Help: "open issues, critical and high"},
		{Name: "runs", Kind: ValueNumber, Values: counts, Help: "number of runs"},
		{Name: "active", Kind: ValueNumber, Values: counts, Help: "number of active sessions"},
		{Name: "waiting", Kind: ValueNumber, Values: counts, Help: "number of open pull requests"},
		{Name: "age", Aliases: []string{"scanned"}, Kind: ValueAge, Values: []string{">2d", ">7d"}, Help: "time since the last run"},
	}
}
