package history

import (
	"slices"
	"time"
)

// Take lets a session that somebody started at a time work on the open issues whose
// ids are among its tags: it takes seconds to minutes, and ends like others. It
// reports whether there are any.
func (w *World) Take(id, title string, tags []string, at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance(at.UTC())
	for _, r := range w.m.repos {
		var batch []*issue
		for _, i := range r.open {
			if slices.Contains(tags, i.ref.String()) {
				batch = append(batch, i)
			}
		}
		if len(batch) == 0 {
			continue
		}
		planned := pick(r.dice, []plannedOutcome{planMerged, planMerged, planOpen, planWaiting})
		s := w.m.session(r, w.now, planned, batch, request{brisk: true, verify: true})
		s.id, s.sent = id, slices.Clone(tags)
		w.m.launch(s)
		s.title = title
		return true
	}
	return false
}
