package mcp

import (
	"context"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

type periodIn struct {
	Period string `json:"period,omitempty" jsonschema:"7d, 30d (the default), 90d or all"`
	Repo   string `json:"repo,omitempty" jsonschema:"owner/name of one repository"`
	AsOf   string `json:"as_of,omitempty" jsonschema:"A past time, RFC 3339 or a date"`
}

func (in periodIn) pairs() []string {
	return []string{"period", in.Period, "repo", in.Repo, "as_of", in.AsOf}
}

// rate is how many issues of a group attempts removed.
type rate struct {
	Name    string  `json:"name"`
	Issues  int64   `json:"issues"`
	Gone    int64   `json:"gone"`
	FixRate float64 `json:"fix_rate" jsonschema:"gone in percent of issues"`
	ACUs    float64 `json:"acus"`
}

type effectivenessOut struct {
	Period       string  `json:"period"`
	Since        string  `json:"since"`
	Until        string  `json:"until"`
	Issues       int64   `json:"issues" jsonschema:"On which sessions worked in the period"`
	Sessions     int64   `json:"sessions"`
	Gone         int64   `json:"gone" jsonschema:"Of issues, those that a later scan no longer finds"`
	StillThere   int64   `json:"still_there"`
	NotRescanned int64   `json:"not_rescanned"`
	NotMerged    int64   `json:"not_merged"`
	FixRate      float64 `json:"fix_rate" jsonschema:"gone in percent of issues"`
	Cost         struct {
		ACUs    float64  `json:"acus"`
		PerGone *float64 `json:"per_gone"`
	} `json:"cost"`
	Blocked struct {
		Issues  int64 `json:"issues"`
		Reasons []struct {
			Reason string `json:"reason"`
			Issues int64  `json:"issues"`
		} `json:"reasons"`
	} `json:"blocked" jsonschema:"Why sessions say that they could not fix issues"`
	ByRule     []rate `json:"by_rule"`
	ByFamily   []rate `json:"by_family"`
	BySeverity []rate `json:"by_severity"`
	ByRepo     []rate `json:"by_repo"`
	ByAttempt  []rate `json:"by_attempt"`
	ByPlaybook []rate `json:"by_playbook"`
	PageURL    string `json:"page_url"`
}

func (s *Server) effectiveness(ctx context.Context, in periodIn) (effectivenessOut, error) {
	out, err := get[effectivenessOut](ctx, links.With(links.APIList("effectiveness"), in.pairs()...))
	out.Blocked.Reasons = first(out.Blocked.Reasons, listMost)
	for i, b := range out.Blocked.Reasons {
		out.Blocked.Reasons[i].Reason = cut(b.Reason)
	}
	for _, rates := range []*[]rate{&out.ByRule, &out.ByFamily, &out.BySeverity, &out.ByRepo, &out.ByAttempt, &out.ByPlaybook} {
		*rates = first(*rates, listMost)
	}
	out.PageURL = s.page(links.Effectiveness, in.pairs()...)
	return out, err
}

// owned is what one owner has.
type owned struct {
	Owner          string           `json:"owner" jsonschema:"Empty for what nobody owns"`
	Open           int64            `json:"open"`
	OpenBySeverity map[string]int64 `json:"open_by_severity"`
	Overdue        int64            `json:"overdue"`
	DueSoon        int64            `json:"due_soon" jsonschema:"Due within the next 7 days"`
	ClosedInTime   int64            `json:"closed_in_time"`
	ClosedLate     int64            `json:"closed_late"`
	Attempted      int64            `json:"attempted" jsonschema:"Issues on which a session worked in the period"`
	Fixed          int64            `json:"fixed"`
	PageURL        string           `json:"page_url"`
}

type ownersOut struct {
	Open    int64   `json:"open"`
	Overdue int64   `json:"overdue"`
	DueSoon int64   `json:"due_soon"`
	Items   []owned `json:"items" jsonschema:"The most overdue first"`
	Total   int     `json:"total" jsonschema:"How many owners there are; items has the first 50"`
	PageURL string  `json:"page_url"`
}

func (s *Server) owners(ctx context.Context, in periodIn) (ownersOut, error) {
	out, err := get[ownersOut](ctx, links.With(links.APIList("owners"), in.pairs()...))
	out.Total, out.Items = len(out.Items), first(out.Items, pageMost)
	for i, o := range out.Items {
		q := "is:overdue no:owner"
		if o.Owner != "" {
			q = `is:overdue owner:"` + o.Owner + `"`
		}
		out.Items[i].PageURL = s.page(links.In(telemetry.ParseRepo(in.Repo), links.Issues), "q", q, "as_of", in.AsOf)
	}
	out.PageURL = s.page(links.Owners, in.pairs()...)
	return out, err
}

type reposIn struct {
	Q    string `json:"q,omitempty" jsonschema:"A query of the list repos. Empty lists all repositories"`
	AsOf string `json:"as_of,omitempty" jsonschema:"A past time, RFC 3339 or a date"`
	Page int64  `json:"page,omitempty" jsonschema:"Which 50 of them, from 1. Default 1"`
}

// repository is a row of /api/repos, as far as an agent needs it.
type repository struct {
	Name           string           `json:"name"`
	Open           int64            `json:"open"`
	OpenBySeverity map[string]int64 `json:"open_by_severity"`
	Overdue        int64            `json:"overdue"`
	Dismissed      int64            `json:"dismissed"`
	Accepted       int64            `json:"accepted"`
	Runs           int64            `json:"runs"`
	LastRun        string           `json:"last_run"`
	Sessions       int64            `json:"sessions_created"`
	PRsOpen        int64            `json:"prs_open"`
	PRsMerged      int64            `json:"prs_merged"`
	Note           string           `json:"status_note" jsonschema:"What its counts are of, where that needs a word"`
	PageURL        string           `json:"page_url"`
}

type reposOut struct {
	Items   []repository `json:"items"`
	Total   int          `json:"total"`
	PageURL string       `json:"page_url"`
}

func (s *Server) repositories(ctx context.Context, in reposIn) (out reposOut, err error) {
	all, err := get[[]repository](ctx, links.With(links.APIList("repos"), "q", in.Q, "as_of", in.AsOf))
	out.Total, out.PageURL = len(all), s.page(links.Repos, "q", in.Q, "as_of", in.AsOf)
	skip := min(int64(len(all)), (min(int64(len(all)), max(1, in.Page))-1)*pageMost)
	out.Items = first(all[max(0, skip):], pageMost)
	for i, r := range out.Items {
		out.Items[i].PageURL = s.page(links.Repo(r.Name), "as_of", in.AsOf)
	}
	return out, err
}
