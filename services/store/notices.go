package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// queuedNotifications is how many messages may wait: while there are more, what rules
// find waits to be told together.
const queuedNotifications = 10_000

// fresh selects the keys of what a rule finds and has not noted: not by its id, nor by
// one that the issue had before. It is a difference of sets, which a database without
// statistics of its tables plans well too.
func fresh(tx *Tx, r telemetry.NotifyRule) string {
	return `SELECT g.subject, g.occurrence, g.owner FROM (` + found(tx, r) + `) g
		EXCEPT SELECT z.subject, z.occurrence, z.owner FROM notices z WHERE z.rule_id = ` + decimal(r.ID) + `
		EXCEPT SELECT d.new_id, z.occurrence, z.owner FROM redirects d JOIN notices z ON z.subject = d.old_id WHERE z.rule_id = ` + decimal(r.ID)
}

// noteFound notes what a rule finds that it has not noted.
func noteFound(tx *Tx, r telemetry.NotifyRule, state string) {
	const columns = `rule_id, subject, occurrence, owner, state, at, repo, severity_rank, title, ref, since`
	tx.Exec(`INSERT INTO notices (` + columns + `) SELECT z.rule_id, d.new_id, z.occurrence, z.owner, 'known', z.at,
		z.repo, z.severity_rank, z.title, z.ref, z.since
		FROM redirects d JOIN notices z ON z.subject = d.old_id WHERE z.rule_id = ` + decimal(r.ID) + ` ON CONFLICT DO NOTHING`)
	tx.Exec(`INSERT INTO notices (`+columns+`) SELECT DISTINCT `+decimal(r.ID)+`, g.subject, g.occurrence, g.owner, '`+state+`',
		`+millisAt(tx.Now())+`,
		g.repo, g.severity_rank, g.title, g.ref, g.since FROM (`+found(tx, r)+`) g WHERE true ON CONFLICT DO NOTHING`, r.Repo.Key(), r.Owner)
}

// FoundNow returns what a rule would find if it had noted nothing: how many things, and
// the worst of them.
func (s *Store) FoundNow(ctx context.Context, r telemetry.NotifyRule, limit int) (count int64, items []telemetry.Notice, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		all := `(SELECT DISTINCT f.subject, f.occurrence, f.owner, f.repo, f.severity_rank, f.title, f.ref, f.since
			FROM (` + found(tx, r) + `) f) g`
		count = One[int64](tx, `SELECT COUNT(*) FROM (SELECT DISTINCT g.subject, g.occurrence FROM `+all+`) x`, r.Repo.Key(), r.Owner)
		items = noticesOf(tx, `FROM `+all, limit, r.Repo.Key(), r.Owner)
		return tx.Err()
	})
	return count, items, err
}

func noticesOf(tx *Tx, from string, limit int, args ...any) []telemetry.Notice {
	return Rows(tx, `SELECT g.subject, g.occurrence, g.owner, g.repo, g.severity_rank, g.title, g.ref, g.since `+from+`
		ORDER BY g.severity_rank, g.since, g.subject LIMIT `+decimal(int64(limit)), args, func(n *telemetry.Notice) []any {
		return []any{&n.Subject, &n.Occurrence, &n.Owner, &n.Repo, severityByRank(&n.Severity), &n.Title, &n.Ref, &n.Since}
	})
}

// severityByRank reads a severity by its rank, "" for none.
func severityByRank(into *string) any {
	return Column{Read: func(v any) error {
		rank, err := Whole(v)
		*into = ""
		if all := telemetry.Severities(); err == nil && rank >= 0 && int(rank) < len(all) {
			*into = all[rank]
		}
		return err
	}, Value: func() any { return *into }}
}

// Tell notes what a rule finds now, and queues what is to be told of it by the plan, all
// in one transaction: what is told once is in the database before it is sent. It returns
// how many messages it queued.
func (s *Store) Tell(ctx context.Context, id int64, plan telemetry.NotifyPlan) (queued int, err error) {
	idle := false
	if err := s.Read(ctx, func(tx *Tx) error {
		r, err := notifyRule(tx, id)
		if err != nil {
			return err
		}
		idle = !r.On || plan.Step(r, pendingOf(tx, id), tx.Now()) == telemetry.NotifyNothing && !digestPassed(r, tx.Now()) &&
			!tx.Has(`SELECT 1 FROM (`+fresh(tx, r)+`) f LIMIT 1`, r.Repo.Key(), r.Owner)
		return tx.Err()
	}); err != nil || idle {
		return 0, err
	}
	err = s.Write(ctx, func(tx *Tx) error {
		queued = 0
		r, err := notifyRule(tx, id)
		if err != nil || !r.On {
			return err
		}
		noteFound(tx, r, "pending")
		full := One[int64](tx, `SELECT COUNT(*) FROM notifications WHERE state IN ('waiting', 'failed')`) >= queuedNotifications
		step := plan.Step(r, pendingOf(tx, id), tx.Now())
		if tx.Err() == nil && !full {
			queued = queueStep(tx, r, step, plan)
		}
		if digestPassed(r, tx.Now()) && (step == telemetry.NotifyDigest || pendingOf(tx, id) == 0) {
			tx.Exec(`UPDATE notify_rules SET next_at = $1 WHERE id = $2`, Millis(plan.NextDigest(r, tx.Now())), id)
		}
		return tx.Err()
	})
	return queued, err
}

func pendingOf(tx *Tx, rule int64) int64 {
	return One[int64](tx, `SELECT COUNT(*) FROM notices WHERE rule_id = $1 AND state = 'pending'`, rule)
}

func digestPassed(r telemetry.NotifyRule, now time.Time) bool {
	return r.DigestAt != "" && !r.NextAt.After(now)
}

// queueStep queues the messages of a step, and marks what they tell.
func queueStep(tx *Tx, r telemetry.NotifyRule, step telemetry.NotifyStep, plan telemetry.NotifyPlan) (queued int) {
	of := func(cond string, limit int, args ...any) []telemetry.Notice {
		return noticesOf(tx, `FROM notices g WHERE g.state = 'pending' AND g.rule_id = `+decimal(r.ID)+cond, limit, args...)
	}
	told := func(cond string, args ...any) {
		tx.Exec(`UPDATE notices SET state = 'told' WHERE state = 'pending' AND rule_id = `+decimal(r.ID)+cond, args...)
	}
	switch step {
	case telemetry.NotifyEach:
		for _, n := range of("", telemetry.NotifyAtOnce) {
			queueNotification(tx, r, plan.NewID(), plan.Message(r, "", 1, []telemetry.Notice{n}))
			told(` AND subject = $1 AND occurrence = $2 AND owner = $3`, n.Subject, n.Occurrence, n.Owner)
			queued++
		}
	case telemetry.NotifyTogether:
		count := pendingOf(tx, r.ID)
		queueNotification(tx, r, plan.NewID(), plan.Message(r, "", count, of("", telemetry.NotifyItemsMost)))
		told("")
		queued++
	case telemetry.NotifyDigest:
		counts := Map[string, int64](tx, `SELECT owner, COUNT(*) FROM notices WHERE rule_id = $1 AND state = 'pending' GROUP BY owner`, r.ID)
		for _, owner := range sortedKeys(counts) {
			items := of(` AND g.owner = $1`, telemetry.NotifyItemsMost, owner)
			queueNotification(tx, r, plan.NewID(), plan.Message(r, owner, counts[owner], items))
			queued++
		}
		told("")
	}
	return queued
}
