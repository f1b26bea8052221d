package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// ofCampaign refuses an order that its campaign has no room for and, where no person
// sends it, one that the campaign may no longer send. Else it notes who sends it.
func ofCampaign(tx *Tx, o telemetry.SendOrder, issues []string) error {
	if o.Campaign == 0 {
		return nil
	}
	c, err := tx.Campaign(o.Campaign)
	if err != nil {
		return err
	}
	if !c.ClosedAt.IsZero() {
		return telemetry.Errorf(telemetry.CodeConflict, "The campaign is closed. Nothing was sent. Send the issues from their list.")
	}
	its := One[int64](tx, `SELECT COUNT(DISTINCT i.public_id) FROM issues i JOIN campaign_issues b ON b.issue_id = i.id
		WHERE b.campaign_id = $1 AND i.public_id `+tx.In(2, "TEXT"), c.ID, JSON(orNone(issues)))
	if strange := int64(len(issues)) - its; strange > 0 && tx.Err() == nil {
		return telemetry.Errorf(telemetry.CodeConflict, "%d of these issues are not in the campaign. Nothing was sent. Leave them out.", strange)
	}
	if !o.Slot.IsZero() {
		if err := byItself(tx, c, o, issues); err != nil {
			return err
		}
	}
	return withinBudget(tx, c, o)
}

// byItself refuses what a campaign may not send by itself now, and writes what it may
// into the audit log.
func byItself(tx *Tx, c telemetry.Campaign, o telemetry.SendOrder, issues []string) error {
	refuse := func(format string, args ...any) error {
		return telemetry.Errorf(telemetry.CodeConflict, format+" Nothing was sent.", args...)
	}
	from, _ := c.Slot(o.Slot)
	switch all := sendSwitch(tx); {
	case all.Stopped:
		return refuse("%s", telemetry.StoppedBy(all))
	case !c.On():
		return refuse("The campaign does not send by itself any more.")
	case !from.Equal(o.Slot) || int64(len(o.Batches)) != 1:
		return refuse("The campaign's sessions a day were changed meanwhile.")
	case autoToday(tx, c.ID, o.Slot) >= c.PerDay:
		return refuse("The campaign has started as many sessions as it may today.")
	case tx.Has(`SELECT 1 FROM issues WHERE (state_rank > 3 OR snoozed = 1) AND public_id `+tx.In(1, "TEXT"), JSON(issues)):
		return refuse("Somebody has decided about an issue of the batch meanwhile, or it is closed.")
	case tx.Err() != nil:
		return tx.Err()
	}
	return addAudit(tx, AutoEntry(c, o.Batches[0]))
}

// AutoEntry is what the audit log says of a batch that a campaign sends by itself.
func AutoEntry(c telemetry.Campaign, b telemetry.NewBatch) telemetry.AuditEntry {
	return telemetry.AuditEntry{
		Person: campaignKey(c), Name: "campaign " + c.Name, Action: "auto-send", Subject: telemetry.BatchTag(b.ID),
		Detail: JSON(map[string]string{"campaign": strconv.FormatInt(c.ID, 10), "switched_on_by": string(c.AutoSend.By)}),
		After:  telemetry.Shorten("to be sent to Devin: "+strings.Join(b.Issues, " "), auditText), Result: telemetry.AuditDone, Status: 202,
	}
}

const auditText = 1000 // bytes of what an entry says of a batch

func campaignKey(c telemetry.Campaign) string { return "campaign:" + strconv.FormatInt(c.ID, 10) }

// withinBudget refuses what goes beyond the budget of a campaign.
func withinBudget(tx *Tx, c telemetry.Campaign, o telemetry.SendOrder) error {
	use := CampaignUse(tx, c)
	n := int64(len(o.Batches))
	if room := use.Room(c, o.MaxACUs); room < 0 || n <= room || tx.Err() != nil {
		return tx.Err()
	}
	more := "this would be 1 session"
	if n != 1 {
		more = fmt.Sprintf("these would be %d sessions", n)
	}
	if c.MaxACUs > 0 && o.MaxACUs > 0 {
		more += fmt.Sprintf(" of up to %d ACUs each", o.MaxACUs)
	}
	return telemetry.Errorf(telemetry.CodeConflict,
		"This goes beyond the budget of the campaign: %s; %s. Nothing was sent. Send fewer, or raise the budget.", use.Left(c), more)
}

// CampaignUse is what has been used of a campaign's budget: by the sessions that took
// one of its issues since it began, and by the batches that were sent from it.
func CampaignUse(tx *Tx, c telemetry.Campaign) (use telemetry.CampaignUse) {
	type cost struct{ milli, least int64 }
	took := map[string]cost{}
	tx.Each(`SELECT c.session, SUM(CASE WHEN c.milli_acus > 0 THEN c.milli_acus ELSE 0 END), MIN(c.milli_acus) FROM claims c
		WHERE c.at >= $2 AND c.issue_id IN (SELECT b.issue_id FROM campaign_issues b WHERE b.campaign_id = $1) GROUP BY c.session`,
		[]any{c.ID, Millis(c.At)}, func(r *Row) {
			var key string
			var of cost
			r.Scan(&key, &of.milli, &of.least)
			took[key] = of
			use.MilliACU += of.milli
		})
	use.Sessions = int64(len(took))
	tx.Each(`SELECT b.session, b.acus, CASE WHEN s.key IS NULL OR s.state IN ('queued', 'working', 'waiting') THEN 1 ELSE 0 END
		FROM batches b LEFT JOIN sessions s ON s.key = b.session AND b.session <> '' WHERE b.campaign = $1 AND b.state <> 'failed'`,
		[]any{c.ID}, func(r *Row) {
			var key string
			var acus int64
			var active bool
			r.Scan(&key, &acus, &active)
			of, known := took[key]
			if !known {
				use.Sessions++
			}
			if active || !known || of.least < 0 {
				use.Reserved += max(0, acus*1000-of.milli)
			}
		})
	return use
}

// autoToday is how many sessions a campaign started by itself on the day of a time.
func autoToday(tx *Tx, campaign int64, at time.Time) int64 {
	day := at.UTC().Truncate(24 * time.Hour)
	return One[int64](tx, `SELECT COUNT(*) FROM batches WHERE campaign = $1 AND slot >= $2 AND slot < $3 AND state <> 'failed'`,
		campaign, Millis(day), Millis(day.Add(24*time.Hour)))
}

// AutoSends are what decides whether campaigns send by themselves: of all that are
// switched on and not closed, of telemetry.EveryCampaign or, where id is neither, of that campaign.
func AutoSends(tx *Tx, id int64) []telemetry.AutoSendFacts {
	columns := Names(CampaignFields(&telemetry.Campaign{}))
	list := Rows(tx, `SELECT `+columns+` FROM campaigns
		WHERE id = $1 OR $1 = -1 OR $1 = 0 AND closed_at = 0 AND auto_per_day > 0 ORDER BY id`, []any{id},
		func(f *telemetry.AutoSendFacts) []any { return Pointers(CampaignFields(&f.Campaign)) })
	all, today := sendSwitch(tx), sentSince(tx, tx.Now().UTC().Truncate(24*time.Hour))
	for n := range list {
		f := &list[n]
		f.Switch, f.Today, f.Use, f.SentToday = all, today, CampaignUse(tx, f.Campaign), autoToday(tx, f.ID, tx.Now())
		lastOrders(tx, f)
		f.Snoozed = All[string](tx, `SELECT i.public_id FROM issues i WHERE i.snoozed = 1
			AND i.id IN (SELECT b.issue_id FROM campaign_issues b WHERE b.campaign_id = $1)`, f.ID)
	}
	return list
}

// lastOrders reads what came of the last orders of a campaign by itself.
func lastOrders(tx *Tx, f *telemetry.AutoSendFacts) {
	failing := true // so far
	tx.Each(`SELECT slot, state, error, at FROM batches WHERE campaign = $1 AND slot <> 0 ORDER BY slot DESC, at DESC LIMIT 20`, []any{f.ID},
		func(r *Row) {
			var slot, at int64
			var state telemetry.BatchState
			var why string
			r.Scan(&slot, &state, &why, &at)
			if f.LastSlot.IsZero() {
				f.LastSlot, f.LastState, f.LastError = Time(slot).Time, state, why
			}
			if failing = failing && at >= Millis(f.Since.Time) && (state == telemetry.BatchFailed || state == telemetry.BatchUnknown); failing {
				f.Failing++
			}
		})
}

// NoteAutoSend notes why a campaign did not send when it was tried, "" where it did.
func (s *Store) NoteAutoSend(ctx context.Context, id int64, note string) error {
	_, _, err := s.changeCampaign(ctx, id, func(tx *Tx, c telemetry.Campaign) (telemetry.Campaign, error) {
		if c.Note = telemetry.Optional(note); note == "" {
			c.NotedAt = telemetry.Time{}
		} else {
			c.NotedAt = Time(Millis(tx.Now()))
		}
		return c, nil
	})
	return err
}

// HaltAutoSend stops a campaign from sending by itself until a person switches it on
// again, if it is as it was when that was decided.
func (s *Store) HaltAutoSend(ctx context.Context, of telemetry.Campaign, why string) error {
	_, _, err := s.changeCampaign(ctx, of.ID, func(tx *Tx, c telemetry.Campaign) (telemetry.Campaign, error) {
		if !c.On() || c.PerDay != of.PerDay || c.Floor != of.Floor || !c.Since.Equal(of.Since.Time) {
			return c, nil
		}
		was := c.Words()
		c.Stopped = telemetry.Optional(why)
		return c, addAudit(tx, telemetry.AuditEntry{
			Person: campaignKey(c), Name: "campaign " + c.Name, Action: "auto-send-stop", Subject: "campaign " + strconv.FormatInt(c.ID, 10),
			Before: was, After: c.Words() + ". " + why, Result: telemetry.AuditDone, Status: 200,
		})
	})
	return err
}

// switchKey is where the switch of all campaigns is kept.
const switchKey = "auto_send_switch"

func sendSwitch(tx *Tx) (all telemetry.SendSwitch) {
	if text := tx.Meta(switchKey); text != "" {
		var kept struct {
			By string `json:"by"`
			At int64  `json:"at"`
		}
		if err := json.Unmarshal([]byte(text), &kept); err != nil {
			tx.Fail("read who stopped automatic sending", err)
		}
		return telemetry.SendSwitch{Stopped: true, By: telemetry.Optional(kept.By), At: Time(kept.At)}
	}
	return all
}

// SendSwitch returns whether campaigns are stopped from sending by themselves.
func (s *Store) SendSwitch(ctx context.Context) (telemetry.SendSwitch, error) {
	return Get(ctx, s, sendSwitch)
}

// StopSends stops all campaigns from sending by themselves, or lets them go on. What is
// ordered after it returned was not stopped. Done again it changes nothing.
func (s *Store) StopSends(ctx context.Context, stop bool, by string) (was, is telemetry.SendSwitch, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		was = sendSwitch(tx)
		if is = was; was.Stopped == stop || tx.Err() != nil {
			return tx.Err()
		}
		text := ""
		if stop {
			text = JSON(map[string]any{"by": by, "at": Millis(tx.Now())})
		}
		tx.SetMeta(switchKey, text)
		is = sendSwitch(tx)
		tx.Touch(telemetry.TopicCampaigns)
		return tx.Err()
	})
	return was, is, err
}

func millisOrNone(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return Millis(t)
}
