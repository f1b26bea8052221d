package devin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// create is the body with which a session is started, on either API.
type create struct {
	Prompt     string          `json:"prompt"`
	Title      string          `json:"title,omitempty"`
	Tags       []string        `json:"tags,omitempty"`
	MaxACUs    int64           `json:"max_acu_limit,omitempty"`
	Playbook   string          `json:"playbook_id,omitempty"`
	Schema     json.RawMessage `json:"structured_output_schema,omitempty"`
	Idempotent bool            `json:"idempotent,omitempty"` // v1 alone
}

// Create starts a session, and returns its id and, where Devin gives it, its
// address. It is never sent twice. CodeOutcomeUnknown means that the session may
// have been started: ask Tagged for it. After every other error there is none.
func (c *Client) Create(ctx context.Context, n telemetry.NewSession) (telemetry.UpstreamSession, error) {
	path, err := c.sessionsPath(ctx)
	if err != nil {
		return telemetry.UpstreamSession{}, err
	}
	r := request{
		what: "the new session", path: path, limit: maxSmall, shape: "is not a session",
		denied: "The key in DEVIN_API_KEY may not start sessions (403). Give it the permission (on v3 ManageOrgSessions), or use another key.",
		order: &order{
			body: create{
				Prompt: n.Prompt, Title: n.Title, Tags: n.Tags, MaxACUs: n.MaxACUs, Playbook: n.Playbook, Schema: n.Schema,
				Idempotent: c.api == apiV1,
			},
			unsure:   "It is not known whether the session was started. It is looked up by its tag; nothing is sent again by itself.",
			rejected: "No session was started.",
		},
	}
	var made telemetry.UpstreamSession
	_, err = c.exchange(ctx, r, func(in io.Reader) (err error) {
		made, err = c.readCreated(in)
		return err
	})
	if err != nil {
		return telemetry.UpstreamSession{}, err // what an answer says that was cut is not believed
	}
	return made, nil
}

// readCreated reads the answer to a new session. One that Devin says it had
// already may be of another order: what is idempotent is not documented.
func (c *Client) readCreated(in io.Reader) (telemetry.UpstreamSession, error) {
	o, err := readObject(in, nil, "session_id", "url", "is_new_session", "org_id")
	made := telemetry.UpstreamSession{ID: telemetry.SessionKey(o.text("session_id")), API: c.api, URL: webAddress(o.text("url"))}
	switch {
	case err != nil:
		return made, err
	case !isID(made.ID):
		return telemetry.UpstreamSession{}, unread("it has no session_id")
	case c.isForeign(o.text("org_id")):
		return made, unread("it belongs to another organization")
	case string(o["is_new_session"]) == "false":
		return made, unread("it names a session that was there before")
	}
	return made, nil
}

// taggedPages bounds the pages that Tagged reads of a server that gives others, too.
const taggedPages = 20

// Tagged returns the sessions that have a tag and were not created before a time,
// each row checked: a server may not know the parameter. The error is nil only
// where the whole list was read, so that none in it is none at all.
func (c *Client) Tagged(ctx context.Context, tag string, since time.Time) ([]telemetry.UpstreamSession, error) {
	ctx, cancel := context.WithTimeout(ctx, manyTimeouts*c.timeout)
	defer cancel()
	path, err := c.sessionsPath(ctx)
	if err != nil {
		return nil, err
	}
	r := request{what: "the list of sessions", path: path, query: url.Values{"tags": {tag}}, limit: maxList, denied: deniedRead}
	t := &tagged{tag: tag, since: since, seen: map[string]bool{}}
	list := c.taggedV1
	if c.api == apiV3 {
		list = c.taggedV3
	}
	err = telemetry.Guard("asking Devin for the sessions of a tag", func() error { return list(ctx, r, t) })
	if err == nil && t.unread > 0 {
		err = c.broken(r, "has rows that cannot be read", nil)
	}
	return t.found, err
}

// tagged collects the sessions of a tag.
type tagged struct {
	tag    string
	since  time.Time
	seen   map[string]bool
	found  []telemetry.UpstreamSession
	unread int
}

// take takes a page, and reports whether what follows it may have more: lists
// have the newest first.
func (t *tagged) take(rows []telemetry.UpstreamSession) (more bool) {
	for _, s := range rows {
		if t.seen[s.ID] {
			continue
		}
		t.seen[s.ID], more = true, true
		if slices.Contains(s.Tags, t.tag) && !s.CreatedAt.Before(t.since) {
			t.found = append(t.found, s)
		}
	}
	return more && !rows[len(rows)-1].CreatedAt.Before(t.since)
}

// rows reads a page of a list.
func (c *Client) rows(in io.Reader, list string, t *tagged) (*page, error) {
	p := &page{}
	err := upstream.Object(in, list, maxRows, func(raw json.RawMessage) error {
		p.rows++
		session, err := c.readSession(bytes.NewReader(raw))
		if err != nil {
			t.unread++
			return nil //nolint:nilerr // it is counted
		}
		p.sessions = append(p.sessions, session)
		return nil
	}, p.next)
	return p, err
}

func (c *Client) taggedV1(ctx context.Context, r request, t *tagged) error {
	r.shape = "names no sessions"
	r.query.Set("limit", strconv.Itoa(limitV1))
	for offset := 0; offset < taggedPages*limitV1; {
		r.query.Set("offset", strconv.Itoa(offset))
		p, err := get(ctx, c, r, func(in io.Reader) (*page, error) { return c.rows(in, "sessions", t) })
		if err != nil {
			return err
		}
		if !t.take(p.sessions) || p.rows < limitV1 {
			return nil
		}
		offset += p.rows
	}
	return c.broken(r, "has more pages than are read", nil)
}

func (c *Client) taggedV3(ctx context.Context, r request, t *tagged) error {
	r.shape = "names no items"
	r.query.Set("first", strconv.Itoa(firstV3))
	partial, err := c.pagesV3(ctx, r, taggedPages, func(in io.Reader) (*page, error) { return c.rows(in, "items", t) },
		func(p *page) bool { return t.take(p.sessions) })
	return cmp.Or(err, partial)
}
