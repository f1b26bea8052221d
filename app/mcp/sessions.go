package mcp

import (
	"context"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// session is a row of /api/sessions, as far as an agent needs it.
type session struct {
	ID         string   `json:"session_id"`
	Title      string   `json:"title"`
	Repo       string   `json:"repo"`
	State      string   `json:"state" jsonschema:"queued, working, waiting, pr_ready, finished, suspended, expired, failed, …"`
	Reason     string   `json:"reason"`
	StateSince string   `json:"state_since"`
	StartedAt  string   `json:"timestamp"`
	IssueIDs   []string `json:"issue_ids"`
	PullURL    string   `json:"pr_url"`
	ACUs       float64  `json:"acus_consumed"`
	Claim      string   `json:"claim_status" jsonschema:"What it says of its work"`
	SessionURL string   `json:"session_url" jsonschema:"At Devin"`
	PageURL    string   `json:"page_url"`
}

func (s *Server) linkSession(one *session, asOf string) {
	one.IssueIDs = first(one.IssueIDs, listMost)
	one.Title, one.Reason = cut(one.Title), cut(one.Reason)
	one.PageURL = s.page(links.Session(strings.TrimPrefix(one.ID, "devin-")), "as_of", asOf)
}

type sessionsIn struct {
	Q    string `json:"q,omitempty" jsonschema:"A query, for example is:waiting repo:acme/shop. Empty lists all sessions"`
	Repo string `json:"repo,omitempty" jsonschema:"owner/name of one repository"`
	AsOf string `json:"as_of,omitempty" jsonschema:"A past time, RFC 3339 or a date"`
	paged
}

type sessionsOut struct {
	sheet[session]
	PageURL string `json:"page_url"`
}

func (s *Server) listSessions(ctx context.Context, in sessionsIn) (out sessionsOut, err error) {
	asked := append(in.pairs(), "q", in.Q, "repo", in.Repo, "as_of", in.AsOf)
	out.sheet, err = get[sheet[session]](ctx, links.With(links.APIList("sessions"), asked...))
	for i := range out.Items {
		s.linkSession(&out.Items[i], in.AsOf)
	}
	out.PageURL = s.page(links.In(telemetry.ParseRepo(in.Repo), links.Sessions), "q", in.Q, "as_of", in.AsOf)
	return out, err
}

type sessionIn struct {
	ID       string `json:"id" jsonschema:"The session's id, with devin- or without"`
	Messages bool   `json:"messages,omitempty" jsonschema:"Also ask Devin for the latest messages"`
	AsOf     string `json:"as_of,omitempty" jsonschema:"A past time, RFC 3339 or a date; without messages"`
}

// message is one of a session.
type message struct {
	From string `json:"from"`
	Text string `json:"message"`
	At   string `json:"created_at"`
}

type sessionOut struct {
	session
	States []struct {
		State string `json:"state"`
		At    string `json:"timestamp"`
	} `json:"states" jsonschema:"The latest ones, the oldest first"`
	Issues []issue `json:"issues"`
	Pulls  []struct {
		Repo   string `json:"repo"`
		Number int64  `json:"pr_number"`
		Title  string `json:"title"`
		State  string `json:"state"`
		Merged bool   `json:"merged"`
		URL    string `json:"html_url"`
		Review string `json:"review"`
		Checks string `json:"checks"`
	} `json:"prs"`
	Messages []message `json:"messages,omitempty" jsonschema:"The latest ones, the oldest first, where they were asked for"`
}

func (s *Server) getSession(ctx context.Context, in sessionIn) (sessionOut, error) {
	out, err := get[sessionOut](ctx, links.With(links.APISession(in.ID), "as_of", in.AsOf))
	if err != nil {
		return out, err
	}
	s.linkSession(&out.session, in.AsOf)
	out.States, out.Issues, out.Pulls = last(out.States, listMost), first(out.Issues, listMost), first(out.Pulls, listMost)
	s.linkIssues(out.Issues, in.AsOf)
	for i := range out.Pulls {
		out.Pulls[i].Title = cut(out.Pulls[i].Title)
	}
	if in.Messages {
		out.Messages, err = messagesOf(ctx, in.ID)
	}
	return out, err
}

// messagesOf are the latest messages of a session, of which Devin is asked.
func messagesOf(ctx context.Context, id string) ([]message, error) {
	said, err := get[struct {
		Items []message `json:"items"`
	}](ctx, links.APIMessages(id))
	list := last(said.Items, pageUsual)
	for i := range list {
		list[i].Text = cut(list[i].Text)
	}
	return list, err
}

type replyIn struct {
	ID      string `json:"id" jsonschema:"The session's id, with devin- or without"`
	Message string `json:"message" jsonschema:"What to tell Devin"`
	Confirm bool   `json:"confirm,omitempty" jsonschema:"true sends it; else the answer tells what the session asks"`
}

type replyOut struct {
	Session  session   `json:"session"`
	Sent     bool      `json:"sent"`
	Message  string    `json:"message" jsonschema:"What was, or would be, sent"`
	Messages []message `json:"messages,omitempty" jsonschema:"Before the message is sent: the latest of the session"`
}

// reply sends a message once it is confirmed. Who may not send learns that
// before.
func (s *Server) reply(ctx context.Context, in replyIn) (out replyOut, err error) {
	out.Message = in.Message
	if p := telemetry.PersonOf(ctx); !p.May(telemetry.RoleOperator) {
		return out, telemetry.Errorf(telemetry.CodeForbidden,
			"This needs the role operator, and %s has the role %s. Ask an admin of this dashboard. Nothing was done.",
			telemetry.Shown(p.Name), p.Role)
	}
	if out.Session, err = get[session](ctx, links.APISession(in.ID)); err != nil {
		return out, err
	}
	s.linkSession(&out.Session, "")
	if !in.Confirm {
		out.Messages, err = messagesOf(ctx, in.ID)
		return out, err
	}
	done, err := post[struct {
		Sent bool `json:"sent"`
	}](ctx, links.APIMessages(in.ID), map[string]string{"message": in.Message}, nil)
	out.Sent = done.Sent
	return out, err
}
