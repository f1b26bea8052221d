package shell

import (
	"context"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// CampaignTopics are what the figures of campaigns change with.
func CampaignTopics() []string {
	return append(Everything(), telemetry.TopicCampaigns, telemetry.TopicDecisions, telemetry.TopicSubmissions)
}

// CampaignRow is a campaign as lists show it.
func (w *Shell) CampaignRow(c telemetry.CampaignRow) panels.CampaignRow {
	where := dashboard.CampaignLinks(&c)
	r := panels.CampaignRow{CampaignRow: c, Page: links.Campaign(c.ID), DoneURL: where["done"].Page(), LeftURL: where["left"].Page()}
	if c.ClosedAt.IsZero() && !c.Due.IsZero() {
		left := c.Due.Sub(w.Now())
		r.Over, r.Soon = left < 0, left < 7*24*time.Hour
	}
	from := int64(0)
	for _, p := range []struct {
		of          telemetry.Progress
		name, class string
	}{
		{telemetry.ProgressFixed, "Fixed", "progress-fixed"}, {telemetry.ProgressSetAside, "Set aside", "progress-set-aside"},
		{telemetry.ProgressMerged, "Merged, not rescanned", "progress-merged"}, {telemetry.ProgressInReview, "In review", "progress-in-review"},
		{telemetry.ProgressWorking, "Working", "progress-working"}, {telemetry.ProgressTried, "Open after a try", "progress-tried"},
		{telemetry.ProgressNotStarted, "Not started", "progress-not-started"},
	} {
		n, list := c.Counts[p.of], where["progress/"+string(p.of)].Page()
		r.Parts = append(r.Parts, panels.CampaignPart{Name: p.name, Class: p.class, N: n, From: from, URL: list})
		from += n
	}
	return r
}

// CampaignRows are all campaigns, or those that are open.
func (w *Shell) CampaignRows(ctx context.Context, open bool) ([]panels.CampaignRow, error) {
	all, err := w.Dashboard.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	sending, err := w.Dashboard.Sending(ctx, all, w.Now())
	rows := []panels.CampaignRow{}
	for _, c := range all {
		if c.ClosedAt.IsZero() || !open {
			row := w.CampaignRow(c)
			row.Auto = AutoSendWords(c.AutoSend, sending[c.ID])
			rows = append(rows, row)
		}
	}
	return rows, err
}

// AutoSendWords say in a few words what a campaign sends by itself, "" where it does not.
func AutoSendWords(a telemetry.AutoSend, s telemetry.AutoSendState) string {
	switch s.State {
	case telemetry.AutoSending, telemetry.AutoWaiting:
		return "sends " + parts.Number(a.PerDay) + " a day by itself"
	case telemetry.AutoStopped:
		return "automatic sending is stopped"
	}
	return ""
}

// NoCampaigns says how to begin one.
func NoCampaigns() parts.Empty {
	return parts.Empty{Icon: "telescope", Title: "No campaigns yet",
		Text: "A campaign keeps a list of issues until they are gone. Filter the list of issues, and choose “New campaign” there."}
}
