package devintest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

const (
	maxLimitV1 = 100
	maxFirstV3 = 200
	firstV3    = 100 // v3's default
	maxMessage = 1 << 20
)

func (p *Player) routes() {
	p.route("GET /v1/sessions", KindList, p.listV1)
	p.route("POST /v1/sessions", KindCreate, p.createV1)
	p.route("GET /v1/sessions/{id}", KindSession, p.sessionV1)
	p.route("POST /v1/sessions/{id}/message", KindSend, p.sendV1)
	p.route("GET /v3/self", KindSelf, p.self)
	p.route("GET /v3/organizations/{org}/sessions", KindList, p.listV3)
	p.route("POST /v3/organizations/{org}/sessions", KindCreate, p.createV3)
	p.route("GET /v3/organizations/{org}/sessions/{id}", KindSession, p.sessionV3)
	p.route("GET /v3/organizations/{org}/sessions/{id}/messages", KindMessages, p.messagesV3)
	p.route("POST /v3/organizations/{org}/sessions/{id}/messages", KindSend, p.sendV3)
	p.route("/", KindUnknown, func(r *http.Request) answer { return failed(r, http.StatusNotFound, "Not Found") })
}

// asked is one session's question: it needs the devin- form of the id.
func (p *Player) asked(r *http.Request, then func(*Session) answer) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, prefixed := strings.CutPrefix(r.PathValue("id"), "devin-")
	s := p.sessions[id]
	if !prefixed || s == nil {
		return failed(r, http.StatusNotFound, "Session not found.")
	}
	return then(s)
}

func (p *Player) listV1(r *http.Request) answer {
	q := r.URL.Query()
	limit, err := number(q, "limit", maxLimitV1)
	offset, err2 := number(q, "offset", 0)
	if q.Has("skip") && err2 == nil {
		offset, err2 = number(q, "skip", 0)
	}
	if err := cmp.Or(err, err2); err != nil {
		return failed(r, http.StatusUnprocessableEntity, err.Error())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.newest(func(s *Session) bool { return hasAll(s.Tags, q["tags"]) })
	list = list[min(offset, len(list)):]
	items := []map[string]any{}
	for _, s := range list[:min(limit, maxLimitV1, len(list))] {
		items = append(items, itemV1(s))
	}
	return answer{http.StatusOK, map[string]any{"sessions": items}}
}

func (p *Player) sessionV1(r *http.Request) answer {
	return p.asked(r, func(s *Session) answer {
		item := itemV1(s)
		messages := []map[string]any{}
		for i, m := range s.Messages {
			kind := m.From + "_message"
			if i == 0 && m.From == "user" {
				kind = "initial_user_message"
			}
			messages = append(messages, map[string]any{
				"type":      kind,
				"event_id":  m.ID,
				"message":   m.Text,
				"timestamp": iso(m.At.Time),
				"username":  nil,
			})
		}
		item["messages"] = messages
		return answer{http.StatusOK, item}
	})
}

func (p *Player) sendV1(r *http.Request) answer {
	return p.send(r, func(s *Session, slept bool) answer {
		if slept {
			return answer{http.StatusOK, map[string]any{"detail": "The session was suspended and resumes."}}
		}
		return answer{http.StatusOK, nil}
	})
}

func itemV1(s *Session) map[string]any {
	item := map[string]any{
		"session_id":   "devin-" + s.ID,
		"status":       s.Status,
		"status_enum":  orNull(cmp.Or(s.StatusEnum, enumV1(s))),
		"title":        orNull(s.Title),
		"created_at":   iso(s.CreatedAt),
		"updated_at":   iso(s.UpdatedAt),
		"tags":         append([]string{}, s.Tags...),
		"pull_request": nil,
		"snapshot_id":  nil,
		"playbook_id":  orNull(s.Playbook),
	}
	if s.StructuredOutput != nil {
		item["structured_output"] = s.StructuredOutput
	}
	if len(s.PRs) > 0 {
		item["pull_request"] = map[string]any{"url": s.PRs[0].URL}
	}
	return item
}

// enumV1 is v1's word for what v3 says, "" where it has none.
func enumV1(s *Session) string {
	switch s.Status {
	case "running":
		switch s.Detail {
		case "waiting_for_user", "waiting_for_approval":
			return "blocked"
		case "finished":
			return "finished"
		}
		return "working"
	case "new", "creating", "claimed":
		return "working"
	case "resuming":
		return "resumed"
	case "suspended":
		return "suspend_requested"
	case "exit":
		return "finished"
	case "error":
		return "expired"
	}
	return ""
}

func (p *Player) self(*http.Request) answer {
	return answer{http.StatusOK, map[string]any{
		"principal_type":    "service_user",
		"service_user_id":   "service-user-demo",
		"service_user_name": "Telemetry Dashboard",
		"org_id":            p.org,
	}}
}

func (p *Player) listV3(r *http.Request) answer {
	q := r.URL.Query()
	fits, err := filterV3(q)
	if err != nil {
		return failed(r, http.StatusUnprocessableEntity, err.Error())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return pageV3(r, p.newest(fits),
		func(s *Session) string { return fmt.Sprintf("%d %s", s.CreatedAt.UnixNano(), s.ID) },
		func(s *Session) map[string]any { return p.itemV3(s) })
}

// filterV3 reads those of the list's filters that the player knows.
func filterV3(q url.Values) (func(*Session) bool, error) {
	wanted := map[string]bool{}
	for _, id := range q["session_ids"] {
		wanted[telemetry.SessionKey(id)] = true
	}
	var bounds [4]int
	for i, name := range []string{"updated_after", "updated_before", "created_after", "created_before"} {
		var err error
		if bounds[i], err = number(q, name, 0); err != nil {
			return nil, err
		}
	}
	within := func(t time.Time, after, before int) bool {
		return (after == 0 || t.Unix() > int64(after)) && (before == 0 || t.Unix() < int64(before))
	}
	return func(s *Session) bool {
		return (len(wanted) == 0 || wanted[s.ID]) && hasAll(s.Tags, q["tags"]) &&
			within(s.UpdatedAt, bounds[0], bounds[1]) && within(s.CreatedAt, bounds[2], bounds[3]) &&
			(q.Get("is_archived") == "" || q.Get("is_archived") == strconv.FormatBool(s.Archived))
	}, nil
}

// pageV3 answers the page of a list that follows the cursor `after`, which
// names the last item of the page before by its place, so that a list that
// grows at its head loses nothing.
func pageV3[T any](r *http.Request, list []T, place func(T) string, item func(T) map[string]any) answer {
	q := r.URL.Query()
	first, err := number(q, "first", firstV3)
	if err == nil && (first < 1 || first > maxFirstV3) {
		err = fmt.Errorf("first is no number from 1 to %d", maxFirstV3)
	}
	total := len(list)
	if after := q.Get("after"); after != "" && err == nil {
		i := slices.IndexFunc(list, func(t T) bool { return cursor(place(t)) == after })
		if i < 0 {
			err = fmt.Errorf("after is no cursor of this list")
		}
		list = list[i+1:]
	}
	if err != nil {
		return failed(r, http.StatusUnprocessableEntity, err.Error())
	}
	items := []map[string]any{}
	for _, t := range list[:min(first, len(list))] {
		items = append(items, item(t))
	}
	page := map[string]any{"items": items, "end_cursor": nil, "has_next_page": false, "total": total}
	if len(items) < len(list) {
		page["end_cursor"], page["has_next_page"] = cursor(place(list[len(items)-1])), true
	}
	return answer{http.StatusOK, page}
}

func cursor(place string) string { return base64.URLEncoding.EncodeToString([]byte(place)) }

func (p *Player) sessionV3(r *http.Request) answer {
	return p.asked(r, func(s *Session) answer { return answer{http.StatusOK, p.itemV3(s)} })
}

func (p *Player) itemV3(s *Session) map[string]any {
	prs := []map[string]any{}
	for _, pr := range s.PRs {
		prs = append(prs, map[string]any{"pr_url": pr.URL, "pr_state": orNull(pr.State)})
	}
	return map[string]any{
		"session_id":        s.ID,
		"org_id":            p.org,
		"url":               cmp.Or(s.URL, "https://app.devin.ai/sessions/"+s.ID),
		"status":            s.Status,
		"status_detail":     orNull(s.Detail),
		"title":             orNull(s.Title),
		"tags":              append([]string{}, s.Tags...),
		"created_at":        s.CreatedAt.Unix(),
		"updated_at":        s.UpdatedAt.Unix(),
		"acus_consumed":     s.ACUs,
		"playbook_id":       orNull(s.Playbook),
		"pull_requests":     prs,
		"structured_output": s.StructuredOutput,
		"is_archived":       s.Archived,
	}
}

func (p *Player) messagesV3(r *http.Request) answer {
	return p.asked(r, func(s *Session) answer {
		return pageV3(r, s.Messages, func(m telemetry.Message) string { return m.ID }, func(m telemetry.Message) map[string]any {
			return map[string]any{"event_id": m.ID, "source": m.From, "message": m.Text, "created_at": m.At.Unix()}
		})
	})
}

func (p *Player) sendV3(r *http.Request) answer {
	return p.send(r, func(s *Session, _ bool) answer { return answer{http.StatusOK, p.itemV3(s)} })
}

// send takes a message, wakes the session and calls the owner.
func (p *Player) send(r *http.Request, done func(s *Session, slept bool) answer) answer {
	var in struct {
		Message string `json:"message"`
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	if err != nil || in.Message == "" {
		return failed(r, http.StatusUnprocessableEntity, "message is no text.")
	}
	var call func(id, text string)
	var id string
	a := p.asked(r, func(s *Session) answer {
		if s.Archived {
			return failed(r, http.StatusConflict, "The session is archived.")
		}
		slept := s.Status == "suspended"
		p.receive(s, in.Message)
		call, id = p.onMessage, s.ID
		return done(s, slept)
	})
	if call != nil {
		call(id, in.Message)
	}
	return a
}

const maxTags = 50

// order is a session to start, as it comes over the wire.
type order struct {
	Prompt     string          `json:"prompt"`
	Title      string          `json:"title"`
	Tags       []string        `json:"tags"`
	MaxACUs    *int64          `json:"max_acu_limit"`
	Playbook   string          `json:"playbook_id"`
	Schema     json.RawMessage `json:"structured_output_schema"`
	Idempotent bool            `json:"idempotent"`
}

// create starts a session. One that is idempotent is that of an earlier order
// with the same prompt.
func (p *Player) create(r *http.Request, done func(s *Session, fresh bool) answer) answer {
	var in order
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case err != nil || strings.TrimSpace(in.Prompt) == "":
		return failed(r, http.StatusUnprocessableEntity, "prompt is no text.")
	case len(in.Tags) > maxTags:
		return failed(r, http.StatusUnprocessableEntity, "tags has more than 50 items.")
	case in.MaxACUs != nil && *in.MaxACUs < 1:
		return failed(r, http.StatusUnprocessableEntity, "max_acu_limit is not greater than 0.")
	case len(in.Schema) > 64<<10:
		return failed(r, http.StatusUnprocessableEntity, "structured_output_schema is larger than 64 KB.")
	}
	p.mu.Lock()
	for id, prompt := range p.ordered {
		if s := p.sessions[id]; in.Idempotent && prompt == in.Prompt && s != nil {
			defer p.mu.Unlock()
			return done(s, false)
		}
	}
	s := &Session{
		ID: strings.ReplaceAll(telemetry.NewID(), "-", ""), Status: "running", Detail: "working", Title: in.Title, Tags: in.Tags,
		Playbook: in.Playbook, CreatedAt: p.now(), UpdatedAt: p.now(),
	}
	p.say(s, "user", in.Prompt)
	p.sessions[s.ID], p.ordered[s.ID] = s, in.Prompt
	call, made, a := p.onCreate, copied(*s), done(s, true)
	p.mu.Unlock()
	if call != nil {
		call(made)
	}
	return a
}

func (p *Player) createV1(r *http.Request) answer {
	return p.create(r, func(s *Session, fresh bool) answer {
		return answer{http.StatusOK, map[string]any{
			"session_id": "devin-" + s.ID, "url": "https://app.devin.ai/sessions/" + s.ID, "is_new_session": fresh,
		}}
	})
}

func (p *Player) createV3(r *http.Request) answer {
	return p.create(r, func(s *Session, _ bool) answer { return answer{http.StatusOK, p.itemV3(s)} })
}

func number(q url.Values, name string, absent int) (int, error) {
	if !q.Has(name) {
		return absent, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is not a number", name)
	}
	return n, nil
}

func hasAll(tags, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(tag string) bool { return !slices.Contains(tags, tag) })
}

func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
