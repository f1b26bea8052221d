package server

import (
	"context"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// entry is a stream that is open, and who opened it by what.
type entry struct {
	by     access.Credentials
	person telemetry.Person
	needs  telemetry.Role
	end    context.CancelFunc
}

// entries are the streams that are open. A request is asked once who it is; a
// stream outlives the session or token that it was opened with.
type entries struct {
	mu   sync.Mutex
	open map[*entry]struct{}
}

func (s *Server) entryOf(c *fiber.Ctx, needs telemetry.Role, end context.CancelFunc) *entry {
	return &entry{by: s.credentials(c), person: telemetry.PersonOf(c.UserContext()), needs: needs, end: end}
}

// add counts a stream as open until remove is called, which may be more than once.
func (e *entries) add(one *entry) (remove func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[one] = struct{}{}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.open, one)
	}
}

func (e *entries) all() []*entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]*entry, 0, len(e.open))
	for one := range e.open {
		list = append(list, one)
	}
	return list
}

// watchEntries ends streams whose session or token has ended, until the server
// stops. That takes effect well within 5 seconds.
func (s *Server) watchEntries() {
	ticker := time.NewTicker(s.o.times.entry)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop.Done():
			return
		case <-ticker.C:
		}
		err := telemetry.Guard("look at who has streams open", func() error { s.lookAtEntries(); return nil })
		if err != nil {
			s.o.Log.Error("could not look at who has streams open", "err", err)
		}
	}
}

// lookAtEntries ends the streams of those who may not have them any more. A
// database that does not answer ends none: it gives them nothing new either.
func (s *Server) lookAtEntries() {
	for _, e := range s.entered.all() {
		p, err := s.o.Access.Identify(s.stop, e.by)
		code := telemetry.CodeOf(err)
		switch {
		case err != nil && code != telemetry.CodeUnauthenticated && code != telemetry.CodeForbidden:
		case err != nil || p.Key != e.person.Key || !p.May(e.needs):
			e.end()
		}
	}
}
