package http

import (
	"sync"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/feeds"
	"telemetry-dashboard/app/mcp"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/static"
)

// routes is the whole surface of the program. Its handlers are not called.
var routes = sync.OnceValue(func() (list []server.Route) {
	board := dashboard.New(storetest.Reading(nil))
	for _, r := range (&api.API{Dashboard: board}).Routes() {
		list = append(list, server.Route(r))
	}
	for _, r := range mcp.New(mcp.Options{}).Routes() {
		list = append(list, server.Route{Method: r.Method, Path: r.Path, Needs: r.Needs, Handle: r.Handle, Waits: r.Waits})
	}
	list = append(list, feeds.Routes(feeds.Options{Dashboard: board})...)
	return append(list, web.New(web.Options{Assets: static.New(), Dashboard: board, APIDocs: static.OpenAPI()}).Routes()...)
})
