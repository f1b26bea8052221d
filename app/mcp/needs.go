package mcp

import (
	"context"
	"strings"

	"telemetry-dashboard/views/links"
)

// need is something that waits for a person.
type need struct {
	Group    string   `json:"group"`
	Subject  string   `json:"subject"`
	Detail   string   `json:"detail"`
	Since    string   `json:"since"`
	Repo     string   `json:"repo"`
	Severity string   `json:"severity"`
	Issues   []string `json:"issues" jsonschema:"Ids of its issues"`
	Session  string   `json:"session_id"`
	PR       int64    `json:"pr_number"`
	Owners   []string `json:"owners"`
	Assignee string   `json:"assignee"`
	DueAt    string   `json:"due_at"`
	Overdue  bool     `json:"overdue"`
	Action   struct {
		Name  string `json:"name"`
		Label string `json:"label"`
	} `json:"action" jsonschema:"The one thing to do"`
	PageURL string `json:"page_url"`
}

type needsIn struct {
	Group string `json:"group,omitempty" jsonschema:"Only these groups, separated by commas; the groups of any answer name them"`
	Q     string `json:"q,omitempty" jsonschema:"A query of the list needs-attention, for example owner:@acme/payments"`
	Repo  string `json:"repo,omitempty" jsonschema:"owner/name of one repository"`
	AsOf  string `json:"as_of,omitempty" jsonschema:"A past time, RFC 3339 or a date"`
	paged
}

type needsOut struct {
	sheet[need]
	Groups []struct {
		Group string `json:"group"`
		Label string `json:"label"`
		Total int64  `json:"total"`
	} `json:"groups"`
	PageURL string `json:"page_url"`
}

func (s *Server) needsYou(ctx context.Context, in needsIn) (needsOut, error) {
	asked := append(in.pairs(), "group", in.Group, "q", in.Q, "repo", in.Repo, "as_of", in.AsOf)
	out, err := get[needsOut](ctx, links.With(links.APIList("needs-attention"), asked...))
	out.PageURL = s.page(links.NeedsYou, "q", ofRepo(in.Q, in.Repo), "as_of", in.AsOf)
	for i, n := range out.Items {
		out.Items[i].Issues, out.Items[i].Owners = first(n.Issues, listMost), first(n.Owners, listMost)
		out.Items[i].Subject, out.Items[i].Detail = cut(n.Subject), cut(n.Detail)
		switch {
		case n.Session != "":
			out.Items[i].PageURL = s.page(links.Session(n.Session))
		case len(n.Issues) == 1:
			out.Items[i].PageURL = s.page(links.Issue(n.Issues[0]))
		default:
			out.Items[i].PageURL = s.page(links.NeedsYou, "q", ofRepo("", n.Repo))
		}
	}
	return out, err
}

// ofRepo is a query, of one repository where that is named.
func ofRepo(q, repo string) string {
	if repo == "" {
		return q
	}
	return strings.TrimSpace(q + " repo:" + repo)
}
