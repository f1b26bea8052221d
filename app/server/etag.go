package server

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// etag is a weak tag of everything on which the answer depends: database,
// build, versions of its topics, the minute where the clock matters, and the
// request. It is computed before the answer, so that a change meanwhile
// leaves an older tag on a newer answer, never a newer one on an older.
func (s *Server) etag(c *fiber.Ctx, r Route) string {
	h := fnv.New128a()
	versions := s.o.Versions()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00", s.o.DatabaseID, s.o.BuildID, c.OriginalURL(), c.Get("HX-Request"))
	for _, topic := range r.Topics {
		fmt.Fprintf(h, "%s=%d\x00", topic, versions[topic])
	}
	if r.Clock {
		fmt.Fprintf(h, "%d", s.o.Now().UTC().Truncate(time.Minute).Unix())
	}
	return `W/"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)) + `"`
}

// matches tells whether If-None-Match names the tag, compared weakly.
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
