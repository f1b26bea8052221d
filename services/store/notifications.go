package store

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// How many messages are remembered after they ended, and for how long.
const (
	keptNotifications    = 10_000
	keptNotificationTime = 30 * 24 * time.Hour
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// NotificationFields are the columns of notifications but for seq and line.
func NotificationFields(n *telemetry.Notification) []Field {
	return []Field{
		Col("id TEXT", &n.ID), Col("rule_id BIGINT", &n.RuleID), Col("rule TEXT", &n.Rule), Col("event TEXT", &n.Event),
		Col("channel TEXT", &n.Channel), Col("addresses TEXT", ListOf(&n.Addresses)), Col("owner TEXT", &n.Owner), Col("title TEXT", &n.Title),
		Col("n BIGINT", &n.Count), Col("repo TEXT", &n.Repo), Col("message TEXT", messageOf(&n.Message)), Col("state TEXT", &n.State),
		Col("error TEXT", &n.Error), Col("tries BIGINT", &n.Tries), Col("next_try BIGINT", &n.NextTry), Col("at BIGINT", &n.At),
		Col("ended BIGINT", &n.Ended),
	}
}

// messageOf reads a message from JSON.
func messageOf(into *telemetry.NotifyMessage) any {
	return Column{func(v any) error {
		*into = telemetry.NotifyMessage{}
		return decoded(v, into)
	}, func() any { return *into }}
}

func queueNotification(tx *Tx, r telemetry.NotifyRule, id string, m telemetry.NotifyMessage) telemetry.Notification {
	n := telemetry.Notification{
		ID: id, RuleID: r.ID, Rule: r.Name, Event: m.Event, Channel: r.Channel, Addresses: r.Addresses, Owner: m.Owner, Title: m.Title,
		Count: m.Count, State: telemetry.NotificationWaiting, At: Time(Millis(tx.Now())), Message: m,
	}
	if len(m.Items) > 0 && m.Count == 1 {
		n.Repo = m.Items[0].Repo
	}
	tx.Insert("notifications", "", append(NotificationFields(&n), Col("line TEXT", n.Line()),
		Col("seq BIGINT", 1+One[int64](tx, `SELECT COALESCE(MAX(seq), 0) FROM notifications`))))
	tx.Exec(`DELETE FROM notifications WHERE state IN ('sent', 'given_up')
		AND (at < $1 OR seq <= (SELECT MAX(seq) FROM notifications) - $2)`, Millis(tx.Now().Add(-keptNotificationTime)), keptNotifications)
	tx.Touch(telemetry.TopicNotify)
	return n
}

// QueueTest queues a message that tries a rule, and returns it. The error is CodeNotFound.
func (s *Store) QueueTest(ctx context.Context, id int64, plan telemetry.NotifyPlan) (n telemetry.Notification, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		r, err := notifyRule(tx, id)
		if err != nil {
			return err
		}
		m := plan.Message(r, "", 0, nil)
		n = queueNotification(tx, r, plan.NewID(), m)
		return tx.Err()
	})
	return n, err
}

// DueNotifications returns messages to send: of each line that is not busy the first that
// waits, if its time has come. One that failed holds up those after it.
func (s *Store) DueNotifications(ctx context.Context, busy []string, limit int) ([]telemetry.Notification, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.Notification {
		return Rows(tx, `SELECT `+Names(NotificationFields(&telemetry.Notification{}))+` FROM notifications d
			WHERE state IN ('waiting', 'failed') AND next_try <= $1 AND line NOT `+tx.In(2, "TEXT")+` AND NOT EXISTS (
				SELECT 1 FROM notifications e WHERE e.line = d.line AND e.state IN ('waiting', 'failed') AND e.seq < d.seq)
			ORDER BY seq LIMIT $3`, []any{Millis(tx.Now()), JSON(append([]string{}, busy...)), limit},
			func(n *telemetry.Notification) []any { return Pointers(NotificationFields(n)) })
	})
}

// BeginNotification notes that a message is about to be sent, and reports whether it is
// still to be. Only the program that runs the jobs can.
func (s *Store) BeginNotification(ctx context.Context, id string) (mine bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		mine = tx.Exec(`UPDATE notifications SET tries = tries + 1 WHERE id = $1 AND state IN ('waiting', 'failed')`, id) == 1
		return tx.Err()
	})
	return mine, err
}

// EndNotification notes what came of a try, unless the message was given up meanwhile.
func (s *Store) EndNotification(ctx context.Context, n telemetry.Notification) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`UPDATE notifications SET state = $1, error = $2, next_try = $3, ended = $4 WHERE id = $5 AND state IN ('waiting', 'failed')`,
			string(n.State), string(n.Error), Millis(n.NextTry), Millis(n.Ended), n.ID)
		tx.Touch(telemetry.TopicNotify)
		return tx.Err()
	})
}

// RetryNotification queues a message again that was given up. The error is CodeNotFound
// or CodeConflict.
func (s *Store) RetryNotification(ctx context.Context, id string) (n telemetry.Notification, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		n = telemetry.Notification{}
		fields := NotificationFields(&n)
		switch found := tx.Row(`SELECT `+Names(fields)+` FROM notifications WHERE id = $1`, id).Scan(Pointers(fields)...).Found; {
		case tx.Err() != nil:
			return tx.Err()
		case !found:
			return telemetry.Errorf(telemetry.CodeNotFound, "Notification %s not found. Notifications are kept for 30 days, and at most %d of them.",
				telemetry.Shown(id), keptNotifications)
		case n.State != telemetry.NotificationGivenUp:
			return telemetry.Errorf(telemetry.CodeConflict, "Notification %s is %s, so there is nothing to send again.", n.ID, n.State)
		}
		n.State, n.Tries, n.Error, n.NextTry, n.Ended = telemetry.NotificationWaiting, 0, "", telemetry.Time{}, telemetry.Time{}
		tx.Exec(`UPDATE notifications SET state = 'waiting', tries = 0, error = '', next_try = 0, ended = 0 WHERE id = $1`, id)
		tx.Touch(telemetry.TopicNotify)
		return tx.Err()
	})
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: n.ID, Before: string(telemetry.NotificationGivenUp), After: string(n.State)})
	}
	return n, err
}
