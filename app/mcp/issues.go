package mcp

import (
	"context"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// issue is a row of /api/issues, as far as an agent needs it.
type issue struct {
	ID        string   `json:"id"`
	Title     string   `json:"title" jsonschema:"Of its rule; empty where no scan says it"`
	Rule      string   `json:"rule_id"`
	Severity  string   `json:"severity_tier"`
	Family    string   `json:"cwe_family"`
	Repo      string   `json:"repo"`
	File      string   `json:"file"`
	Line      int64    `json:"start_line"`
	State     string   `json:"state" jsonschema:"Open: new, recurring, reopened, not_scanned. Else fixed, retired, dismissed, accepted"`
	FirstSeen string   `json:"first_seen_date"`
	LastSeen  string   `json:"last_seen_date"`
	Owners    []string `json:"owners"`
	Assignee  string   `json:"assignee"`
	DueAt     string   `json:"due_at"`
	Overdue   bool     `json:"overdue"`
	Attempts  int64    `json:"attempts" jsonschema:"Sessions that worked on it"`
	Claim     string   `json:"claim" jsonschema:"What the latest session says of it; empty without one"`
	Found     string   `json:"found" jsonschema:"What scans found after the latest session; empty without one"`
	PageURL   string   `json:"page_url"`
}

func (s *Server) linkIssues(list []issue, asOf string) {
	for i := range list {
		list[i].PageURL = s.page(links.Issue(list[i].ID), "as_of", asOf)
		list[i].Owners = first(list[i].Owners, listMost)
	}
}

type searchIn struct {
	Q    string `json:"q,omitempty" jsonschema:"A query, for example is:overdue owner:@acme/payments. Empty lists all issues"`
	Repo string `json:"repo,omitempty" jsonschema:"owner/name of one repository"`
	Sort string `json:"sort,omitempty" jsonschema:"severity (the default), due, last_seen, …; a wrong one is told which there are"`
	AsOf string `json:"as_of,omitempty" jsonschema:"A past time, RFC 3339 or a date: the answer is what was known then"`
	paged
}

type searchOut struct {
	sheet[issue]
	PageURL string `json:"page_url"`
}

func (s *Server) searchIssues(ctx context.Context, in searchIn) (out searchOut, err error) {
	asked := []string{"q", in.Q, "repo", in.Repo, "sort", in.Sort, "as_of", in.AsOf}
	out.sheet, err = get[sheet[issue]](ctx, links.With(links.APIList("issues"), append(in.pairs(), asked...)...))
	s.linkIssues(out.Items, in.AsOf)
	out.PageURL = s.page(links.In(telemetry.ParseRepo(in.Repo), links.Issues), "q", in.Q, "sort", in.Sort, "as_of", in.AsOf)
	return out, err
}

type issueIn struct {
	ID   string `json:"id" jsonschema:"The issue's id, or one that a run gave it (CQLF-R12-0003)"`
	AsOf string `json:"as_of,omitempty" jsonschema:"A past time, RFC 3339 or a date: the answer is what was known then"`
}

// attempt is one session that worked on an issue, and what came of it.
type attempt struct {
	Session  string  `json:"session_id"`
	At       string  `json:"timestamp"`
	State    string  `json:"state" jsonschema:"Of the session"`
	Claim    string  `json:"claim" jsonschema:"What the session says of the issue: fixed, blocked or nothing"`
	Blocked  string  `json:"blocked_reason" jsonschema:"Why it says that it could not fix it"`
	Outcome  string  `json:"outcome" jsonschema:"What came of it: gone, still_there, pr_open, pr_closed, not_scanned, no_pr, …"`
	Found    string  `json:"found" jsonschema:"What later scans say: gone, still_there, not_rescanned, pr_open or thrown_away"`
	PullURL  string  `json:"pr_url"`
	PRState  string  `json:"pr_state"`
	PRMerged bool    `json:"pr_merged"`
	ACUs     float64 `json:"acus"`
	PageURL  string  `json:"page_url"`
}

type issueOut struct {
	issue
	Message string    `json:"message" jsonschema:"What CodeQL says of this place"`
	Help    string    `json:"help" jsonschema:"Of the rule: why it is dangerous and how to fix it"`
	Score   float64   `json:"score"`
	CWEs    []string  `json:"cwes"`
	Tried   []attempt `json:"attempt_list" jsonschema:"Earlier attempts, the oldest first"`
	Odds    struct {
		By     string `json:"by"`
		Name   string `json:"name"`
		Issues int64  `json:"issues"`
		Gone   int64  `json:"gone"`
	} `json:"odds" jsonschema:"Of how many issues like this one (by rule, else family) attempts removed how many"`
	Code struct {
		Snippets []struct {
			File string `json:"file"`
			Line int64  `json:"first_line"`
			Code string `json:"code"`
		} `json:"snippets"`
	} `json:"code" jsonschema:"Where it is, as a scan saw it"`
	Decisions []decision `json:"decisions"`
	Timeline  []struct {
		Kind string `json:"kind"`
		At   string `json:"timestamp"`
		Text string `json:"text"`
	} `json:"timeline" jsonschema:"The latest entries, the oldest first"`
}

func (s *Server) getIssue(ctx context.Context, in issueIn) (issueOut, error) {
	out, err := get[issueOut](ctx, links.With(links.APIIssue(in.ID), "as_of", in.AsOf))
	if err != nil {
		return out, err
	}
	out.PageURL = s.page(links.Issue(out.ID), "as_of", in.AsOf)
	out.Owners, out.CWEs = first(out.Owners, listMost), first(out.CWEs, listMost)
	out.Message, out.Help = cut(out.Message), cut(out.Help)
	out.Tried, out.Timeline = last(out.Tried, listMost), last(out.Timeline, listMost)
	out.Decisions = last(out.Decisions, listMost)
	for i, a := range out.Tried {
		out.Tried[i].Blocked = cut(a.Blocked)
		out.Tried[i].PageURL = s.page(links.Session(strings.TrimPrefix(a.Session, "devin-")))
	}
	for i := range out.Timeline {
		out.Timeline[i].Text = cut(out.Timeline[i].Text)
	}
	for i := range out.Decisions {
		out.Decisions[i].Comment = cut(out.Decisions[i].Comment)
	}
	const places = 3
	out.Code.Snippets = first(out.Code.Snippets, places)
	for i := range out.Code.Snippets {
		out.Code.Snippets[i].Code = cut(out.Code.Snippets[i].Code)
	}
	return out, nil
}
