package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Audit keeps who did what.
type Audit interface {
	AddAudit(ctx context.Context, e telemetry.AuditEntry) error
}

const (
	auditTime  = 30 * time.Second // to write an entry
	auditValue = 500              // bytes of a value of the request
	auditBytes = 4000             // of all of them
)

// audit notes what came of a request that changes something: of all of them
// here, and not in each handler. A stranger who was refused is not noted: anybody
// could fill the log. The request is answered once its entry is stored.
func (s *Server) audit(c *fiber.Ctx, r Route, err error) {
	p := telemetry.PersonOf(c.UserContext())
	if s.o.Audit == nil || !p.Known() && r.Needs != telemetry.RoleAnyone {
		return
	}
	from, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	effect := telemetry.EffectOf(c.UserContext())
	asked := askedOf(c, r)
	e := telemetry.AuditEntry{
		Person: p.Key, Name: p.Name, Role: p.Role, Way: p.Way, Origin: from.Unmap().String(), Action: r.Action,
		Subject: short(effect.Subject, auditValue), Before: short(effect.Before, auditValue), After: short(effect.After, auditValue),
		Status: int64(c.Response().StatusCode()), Error: effect.Failure,
	}
	if err != nil {
		told, status := s.public(c, err)
		if told.Code == telemetry.CodeRateLimited && !p.Known() {
			return // of a stranger who guesses the first tries are enough
		}
		e.Status, e.Error = int64(status), told.Message
	}
	if e.Subject == "" {
		e.Subject = subjectOf(c, asked)
	}
	e.Result = telemetry.AuditResultOf(int(e.Status))
	if len(asked) > 0 {
		e.Detail = detailOf(asked)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.stop), auditTime)
	defer cancel()
	if err := s.o.Audit.AddAudit(ctx, e); err != nil {
		s.o.Log.Error("could not write to the audit log", "person", e.Person, "from", e.Origin, "action", e.Action, "subject", e.Subject,
			"status", e.Status, "err", err, "request", requestID(c))
	}
}

// hidden are fields that hold a secret, or say nothing to anybody.
func hidden(name string) bool { return slices.Contains([]string{"token", "replaces", "async"}, name) }

// askedOf is what a request asks, as far as its route reads it.
func askedOf(c *fiber.Ctx, r Route) map[string]string {
	asked := map[string]string{}
	for _, name := range c.Route().Params {
		asked[name] = unescaped(c.Params(name))
	}
	for _, name := range r.Params {
		value := string(c.Context().QueryArgs().Peek(name))
		if value == "" && !isAPI(c) {
			value = string(c.Context().PostArgs().Peek(name))
		}
		if value != "" {
			asked[name] = value
		}
	}
	if bytes.HasPrefix(c.Request().Header.ContentType(), []byte(fiber.MIMEApplicationJSON)) {
		var body map[string]any
		if json.Unmarshal(c.Request().Body(), &body) == nil {
			for name, value := range body {
				asked[name] = textOf(value)
			}
		}
	}
	for name, value := range asked {
		if hidden(name) || value == "" {
			delete(asked, name)
			continue
		}
		asked[name] = short(value, auditValue)
	}
	return asked
}

// subjectOf is what a request is about: the steps of its path, else what names
// one thing.
func subjectOf(c *fiber.Ctx, asked map[string]string) string {
	var steps []string
	for _, name := range c.Route().Params {
		if asked[name] != "" {
			steps = append(steps, asked[name])
		}
	}
	if len(steps) > 0 {
		return strings.Join(steps, "/")
	}
	for _, name := range []string{"id", "file", "session", "issue", "repo", "target_repo", "name", "source"} {
		if asked[name] != "" {
			return asked[name]
		}
	}
	return ""
}

func unescaped(step string) string {
	if text, err := url.PathUnescape(step); err == nil {
		return text
	}
	return step
}

// textOf is a value of JSON as a text.
func textOf(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return ""
	}
	return string(b)
}

// detailOf is what was asked as JSON, without what is too much.
func detailOf(asked map[string]string) string {
	left, some := auditBytes, map[string]string{}
	for name, value := range asked {
		if left -= len(name) + len(value); left >= 0 && len(name) <= auditValue {
			some[name] = value
		}
	}
	b, _ := json.Marshal(some) // texts only
	return string(b)
}

// short is a text of at most so many bytes, cut between letters.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}
