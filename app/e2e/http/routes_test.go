package http

import (
	"sync"

	"telemetry-dashboard/app/api"
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
	return append(list, web.New(web.Options{Assets: static.New(), Dashboard: board, APIDocs: static.OpenAPI()}).Routes()...)
})
