package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// CampaignFields are the columns of campaigns.
func CampaignFields(c *telemetry.Campaign) []Field {
	return []Field{
		Col("id BIGINT", &c.ID), Col("name TEXT", &c.Name), Col("query TEXT", &c.Query), Col("issues BIGINT", &c.Issues),
		Col("owner TEXT", &c.Owner), Col("due_at BIGINT", &c.Due), Col("max_sessions BIGINT", &c.MaxSessions),
		Col("max_acus BIGINT", &c.MaxACUs), Col("made_by TEXT", &c.By), Col("at BIGINT", &c.At), Col("closed_at BIGINT", &c.ClosedAt),
		Col("closed_by TEXT", &c.ClosedBy), Col("auto_per_day BIGINT", &c.PerDay), Col("auto_floor BIGINT", &c.Floor),
		Col("auto_by TEXT", &c.AutoSend.By), Col("auto_since BIGINT", &c.Since), Col("auto_stopped TEXT", &c.Stopped),
		Col("auto_note TEXT", &c.Note), Col("auto_note_at BIGINT", &c.NotedAt),
	}
}

// AddCampaign stores a campaign that begins now, without its issues. The error
// is CodeConflict where an open one has the name, or where there are too many.
func (tx *Tx) AddCampaign(n telemetry.NewCampaign) (telemetry.Campaign, error) {
	if err := freeCampaignName(tx, n.Name, 0); err != nil {
		return telemetry.Campaign{}, err
	}
	if One[int64](tx, `SELECT COUNT(*) FROM campaigns`) >= telemetry.CampaignsMost && tx.Err() == nil {
		return telemetry.Campaign{}, telemetry.Errorf(telemetry.CodeConflict,
			"The limit of %d campaigns is reached. No campaign was begun.", telemetry.CampaignsMost)
	}
	began := tx.Now()
	if !n.At.IsZero() {
		began = n.At
	}
	c := telemetry.Campaign{
		ID: One[int64](tx, `SELECT COALESCE(MAX(id), 0) + 1 FROM campaigns`), Name: n.Name, Query: n.Query, Issues: n.Expect,
		Owner: telemetry.Optional(n.Owner), Due: telemetry.At(n.Due), MaxSessions: n.MaxSessions, MaxACUs: n.MaxACUs, By: n.By,
		At: Time(Millis(began)), AutoSend: telemetry.AutoSend{Floor: telemetry.AutoFloor},
	}
	tx.Insert("campaigns", "", append(CampaignFields(&c), Col("name_key TEXT", telemetry.CampaignKey(c.Name))))
	return c, tx.Err()
}

// freeCampaignName refuses a name that another open campaign has.
func freeCampaignName(tx *Tx, name string, but int64) error {
	taken := tx.Has(`SELECT 1 FROM campaigns WHERE name_key = $1 AND closed_at = 0 AND id <> $2`, telemetry.CampaignKey(name), but)
	if !taken || tx.Err() != nil {
		return tx.Err()
	}
	e := telemetry.Errorf(telemetry.CodeConflict, "An open campaign has this name already. Choose another name, or close that campaign.")
	e.Field = "name"
	return e
}

// EditCampaign changes an open campaign, and returns it as it was and is. The
// error is CodeNotFound, or CodeConflict for one that is closed, that is no longer
// what the edit was based on, or another's name.
func (s *Store) EditCampaign(ctx context.Context, id int64, e telemetry.CampaignEdit) (was, is telemetry.Campaign, err error) {
	return s.changeCampaign(ctx, id, func(tx *Tx, c telemetry.Campaign) (telemetry.Campaign, error) {
		if !c.ClosedAt.IsZero() {
			return c, telemetry.Errorf(telemetry.CodeConflict, "The campaign is closed: it is no longer changed.")
		}
		if err := c.Changed(e.Version); err != nil {
			return c, err
		}
		c = e.Apply(c)
		return c, freeCampaignName(tx, c.Name, id)
	})
}

// CloseCampaign ends a campaign; done again it changes nothing. The error is
// CodeNotFound.
func (s *Store) CloseCampaign(ctx context.Context, id int64, by string) (was, is telemetry.Campaign, err error) {
	return s.changeCampaign(ctx, id, func(tx *Tx, c telemetry.Campaign) (telemetry.Campaign, error) {
		if c.ClosedAt.IsZero() {
			c.ClosedAt, c.ClosedBy = Time(Millis(tx.Now())), telemetry.Optional(by)
		}
		return c, nil
	})
}

func (s *Store) changeCampaign(
	ctx context.Context, id int64, change func(*Tx, telemetry.Campaign) (telemetry.Campaign, error),
) (was, is telemetry.Campaign, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		if was, err = tx.Campaign(id); err != nil {
			return err
		}
		if is, err = change(tx, was); err != nil || is == was {
			return err
		}
		tx.Put("campaigns", "id", append(CampaignFields(&is), Col("name_key TEXT", telemetry.CampaignKey(is.Name))))
		tx.Touch(telemetry.TopicCampaigns)
		return tx.Err()
	})
	return was, is, err
}

// Campaign reads a campaign. The error is CodeNotFound for an unknown one.
func (tx *Tx) Campaign(id int64) (c telemetry.Campaign, err error) {
	fields := CampaignFields(&c)
	if !tx.Row(`SELECT `+Names(fields)+` FROM campaigns WHERE id = $1`, id).Scan(Pointers(fields)...).Found && tx.Err() == nil {
		return c, telemetry.Errorf(telemetry.CodeNotFound, "Campaign %d not found. See the list of campaigns.", id)
	}
	return c, tx.Err()
}
