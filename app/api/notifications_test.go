package api_test

// notifyAsks are requests of the endpoints of notifications, in an order in which each
// finds what those before it made.
func notifyAsks() []ask {
	const rules = "/api/notification-rules"
	rule := `{"name": "Overdue", "event": "overdue", "severity": "high", "channel": "mail", "addresses": ["team@example.com"], "digest_at": "08:00"}`
	return []ask{
		{"POST " + rules, rules, rule, 201},
		{"POST " + rules, rules, `{"name": "Overdue", "event": "lost"}`, 400},
		{"POST " + rules, rules, `{"name": "Overdue", "event": "overdue", "channel": "mail"}`, 400},
		{"POST " + rules + "/preview", rules + "/preview", rule, 200},
		{"POST " + rules + "/preview", rules + "/preview", `{"name": "New", "event": "new", "channel": "slack"}`, 200},
		{"GET " + rules, rules, "", 200},
		{"GET " + rules + "/{id}", rules + "/1", "", 200},
		{"GET " + rules + "/{id}", rules + "/99", "", 404},
		{"PATCH " + rules + "/{id}", rules + "/1", `{"on": false, "repo": "octo/big"}`, 200},
		{"PATCH " + rules + "/{id}", rules + "/1", `{"time_zone": "Mars/Olympus"}`, 400},
		{"POST " + rules + "/{id}/test", rules + "/1/test", "", 202},
		{"POST " + rules + "/{id}/test", rules + "/99/test", "", 404},
		{"GET /api/notifications", "/api/notifications?state=waiting&channel=mail", "", 200},
		{"GET /api/notifications", "/api/notifications?state=lost", "", 400},
		{"POST /api/notifications/{id}/retry", "/api/notifications/none/retry", "", 404},
		{"DELETE " + rules + "/{id}", rules + "/1", "", 204},
		{"DELETE " + rules + "/{id}", rules + "/1", "", 404},
		{"GET /api/notifications.csv", "/api/notifications.csv?state=given_up", "", 200},
		{"GET /api/notifications.json", "/api/notifications.json", "", 200},
		{"POST /api/notifications/{id}/retry", "/api/notifications/msg_one/retry", "", 202},
		{"POST /api/notifications/{id}/retry", "/api/notifications/msg_one/retry", "", 409},
	}
}
