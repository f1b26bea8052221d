package server

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// etag is a weak tag of everything on which the answer depends: database,
// build, who asks, versions of its topics, the minute where the clock matters, and the
// request. It is computed before the answer, so that a change meanwhile
// leaves an older tag on a newer answer, never a newer one on an older.
func (s *Server) etag(c *fiber.Ctx, r Route) string {
	b := make([]byte, 0, 512)
	b = append(b, s.salt...)
	b = append(b, c.Request().Header.RequestURI()...)
	b = append(b, 0)
	b = append(b, c.Request().Header.Peek("HX-Request")...)
	b = append(b, 0)
	if r.Feed { // it has whole addresses
		b = append(append(b, c.Request().Host()...), 0)
	}
	p := telemetry.PersonOf(c.UserContext()) // what one person may see is not another's
	b = append(append(append(append(b, p.Key...), 0), p.Role...), 0)
	versions := s.o.Versions()
	for _, topic := range r.Topics {
		b = strconv.AppendUint(append(b, ' '), versions[topic], 10)
	}
	if r.Clock || slices.ContainsFunc(r.ClockIn, c.Request().URI().QueryArgs().Has) {
		b = strconv.AppendInt(append(b, '@'), s.o.Now().Unix()/60, 10)
	}
	sum := sha256.Sum256(b)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
}

// matches reports whether If-None-Match names the tag, compared weakly.
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
