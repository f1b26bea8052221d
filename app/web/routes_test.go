package web

import (
	"slices"
	"testing"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/static"
)

// TestRoutes: each address is registered once, and each panel's says on what its
// answer is made: the topics that it reads, the clock, an upstream.
func TestRoutes(t *testing.T) {
	s := storetest.Open(t)
	w := New(Options{Dashboard: dashboard.New(storetest.Reading(s.Store)), Changes: s, Assets: static.New()})
	seen := map[string]int{}
	pages := map[string]bool{}
	for _, r := range w.Routes() {
		seen[r.Method+" "+r.Path]++
		if (r.Handle == nil) == (r.Stream == nil) {
			t.Errorf("%s %s has no handler, or two", r.Method, r.Path)
		}
		if seen[r.Method+" "+r.Path] > 1 {
			t.Errorf("%s %s stands twice", r.Method, r.Path)
		}
		pages[r.Path] = true
		for _, name := range r.UpstreamIn {
			if !slices.ContainsFunc(w.panels(), func(p shell.Panel) bool { return p.Name == name && p.Lazy }) {
				t.Errorf("%s opens with %s, which asks no upstream", r.Path, name)
			}
		}
	}
	for _, p := range w.panels() {
		at := slices.IndexFunc(w.Routes(), func(r server.Route) bool { return r.Path == "/panels/"+p.Name })
		r := w.Routes()[at]
		if p.Lazy && (!r.Upstream || len(r.Topics) > 0) || !p.Lazy && (r.Upstream || !slices.Equal(r.Topics, p.Topics)) {
			t.Errorf("%s: lazy %v, upstream %v, topics %q", p.Name, p.Lazy, r.Upstream, r.Topics)
		}
		if p.List != nil && !r.Clock {
			t.Errorf("%s is a list, whose query can name the clock, and its answer is kept without it", p.Name)
		}
		if !pages[p.Page] {
			t.Errorf("%s is of the page %s, which there is not", p.Name, p.Page)
		}
	}
}

// TestButtonsKnowTheRolesOfTheirRoutes: what a page does not offer is what the
// route would refuse.
func TestButtonsKnowTheRolesOfTheirRoutes(t *testing.T) {
	s := storetest.Open(t)
	w := New(Options{Dashboard: dashboard.New(storetest.Reading(s.Store)), Changes: s, Assets: static.New()})
	for _, r := range w.actionRoutes() {
		if got := shell.RoleOf(r.Path); got != r.Needs {
			t.Errorf("%s needs %s, and buttons take it for %s", r.Path, r.Needs, got)
		}
	}
}
