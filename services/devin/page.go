package devin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

const (
	// maxRows is ten times what is asked for: a server may not know the parameter.
	maxRows = 2000
	maxWord = 100 // bytes of a status
	maxText = 500 // bytes of a title
)

type page struct {
	rows     int
	ids      []string                    // of all rows that have one, wanted or not
	sessions []telemetry.UpstreamSession // the wanted ones that could be read
	lost     []string                    // wanted sessions whose rows cannot be read
	unread   int                         // rows that cannot be read and may be of wanted sessions
	why      unread                      // of the first of these

	more   bool   // v3: has_next_page
	cursor string // v3: end_cursor
}

func (c *Client) readPage(in io.Reader, s *search, list string) (*page, error) {
	p := &page{}
	err := upstream.Object(in, list, maxRows, func(raw json.RawMessage) error {
		p.rows++
		session, err := c.readSession(bytes.NewReader(raw))
		wanted := s.of[session.ID] != nil
		if session.ID != "" {
			p.ids = append(p.ids, session.ID)
		}
		switch {
		case err == nil && wanted:
			p.sessions = append(p.sessions, session)
		case err != nil && wanted:
			p.lost = append(p.lost, session.ID)
			p.misread(err)
		case err != nil && session.ID == "":
			p.misread(err)
		}
		return nil
	}, p.next)
	return p, err
}

func (p *page) misread(err error) {
	why, ok := errors.AsType[unread](err)
	if !ok {
		why = "it is not a session"
	}
	p.unread++
	p.why = cmp.Or(p.why, why)
}

// next reads the fields of v3 that say where a list continues.
func (p *page) next(name string, value json.RawMessage) error {
	switch name {
	case "has_next_page":
		return json.Unmarshal(value, &p.more)
	case "end_cursor":
		return json.Unmarshal(value, &p.cursor)
	}
	return nil
}

// isForeign reports whether a session says that it is of another organization than the
// one that is asked.
func (c *Client) isForeign(org string) bool {
	own := c.org.Load()
	return org != "" && own != nil && strings.TrimPrefix(org, "org-") != strings.TrimPrefix(*own, "org-")
}

// readSession reads one session. Beside an error it returns what could be read.
func (c *Client) readSession(in io.Reader) (telemetry.UpstreamSession, error) {
	o, err := readObject(in, nil, "session_id", "status", "status_enum", "status_detail", "title", "url", "created_at", "updated_at",
		"pull_request", "pull_requests", "structured_output", "result", "tags", "playbook_id", "acus_consumed", "org_id")
	session := telemetry.UpstreamSession{
		ID:        telemetry.SessionKey(o.text("session_id")),
		API:       c.api,
		Status:    o.text("status"),
		Title:     telemetry.Shorten(o.text("title"), maxText),
		URL:       webAddress(o.text("url")),
		CreatedAt: o.at("created_at", c.now()),
		UpdatedAt: o.at("updated_at", c.now()),
		Tags:      o.tags(),
		Playbook:  telemetry.Shorten(o.text("playbook_id"), maxWord),
		MilliACUs: o.acus(),
		Output:    telemetry.KeepOutput(o["structured_output"]),
	}
	if c.api == apiV3 {
		readV3(o, &session)
	} else {
		readV1(o, &session)
	}
	if !isID(session.ID) {
		session.ID = ""
	}
	switch {
	case err != nil:
		return session, err
	case session.ID == "":
		return session, unread("it has no session_id")
	case c.isForeign(o.text("org_id")):
		return session, unread("it belongs to another organization")
	case session.Status == "" || len(session.Status) > maxWord:
		return session, unread("it has no status")
	}
	return session, nil
}
