package dashboard

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Campaigner stores campaigns.
type Campaigner interface {
	BeginCampaign(ctx context.Context, c telemetry.NewCampaign, a query.Ask) (telemetry.Campaign, error)
	EditCampaign(ctx context.Context, id int64, e telemetry.CampaignEdit) (was, is telemetry.Campaign, err error)
	CloseCampaign(ctx context.Context, id int64, by string) (was, is telemetry.Campaign, err error)
	AutoSender
}

// Campaign is a campaign with how it went, and its links.
type Campaign struct {
	telemetry.CampaignDetail
	Sending telemetry.AutoSendState
	Links   Links
}

// CampaignByID returns a campaign. The error is CodeNotFound.
func (d *Dashboard) CampaignByID(ctx context.Context, id int64, now time.Time) (c Campaign, err error) {
	detail, found, err := d.CampaignDetail(ctx, id)
	if err == nil && !found {
		err = telemetry.Errorf(telemetry.CodeNotFound, "Campaign %d not found. See the list of campaigns.", id)
	}
	if err != nil {
		return c, err
	}
	c = Campaign{CampaignDetail: detail, Links: CampaignLinks(&detail.CampaignRow)}
	if c.Sending, err = d.sendingOf(ctx, id, now); err != nil {
		return c, err
	}
	for i, day := range detail.Days {
		link := scope{asOf: day.At.Time}.list("issues", c.term(), "is:open")
		if i == len(detail.Days)-1 && detail.ClosedAt.IsZero() {
			link = scope{}.list("issues", c.term(), "is:open")
		}
		c.Links["burn_down/"+strconv.Itoa(i)+"/left"] = link
	}
	return c, err
}

func (c *Campaign) term() string { return campaignTerm(&c.Campaign) }

func campaignTerm(c *telemetry.Campaign) string { return "campaign:" + strconv.FormatInt(c.ID, 10) }

// CampaignLinks are the links of a campaign's figures.
func CampaignLinks(c *telemetry.CampaignRow) Links {
	of, tried := campaignTerm(&c.Campaign), "tried:>="+links.Time(c.At.Time)
	all := Links{
		"issues":           scope{}.list("issues", of),
		"left":             scope{}.list("issues", of, "is:open"),
		"done":             scope{}.list("issues", of, "progress:fixed,set_aside"),
		"sessions":         scope{}.list("sessions", of),
		"sessions_unknown": scope{}.list("sessions", of, "-acus:>=0"),
		"gone":             scope{}.list("issues", of, "found:gone", tried),
		"stuck":            scope{}.list("needs-attention", of),
	}
	for _, p := range telemetry.Progresses() {
		all[at("progress", string(p))] = scope{}.list("issues", of, "progress:"+string(p))
	}
	return all
}

// BeginCampaign begins a campaign of the person who asks. The error says what is
// wrong with it, in words; then there is none.
func (d *Dashboard) BeginCampaign(ctx context.Context, n telemetry.NewCampaign, now time.Time) (telemetry.Campaign, error) {
	n.By = telemetry.NameOf(ctx)
	if n.Owner == telemetry.Me {
		n.Owner = n.By
	}
	n, err := n.Check(now, d.knows(ctx))
	if err != nil {
		return telemetry.Campaign{}, err
	}
	a := query.Ask{}
	if a.Query, err = Parse(d.Issues, n.Query); err != nil {
		return telemetry.Campaign{}, err
	}
	made, err := d.o.Campaigner.BeginCampaign(ctx, n, a)
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: campaignSubject(made),
			After: fmt.Sprintf("%s, issues: %d, %s", made.Words(), made.Issues, made.Query)})
	}
	return made, err
}

// knows reports whether somebody can own or be assigned.
func (d *Dashboard) knows(ctx context.Context) func(name string) bool {
	by := telemetry.NameOf(ctx)
	return func(name string) bool { return name == by || d.o.Known != nil && d.o.Known(ctx, name) }
}

// EditCampaign changes an open campaign. The error is CodeNotFound, CodeInvalid
// or CodeConflict, in words.
func (d *Dashboard) EditCampaign(ctx context.Context, id int64, e telemetry.CampaignEdit, now time.Time) (telemetry.Campaign, error) {
	if e.Owner != nil && *e.Owner == telemetry.Me {
		me := telemetry.NameOf(ctx)
		e.Owner = &me
	}
	e.By, e.At = telemetry.NameOf(ctx), now
	e, err := e.Check(now, d.knows(ctx))
	if err != nil {
		return telemetry.Campaign{}, err
	}
	if err := d.aboveFloor(ctx, id, e); err != nil {
		return telemetry.Campaign{}, err
	}
	was, is, err := d.o.Campaigner.EditCampaign(ctx, id, e)
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: campaignSubject(was), Before: was.Words(), After: is.Words()})
	}
	return is, err
}

// CloseCampaign ends a campaign. The error is CodeNotFound.
func (d *Dashboard) CloseCampaign(ctx context.Context, id int64) (telemetry.Campaign, error) {
	was, is, err := d.o.Campaigner.CloseCampaign(ctx, id, telemetry.NameOf(ctx))
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: campaignSubject(was), Before: was.Words(), After: is.Words()})
	}
	return is, err
}

func campaignSubject(c telemetry.Campaign) string { return "campaign " + strconv.FormatInt(c.ID, 10) }
