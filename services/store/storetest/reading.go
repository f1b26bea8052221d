package storetest

import (
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/details"
	"telemetry-dashboard/services/store/figures"
	"telemetry-dashboard/services/store/lists"
)

// Reading is what a Dashboard over a store reads from; no upstream is set.
func Reading(s *store.Store) dashboard.Options {
	return dashboard.Options{Store: s, Details: details.New(s), Figures: figures.New(s), Sums: lists.SumsOf(s), Lists: dashboard.Lists{
		Issues: lists.Issues(s), Sessions: lists.Sessions(s), Pulls: lists.Pulls(s), Runs: lists.Runs(s), Repos: lists.Repos(s),
		Files: lists.Files(s), Verifications: lists.Verifications(s), Changes: lists.Changes(s), Jobs: lists.Jobs(s),
		Needs: lists.Needs(s), Deliveries: lists.Deliveries(s), Audit: lists.Audit(s), Decisions: lists.Decisions(s), Notifications: lists.Notifications(s),
	}}
}
