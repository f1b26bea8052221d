package main

import (
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/static"
	"telemetry-dashboard/views/links"
)

// rules are those of the program's own router.
func rules(t *testing.T) []server.Rule {
	t.Helper()
	db := storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "rules.db"), Now: time.Now})
	cfg := Config{WebhookSecret: "secret"}
	board := dashboard.New(reading(nil))
	site := newSite(cfg, demonstration{}, web.Options{Assets: static.New(), Dashboard: board})
	log := slog.New(slog.DiscardHandler)
	agents := newMCP(cfg, &net.TCPAddr{}, board, nil, nil)
	routes := append(routesOf(&api.API{Dashboard: board}, agents, site), webhooks(cfg, db.Store)...)
	routes = append(routes, monitorRoutes(db.Store, newMetrics(), log)...)
	routes = append(routes, feedRoutes(cfg, board)...)
	srv, err := newServer(cfg, log, db.Store, access.Everyone("you"), &net.TCPAddr{}, routes, site, nil)
	if err != nil {
		t.Fatal(err)
	}
	return srv.Rules()
}

// TestEachRouteSaysWhoMayAskIt: the router has no route without a rule, and only
// these are open to strangers.
func TestEachRouteSaysWhoMayAskIt(t *testing.T) {
	all := rules(t)
	if len(all) < 100 {
		t.Fatalf("the router has %d routes", len(all))
	}
	var open []string
	for _, r := range all {
		switch {
		case r.Needs == telemetry.RoleAnyone:
			open = append(open, r.Method+" "+r.Path)
		case !slices.Contains(telemetry.Roles(), r.Needs):
			t.Errorf("%s %s needs %q, which is no role: say in its route who may ask it", r.Method, r.Path, r.Needs)
		case r.Needs == telemetry.RoleViewer && r.Method != "GET" && r.Method != "HEAD" &&
			!slices.Contains([]string{"/actions/dismiss", "/actions/sign-out", "/actions/sign-out-everywhere", links.ActionShare, links.MCP}, r.Path):
			t.Errorf("%s %s changes something, and viewers may ask it", r.Method, r.Path)
		}
	}
	for _, r := range all {
		reads := r.Method == "GET" || r.Method == "HEAD"
		// What a tool at /mcp changes is noted by the endpoint of the API that changes it.
		if exempt := r.Path == "/actions/dismiss" || r.Path == "/webhooks/github" || r.Path == links.MCP; !reads && (r.Action == "") != exempt {
			t.Errorf("%s %s has the action %q: say in its route what the audit log calls it", r.Method, r.Path, r.Action)
		}
	}
	slices.Sort(open)
	if want := []string{
		"GET /healthz", "GET /icon.svg", "GET /readyz", "GET /sign-in", "GET /sign-in/github", "GET /sign-in/github/callback", "GET /static/*",
		"HEAD /healthz", "HEAD /icon.svg", "HEAD /readyz", "HEAD /sign-in", "HEAD /sign-in/github", "HEAD /sign-in/github/callback", "HEAD /static/*",
		"POST /sign-in/token", "POST /webhooks/github",
	}; !slices.Equal(open, want) {
		t.Errorf("open to strangers are %q, want %q", open, want)
	}
}
