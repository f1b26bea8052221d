package lists

import (
	"strconv"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// progress is how far an issue i has come, as telemetry.Progress has it, by its latest attempt; @ is now.
func progress() string {
	return `CASE WHEN i.state_rank = 4 THEN 'fixed' WHEN i.state_rank > 4 THEN 'set_aside' WHEN i.attempts = 0 THEN 'not_started'
	ELSE COALESCE((SELECT CASE WHEN c.found = '` + string(telemetry.FoundOpen) + `' OR s.state = 'pr_ready' THEN 'in_review'
			WHEN s.state IN (` + ActiveStates + `) AND ` + KnownUntil + ` > CAST(@ AS BIGINT) - ` + millis(telemetry.RecordedFor) + ` THEN 'working'
			WHEN c.found = '` + string(telemetry.FoundNotScanned) + `' AND c.merge_unknown = 0 THEN 'merged' ELSE 'tried' END
		FROM claims c LEFT JOIN sessions s ON s.key = c.session WHERE c.issue_id = i.id AND c.last = 1), 'tried') END`
}

// CampaignProgress counts the issues of campaigns by how far they have come. An
// issue that several findings turned out to be counts once.
func CampaignProgress(tx *store.Tx, each func(campaign int64, p telemetry.Progress, n int64)) {
	st := (&statement{at: store.Millis(tx.Now())}).add(`SELECT x.campaign_id, x.progress, COUNT(*) FROM (
		SELECT b.campaign_id AS campaign_id, ` + progress() + ` AS progress
		FROM (SELECT DISTINCT campaign_id, issue_id FROM campaign_issues) b JOIN issues i ON i.id = b.issue_id) x
		GROUP BY x.campaign_id, x.progress`)
	tx.Each(st.text.String(), st.args, func(r *store.Row) {
		var campaign, n int64
		var p telemetry.Progress
		r.Scan(&campaign, &p, &n)
		each(campaign, p, n)
	})
}

// campaignHelp is the help of the qualifier campaign.
const campaignHelp = "number or name of a campaign "

// ofCampaign compares the campaign k of a row, by number or name, in a query that the condition ends.
func ofCampaign(before string) *asked {
	return text(func(text string) Cond {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			return that("k.id = ?", id).within(before)
		}
		return sameText("k.name", text).within(before)
	})
}

const (
	// inCampaign begins an issue i of a campaign k such that.
	inCampaign = `i.id IN (SELECT b.issue_id FROM campaign_issues b JOIN campaigns k ON k.id = b.campaign_id WHERE `

	// forCampaign begins a session s that took an issue of a campaign k, since that began, such that.
	forCampaign = `s.key IN (SELECT c.session FROM claims c JOIN campaign_issues b ON b.issue_id = c.issue_id
		JOIN campaigns k ON k.id = b.campaign_id AND c.at >= k.at WHERE `

	// holdsCampaign begins a row n with an issue of a campaign k such that.
	holdsCampaign = `EXISTS (SELECT 1 FROM texts('["' || REPLACE(n.issues, ' ', '","') || '"]')texts JOIN issues i ON i.public_id = e.value
		JOIN campaign_issues b ON b.issue_id = i.id JOIN campaigns k ON k.id = b.campaign_id WHERE `
)

// issueCampaigns are what queries ask of the campaigns of an issue.
func issueCampaigns() []Field[telemetry.IssueRow] {
	return []Field[telemetry.IssueRow]{
		{Name: "campaign", Help: campaignHelp + "that it is in", Asked: ofCampaign(inCampaign), Values: ofCampaigns()},
		{Name: "progress", Help: "how far it has come; set_aside: dismissed, accepted or retired; merged: not rescanned since; " +
			"tried: still open after a session", NoPast: true, Asked: isOne(progress(), telemetry.Progresses()...)},
	}
}

// campaignOf is the same of other rows, in a query that before begins. What it
// looks through has no past.
func campaignOf[T any](help, before string) Field[T] {
	return Field[T]{Name: "campaign", Help: campaignHelp + help, Asked: ofCampaign(before), Values: ofCampaigns(), NoPast: true}
}

func ofCampaigns() source { return ofRows("name", "campaigns WHERE closed_at = 0") }
