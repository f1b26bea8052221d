package client

import "slices"

// list is what "app get" knows of a list: where the API has it, and which of
// its fields a table shows.
type list struct {
	name    string
	path    string // below /api/
	query   string // its name for completion, "" where it has no query
	exports bool   // it can be had whole, as CSV and as JSON
	one     bool   // one of its rows can be asked for by an id
	columns []string
}

// lists are those of the API, in the order in which they are offered.
func lists() []list {
	return []list{
		{"issues", "issues", "issues", true, true,
			[]string{"id", "severity_tier", "state", "repo", "rule_id", "file", "start_line", "owners", "due_at", "attempts"}},
		{"sessions", "sessions", "sessions", true, true,
			[]string{"session_id", "state", "repo", "title", "pr_url", "acus_consumed", "state_since"}},
		{"prs", "prs", "pulls", true, true, []string{"repo", "pr_number", "state", "review", "checks", "title", "created_at"}},
		{"runs", "runs", "runs", true, true, []string{"_file", "kind", "target_repo", "run_number", "issues_found", "timestamp"}},
		{"repos", "repos", "repos", true, false,
			[]string{"name", "open", "overdue", "runs", "sessions_created", "prs_open", "prs_merged", "last_run"}},
		{"verifications", "verifications", "verifications", true, false,
			[]string{"repo", "pr_number", "outcome", "fixed_count", "remaining_count", "session_id", "verified_at"}},
		{"changes", "changes", "", true, false, []string{"at", "event", "id", "severity_tier", "rule_id", "target_repo", "hours"}},
		{"needs", "needs-attention", "needs-attention", true, false,
			[]string{"group", "severity", "repo", "subject", "detail", "owners", "since", "due_at"}},
		{"decisions", "decisions", "decisions", true, false, []string{"id", "action", "reason", "issues", "by", "at", "until", "comment"}},
		{"files", "files", "", true, false, []string{"file", "source", "kind", "size", "error", "gone", "fetched_at"}},
		{"jobs", "jobs", "", true, true, []string{"id", "kind", "state", "started_by", "started", "ended", "error"}},
		{"audit", "audit", "audit", true, false, []string{"at", "name", "role", "action", "subject", "result", "status", "error"}},
		{"deliveries", "deliveries", "deliveries", true, false, []string{"id", "event", "action", "repo", "state", "result"}},
		{"campaigns", "campaigns", "", false, true, []string{"id", "name", "issues", "done", "left", "percent_done", "owner", "due_at"}},
		{"batches", "batches", "", false, false, []string{"id", "repo", "state", "session_id", "error", "by", "at"}},
		{"owners", "owners", "", false, false, []string{"owner", "open", "overdue", "due_soon", "closed_in_time_rate", "attempted", "fixed"}},
		{"sources", "sources", "", false, false, []string{"name", "repo", "ok_at", "failed_at", "error"}},
		{"views", "views", "", false, false, []string{"id", "list", "name", "query"}},
	}
}

// Names are the names of all lists.
func Names() (names []string) {
	for _, l := range lists() {
		names = append(names, l.name)
	}
	return names
}

// named finds a list by its name, or by the API's or the query's.
func named(name string) (list, bool) {
	all := lists()
	i := slices.IndexFunc(all, func(l list) bool { return name == l.name || name == l.path || l.query != "" && name == l.query })
	if i < 0 {
		return list{}, false
	}
	return all[i], true
}
