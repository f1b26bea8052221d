package api

import (
	"encoding/json"
	"slices"
	"testing"

	"telemetry-dashboard/app/api/apitest"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/static"
)

// answers are the types of what is answered, by the schemas that describe
// them.
func answers() map[string]any {
	return map[string]any{
		"BackfillResult":     ingest.BackfillResult{},
		"Campaign":           campaignAnswer{},
		"CampaignItem":       campaignItem{},
		"CampaignDetail":     campaignDetail{},
		"AutoSend":           telemetry.AutoSend{},
		"AutoSendState":      telemetry.AutoSendState{},
		"AutoSendSwitch":     telemetry.SendSwitch{},
		"CampaignDay":        telemetry.CampaignDay{},
		"CampaignPace":       telemetry.Pace{},
		"CampaignList":       campaignList{},
		"Change":             changeItem{},
		"ChangeList":         envelope[changeItem]{},
		"Batch":              telemetry.SentBatch{},
		"BatchList":          envelope[telemetry.SentBatch]{},
		"BatchOdds":          telemetry.BatchOdds{},
		"LeftOut":            telemetry.LeftOut{},
		"PlannedBatch":       telemetry.PlannedBatch{},
		"SendPlan":           telemetry.SendPlan{},
		"SentBatches":        sendAnswer{},
		"ChoiceList.items":   query.Completion{},
		"Claim":              telemetry.Claim{},
		"Config":             Settings{},
		"DayPoint":           pointItem{},
		"Decided":            telemetry.Decided{},
		"Decision":           telemetry.Decision{},
		"DecisionList":       envelope[telemetry.Decision]{},
		"AuditEntry":         telemetry.AuditEntry{},
		"AuditList":          envelope[telemetry.AuditEntry]{},
		"Delivery":           telemetry.Delivery{},
		"DeliveryList":       envelope[telemetry.Delivery]{},
		"Notification":       telemetry.Notification{},
		"NotificationList":   envelope[telemetry.Notification]{},
		"Notice":             telemetry.Notice{},
		"NotifyMessage":      telemetry.NotifyMessage{},
		"NotifyPreview":      telemetry.NotifyPreview{},
		"NotifyChannel":      telemetry.NotifyChannelInfo{},
		"NotifyRule":         telemetry.NotifyRule{},
		"NotifyRuleList":     ruleList{},
		"DiffIssue":          telemetry.DiffIssue{},
		"File":               telemetry.FileRow{},
		"FileList":           envelope[telemetry.FileRow]{},
		"HeldListing":        telemetry.HeldListing{},
		"Issue":              telemetry.IssueRow{},
		"IssueDecision":      telemetry.IssueDecision{},
		"IssueDetail":        issueDetailItem{},
		"IssueList":          envelope[telemetry.IssueRow]{},
		"Job":                telemetry.Job{},
		"JobList":            envelope[telemetry.Job]{},
		"LinkedSession":      telemetry.LinkedSession{},
		"LogLocation":        telemetry.LogLocation{},
		"Measure":            measureItem{},
		"Mention":            telemetry.Mention{},
		"MessageList.items":  telemetry.Message{},
		"Need":               needItem{},
		"NeedList":           needList{},
		"Pull":               telemetry.PullRow{},
		"PullDetail":         telemetry.PullDetail{},
		"Odds":               telemetry.Odds{},
		"PullList":           summed[telemetry.PullRow]{},
		"Rate":               rateItem{},
		"RefreshResult":      ingest.RefreshResult{},
		"Repo":               repoItem{},
		"RunDetail":          runDetailItem{},
		"RunDiff":            runDiffItem{},
		"RunList":            summed[json.RawMessage]{},
		"RunRef":             telemetry.RunRow{},
		"RunSession":         runSessionItem{},
		"ScanRef":            telemetry.ScanRef{},
		"SearchResult.exact": dashboard.Hit{},
		"Session":            telemetry.SessionRow{},
		"SessionDetail":      telemetry.SessionDetail{},
		"SessionList":        envelope[telemetry.SessionRow]{},
		"SourceList.items":   telemetry.SourceStatus{},
		"Spot":               telemetry.Spot{},
		"Due":                telemetry.Due{},
		"Verification":       telemetry.VerificationRow{},
		"VerificationList":   envelope[telemetry.VerificationRow]{},
		"VerifiedIssue":      telemetry.VerifiedIssue{},
		"View":               viewItem{},
		"ViewList.items":     viewItem{},
	}
}

// unchecked are schemas without a type of their own: what a client sends,
// records, and answers that a handler puts together. TestAnswersKeepTheContract
// and TestRealAnswersKeepTheContract hold those against real answers.
func unchecked() []string {
	return []string{"ChoiceList", "ClosedInTime", "DueLine", "OwnerLine", "OwnerList",
		"DispatchRequest", "Dispatched", "Effectiveness", "Envelope", "Error", "MessageList", "NewView", "NotifyRuleEdit", "PollPRsResult", "PollResult",
		"Preflight", "Figures", "RepoDetail", "RepoStats", "Run", "ScopeAccepted", "SearchGroup", "SearchResult", "Sent", "SourceList", "Stats", "Trends", "ViewList", "ViewName"}
}

// TestTypesAreDescribed: a field is added to its type and to the description,
// or to neither.
func TestTypesAreDescribed(t *testing.T) {
	c, err := apitest.Load(t.Context(), static.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	types := answers()
	for name, value := range types {
		if err := c.CheckType(name, value); err != nil {
			t.Errorf("static/openapi.yaml: %v", err)
		}
	}
	for _, name := range c.Schemas() {
		_, checked := types[name]
		if checked == slices.Contains(unchecked(), name) {
			t.Errorf("the schema %s: want it in just one of answers and unchecked", name)
		}
	}
}
