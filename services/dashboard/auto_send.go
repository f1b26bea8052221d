package dashboard

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// AutoSender keeps what campaigns send by themselves.
type AutoSender interface {
	NoteAutoSend(ctx context.Context, id int64, note string) error
	HaltAutoSend(ctx context.Context, of telemetry.Campaign, why string) error
	StopSends(ctx context.Context, stop bool, by string) (was, is telemetry.SendSwitch, err error)
	SendSwitch(ctx context.Context) (telemetry.SendSwitch, error)
	AddAudit(ctx context.Context, e telemetry.AuditEntry) error
}

// noDevin says that nothing can be sent.
const noDevin = "DEVIN_API_KEY is not set, so no session can be started. Set it and restart."

// autoSend is what decides whether a campaign sends by itself. The error is CodeNotFound.
func (d *Dashboard) autoSend(ctx context.Context, id int64) (f telemetry.AutoSendFacts, err error) {
	list, err := d.AutoSends(ctx, id)
	switch {
	case err != nil:
		return f, err
	case len(list) == 0:
		return f, telemetry.Errorf(telemetry.CodeNotFound, "Campaign %d not found. See the list of campaigns.", id)
	}
	return list[0], nil
}

// nextOf are the questions for the next issues of a campaign, in the order in which
// they are sent by themselves: what no session took, then what was tried in vain.
func nextOf(c telemetry.Campaign) []string {
	return []string{
		campaignTerm(&c) + " progress:" + string(telemetry.ProgressNotStarted),
		campaignTerm(&c) + " progress:" + string(telemetry.ProgressTried) + " attempts:<" + strconv.Itoa(telemetry.AutoTries),
	}
}

// complete adds to what is stored what the settings and the lists say.
func (d *Dashboard) complete(ctx context.Context, f *telemetry.AutoSendFacts, now time.Time) error {
	f.Most, f.Each = d.o.SendLimits.PerDay, d.o.SendLimits.MaxACUs
	if d.o.Sender == nil {
		f.Off = noDevin
	}
	if !f.On() || !f.ClosedAt.IsZero() {
		return nil
	}
	sources, err := d.Sources(ctx)
	if err != nil {
		return err
	}
	f.Stale = telemetry.StaleRuns(sources, now)
	var asks []query.Ask
	for _, text := range nextOf(f.Campaign) {
		q, err := Parse(d.Issues, text)
		if err != nil {
			return err
		}
		asks = append(asks, query.Ask{Query: q})
	}
	counts, err := d.Issues.Counts(ctx, asks)
	for _, n := range counts {
		f.Sendable += n
	}
	return err
}

func (d *Dashboard) sendingOf(ctx context.Context, id int64, now time.Time) (telemetry.AutoSendState, error) {
	f, err := d.autoSend(ctx, id)
	if err == nil {
		err = d.complete(ctx, &f, now)
	}
	return f.State(now), err
}

// Sending is what campaigns do by themselves, by their ids.
func (d *Dashboard) Sending(ctx context.Context, of []telemetry.CampaignRow, now time.Time) (map[int64]telemetry.AutoSendState, error) {
	states := map[int64]telemetry.AutoSendState{}
	if len(of) == 0 {
		return states, nil
	}
	list, err := d.AutoSends(ctx, telemetry.EveryCampaign)
	for i := range list {
		if err == nil {
			err = d.complete(ctx, &list[i], now)
		}
		states[list[i].ID] = list[i].State(now)
	}
	return states, err
}

// aboveFloor refuses to switch a campaign on whose odds are under its floor already: it
// would stop at once.
func (d *Dashboard) aboveFloor(ctx context.Context, id int64, e telemetry.CampaignEdit) error {
	if e.PerDay == nil || *e.PerDay == 0 {
		return nil
	}
	f, err := d.autoSend(ctx, id)
	if err != nil {
		return err
	}
	f.Campaign = e.Apply(f.Campaign)
	if !f.Attempts.Under(f.Floor) {
		return nil
	}
	refused := telemetry.Errorf(telemetry.CodeConflict,
		"The odds are %v %% in the last %d attempts, under the floor of %d %%: it would stop at once. It was not switched on. "+
			"Choose a lower floor, or send by hand until the odds are better.", f.Attempts.Percent(), f.Attempts.Ended, f.Floor)
	refused.Field = "floor"
	return refused
}

// StopSends stops all campaigns from sending by themselves, or lets them go on.
func (d *Dashboard) StopSends(ctx context.Context, stop bool) (telemetry.SendSwitch, error) {
	was, is, err := d.o.Campaigner.StopSends(ctx, stop, telemetry.NameOf(ctx))
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: "all campaigns", Before: was.Words(), After: is.Words()})
	}
	return is, err
}

// SendSwitch is whether they are stopped.
func (d *Dashboard) SendSwitch(ctx context.Context) (telemetry.SendSwitch, error) {
	return d.o.Campaigner.SendSwitch(ctx)
}

// SendDue sends the next batch of each campaign that sends by itself now, and waits
// until it is sent. One that cannot be sent says why. The error is the first.
func (d *Dashboard) SendDue(ctx context.Context, now time.Time) error {
	list, err := d.AutoSends(ctx, 0)
	if err != nil {
		return err
	}
	var failed []error
	for i := range list {
		f := &list[i]
		if i > 0 { // what was sent counts for the next
			if *f, err = d.autoSend(ctx, f.ID); err != nil {
				return errors.Join(append(failed, err)...)
			}
		}
		if err := d.complete(ctx, f, now); err != nil {
			return errors.Join(append(failed, err)...)
		}
		switch state := f.State(now); {
		case state.Halt:
			failed = append(failed, d.o.Campaigner.HaltAutoSend(ctx, f.Campaign, state.Reason))
		case state.State == telemetry.AutoSending:
			failed = append(failed, d.sendNext(ctx, f, state.Slot, now))
		}
	}
	return errors.Join(failed...)
}

// sendNext sends the next batch of a campaign, or notes why nothing is sent.
func (d *Dashboard) sendNext(ctx context.Context, f *telemetry.AutoSendFacts, slot, now time.Time) error {
	p, err := d.planNext(ctx, f, slot, now)
	if err == nil && len(p.Batches) == 0 {
		return d.o.Campaigner.NoteAutoSend(ctx, f.ID, "Nothing can be sent now: "+p.WhyNothing())
	}
	if telemetry.CodeOf(err) == telemetry.CodeConflict { // its issues changed while it was planned: the next turn plans again
		return nil
	}
	if err != nil {
		return errors.Join(err, d.o.Campaigner.NoteAutoSend(ctx, f.ID, telemetry.Sentence(err)))
	}
	order := p.Order(telemetry.AutoToken(f.ID, slot), "", "campaign "+f.Name)
	if _, err = d.o.Sender.StartSend(ctx, order); err != nil { // under the lease
		switch telemetry.CodeOf(err) {
		case telemetry.CodeConflict, telemetry.CodeRateLimited:
			return d.o.Campaigner.NoteAutoSend(ctx, f.ID, telemetry.Sentence(err))
		}
		return err
	}
	sent, err := d.o.Sender.Send(ctx, order) // waits for it
	if err != nil {
		return err
	}
	return errors.Join(d.noteFailures(ctx, f.Campaign, sent), d.o.Campaigner.NoteAutoSend(ctx, f.ID, ""))
}

// planNext plans the next batch, without anything that a person would be warned of.
func (d *Dashboard) planNext(ctx context.Context, f *telemetry.AutoSendFacts, slot, now time.Time) (p telemetry.SendPlan, err error) {
	without, err := d.snoozed(ctx, f)
	if err != nil {
		return p, err
	}
	var left []telemetry.LeftOut
	for _, text := range nextOf(f.Campaign) {
		p, err = d.PlanSend(ctx, telemetry.SendAsk{Query: text, Any: true, Campaign: f.ID, Most: 1, Without: without, Slot: slot}, now)
		if err != nil || len(p.Batches) > 0 {
			return p, err
		}
		left = append(left, p.Left...)
	}
	p.Left = left
	return p, nil
}

// snoozed are the issues of a campaign that somebody has put off.
func (d *Dashboard) snoozed(ctx context.Context, f *telemetry.AutoSendFacts) ([]string, error) {
	ids := f.Snoozed
	q, err := Parse(d.Needs, campaignTerm(&f.Campaign)+" is:snoozed")
	if err != nil {
		return nil, err
	}
	rows, err := all(ctx, d.Needs, query.Ask{Query: q})
	for _, row := range rows {
		ids = append(ids, row.Issues...)
	}
	return ids, err
}

// noteFailures writes what was not started into the audit log.
func (d *Dashboard) noteFailures(ctx context.Context, c telemetry.Campaign, sent []telemetry.SentBatch) error {
	for _, b := range sent {
		if b.State != telemetry.BatchFailed && b.State != telemetry.BatchUnknown {
			continue
		}
		what := "not sent: "
		if b.State == telemetry.BatchUnknown {
			what = "not known whether it was sent: "
		}
		e := telemetry.AuditEntry{Person: campaignTerm(&c), Name: "campaign " + c.Name, Action: "auto-send", Subject: telemetry.BatchTag(b.ID),
			After:  telemetry.Shorten(what+strings.Join(b.Issues, " "), subjectMost),
			Result: telemetry.AuditFailed, Status: 502, Error: string(b.Error)}
		if err := d.o.Campaigner.AddAudit(ctx, e); err != nil {
			return err
		}
	}
	return nil
}
