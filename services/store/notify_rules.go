package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

func notifyRuleFields(r *telemetry.NotifyRule) []Field {
	return []Field{
		Col("id BIGINT", &r.ID), Col("name TEXT", &r.Name), Col("event TEXT", &r.Event), Col("severity TEXT", &r.Severity),
		Col("repo TEXT", &r.Repo), Col("owner TEXT", &r.Owner), Col("hours BIGINT", &r.Hours), Col("channel TEXT", &r.Channel),
		Col("addresses TEXT", ListOf(&r.Addresses)), Col("digest_at TEXT", &r.DigestAt), Col("quiet_from TEXT", &r.QuietFrom),
		Col("quiet_to TEXT", &r.QuietTo), Col("zone TEXT", &r.Zone), Col("is_on SMALLINT", &r.On), Col("made_by TEXT", &r.By),
		Col("at BIGINT", &r.At), Col("next_at BIGINT", &r.NextAt),
	}
}

func notifyRules(tx *Tx, cond string, args ...any) []telemetry.NotifyRule {
	columns := Names(notifyRuleFields(&telemetry.NotifyRule{}))
	return Rows(tx, `SELECT `+columns+` FROM notify_rules `+cond+` ORDER BY id`, args,
		func(r *telemetry.NotifyRule) []any { return Pointers(notifyRuleFields(r)) })
}

// NotifyRules returns the rules of notifications in the order in which they were made.
func (s *Store) NotifyRules(ctx context.Context) ([]telemetry.NotifyRule, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.NotifyRule { return notifyRules(tx, "") })
}

// NotifyRule returns a rule. The error is CodeNotFound.
func (s *Store) NotifyRule(ctx context.Context, id int64) (r telemetry.NotifyRule, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		r, err = notifyRule(tx, id)
		return err
	})
	return r, err
}

func notifyRule(tx *Tx, id int64) (telemetry.NotifyRule, error) {
	rules := notifyRules(tx, `WHERE id = $1`, id)
	if len(rules) == 0 && tx.Err() == nil {
		return telemetry.NotifyRule{}, telemetry.Errorf(telemetry.CodeNotFound, "Rule %d not found. See the list of notifications.", id)
	}
	if tx.Err() != nil {
		return telemetry.NotifyRule{}, tx.Err()
	}
	return rules[0], nil
}

// PutNotifyRule stores a rule that was checked, a new one without an id. What it finds
// as it is made, switched on or given another scope is known then, and not told.
func (s *Store) PutNotifyRule(ctx context.Context, r telemetry.NotifyRule) (was, is telemetry.NotifyRule, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		was, is = telemetry.NotifyRule{}, r
		if r.ID == 0 {
			if One[int64](tx, `SELECT COUNT(*) FROM notify_rules`) >= telemetry.NotifyRulesMost && tx.Err() == nil {
				return telemetry.Errorf(telemetry.CodeConflict, "The limit of %d rules is reached. Delete one that is no longer needed.",
					telemetry.NotifyRulesMost)
			}
			is.ID, is.At = nextRuleID(tx), Time(Millis(tx.Now()))
		} else if was, err = notifyRule(tx, r.ID); err != nil {
			return err
		} else {
			is.By, is.At = was.By, was.At
		}
		tx.Put("notify_rules", "id", notifyRuleFields(&is))
		if scope(was) != scope(is) {
			tx.Exec(`UPDATE notices SET state = 'known' WHERE rule_id = $1 AND state = 'pending'`, is.ID)
			if is.On {
				noteFound(tx, is, "known")
			}
		}
		tx.Touch(telemetry.TopicNotify)
		return tx.Err()
	})
	return was, is, err
}

// nextRuleID never returns the id of a rule that was deleted: messages in the log name it.
func nextRuleID(tx *Tx) int64 {
	return 1 + One[int64](tx, `SELECT MAX(n) FROM (SELECT COALESCE(MAX(id), 0) AS n FROM notify_rules
		UNION ALL SELECT COALESCE(MAX(rule_id), 0) FROM notifications UNION ALL SELECT COALESCE(MAX(rule_id), 0) FROM notices) ids`)
}

// scope is what decides what a rule finds.
func scope(r telemetry.NotifyRule) any {
	type of struct {
		event                 telemetry.NotifyEvent
		severity, repo, owner string
		hours                 int64
		digest, on            bool
	}
	return of{r.Event, r.Severity, r.Repo.Key(), r.Owner, r.Hours, r.DigestAt != "", r.On}
}

// DeleteNotifyRule removes a rule, and gives up what it has queued. The error is
// CodeNotFound.
func (s *Store) DeleteNotifyRule(ctx context.Context, id int64) (was telemetry.NotifyRule, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		if was, err = notifyRule(tx, id); err != nil {
			return err
		}
		tx.Exec(`DELETE FROM notices WHERE rule_id = $1`, id)
		tx.Exec(`DELETE FROM notify_rules WHERE id = $1`, id)
		tx.Exec(`UPDATE notifications SET state = 'given_up', error = 'The rule was deleted before it was sent.', ended = $2, next_try = 0
			WHERE rule_id = $1 AND state IN ('waiting', 'failed')`, id, Millis(tx.Now()))
		tx.Touch(telemetry.TopicNotify)
		return tx.Err()
	})
	return was, err
}
