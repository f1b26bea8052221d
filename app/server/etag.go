package server

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// etag is a weak tag of everything on which the answer depends: database,
// build, versions of its topics, the minute where the clock matters, and the
// request. It is computed before the answer, so that a change meanwhile
// leaves an older tag on a newer answer, never a newer one on an older.
func (s *Server) etag(c *fiber.Ctx, r Route) string {
	var room [512]byte
	b := append(room[:0], s.salt...)
	b = append(b, c.Request().Header.RequestURI()...)
	b = append(b, 0)
	b = append(b, c.Request().Header.Peek("HX-Request")...)
	b = append(b, 0)
	versions := s.o.Versions()
	for _, topic := range r.Topics {
		b = binary.AppendUvarint(b, versions[topic])
	}
	if r.Clock || slices.ContainsFunc(r.ClockIn, c.Request().URI().QueryArgs().Has) {
		b = binary.AppendVarint(b, s.o.Now().Unix()/60)
	}
	sum := sha256.Sum256(b)
	tag := append(make([]byte, 0, 32), `W/"`...)
	tag = base64.RawURLEncoding.AppendEncode(tag, sum[:15])
	return string(append(tag, '"'))
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
