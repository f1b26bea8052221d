package derive

import (
	"context"
	"slices"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// DecideOn stores a decision that Check passed, on the issues of its ids or, without
// any, on those that match returns, in one transaction. A key that was used
// before returns the decision made under it. The error is CodeNotFound for an
// unknown id, CodeConflict where a query names another number of issues than
// was confirmed or a key was used for another decision, and CodeInvalid, in words;
// then nothing is stored. An id that an issue had before is followed.
func (w *Writer) DecideOn(
	ctx context.Context, d telemetry.NewDecision, match func(*store.Tx) ([]int64, error),
) (made telemetry.Decision, err error) {
	err = w.Write(ctx, func(tx *store.Tx) error {
		made = telemetry.Decision{}
		endDecisions(tx)
		if known, err := madeUnder(tx, d, &made); known || err != nil {
			return err
		}
		ids, err := issuesOf(tx, d, match)
		if err != nil {
			return err
		}
		if err := mayDecide(tx, d, ids); err != nil {
			return err
		}
		made = putDecision(tx, d, ids)
		settleDecisions(tx, setOf(ids))
		touchDecided(tx, d.Action)
		return tx.Err()
	})
	return made, err
}

// SnoozeRows stores a snooze that Check passed, of rows of Needs you. marks says
// by their keys what those that are there are about now; the others are left out.
// Where none is there it is CodeNotFound.
func (w *Writer) SnoozeRows(
	ctx context.Context, d telemetry.NewDecision, marks func(*store.Tx) (map[string]string, error),
) (made telemetry.Decision, err error) {
	err = w.Write(ctx, func(tx *store.Tx) error {
		made = telemetry.Decision{}
		if known, err := madeUnder(tx, d, &made); known || err != nil {
			return err
		}
		about, err := marks(tx)
		if err != nil {
			return err
		}
		if len(about) == 0 {
			return telemetry.Errorf(telemetry.CodeNotFound,
				"No row %s needs anybody now: it may be done, or snoozed. Nothing was decided.", telemetry.Shown(strings.Join(d.Needs, ", ")))
		}
		made = putDecision(tx, d, nil)
		putSnoozed(tx, &made, about)
		touchDecided(tx, d.Action)
		return tx.Err()
	})
	return made, err
}

// putSnoozed stores which rows a decision snoozed, and what each is about.
func putSnoozed(tx *store.Tx, d *telemetry.Decision, marks map[string]string) {
	d.Needs = sorted(marks)
	rows := make([][]store.Field, len(d.Needs))
	for i, need := range d.Needs {
		rows[i] = []store.Field{store.Col("decision_id BIGINT", d.ID), store.Col("need TEXT", need), store.Col("mark TEXT", marks[need])}
	}
	tx.Put("decision_needs", "", rows...)
	tx.Exec(`UPDATE decisions SET needs = $1 WHERE id = $2`, store.JSON(d.Needs), d.ID)
}

// touchDecided raises the topics that a decision changes: a comment is in no list but its own.
func touchDecided(tx *store.Tx, action telemetry.DecisionAction) {
	tx.Touch(telemetry.TopicDecisions)
	if action != telemetry.ActionComment {
		tx.Touch(telemetry.TopicRecords)
	}
}

// madeUnder finds the decision that was made under the key of d.
func madeUnder(tx *store.Tx, d telemetry.NewDecision, made *telemetry.Decision) (known bool, err error) {
	if d.Key == "" {
		return false, nil
	}
	var id int64
	var request string
	if !tx.Row(`SELECT id, request FROM decisions WHERE key = $1`, d.Key).Scan(&id, &request).Found {
		return false, tx.Err()
	}
	if request != requestOf(d) {
		return false, telemetry.Errorf(telemetry.CodeConflict,
			"The Idempotency-Key was used for another decision. Nothing was decided. Use a new key for each decision.")
	}
	*made = decisionOf(tx, id)
	made.Repeated = true
	return true, tx.Err()
}

// requestOf is what a decision is asked for, but for the key and the person.
func requestOf(d telemetry.NewDecision) string {
	return store.JSON([]any{d.Action, d.Reason, d.Comment, store.Millis(d.Until), d.Assignee, d.Issues, d.Query, d.Expect, d.Needs})
}

// issuesOf are the issues that a decision is about, in their order, each once.
func issuesOf(tx *store.Tx, d telemetry.NewDecision, match func(*store.Tx) ([]int64, error)) ([]int64, error) {
	if d.Issues == nil {
		ids, err := match(tx)
		switch {
		case err != nil:
			return nil, err
		case int64(len(ids)) != d.Expect:
			return nil, telemetry.Errorf(telemetry.CodeConflict,
				"The query now names %d issues, and not %d. Nothing was decided. Confirm the new number.", len(ids), d.Expect)
		case len(ids) > telemetry.DecisionIssuesMost:
			return nil, telemetry.TooManyIssues(int64(len(ids)))
		}
		return ids, tx.Err()
	}
	const stored = `SELECT public_id, id FROM issues WHERE public_id `
	known := store.Map[string, int64](tx, stored+tx.In(1, "TEXT"), store.JSON(d.Issues))
	var ids []int64
	for _, public := range d.Issues {
		id := known[public]
		if id == 0 {
			id = store.One[int64](tx, `SELECT id FROM issues WHERE public_id = $1`, tx.MovedTo(public))
		}
		if id == 0 && tx.Err() == nil {
			return nil, telemetry.Errorf(telemetry.CodeNotFound,
				"Issue %s not found. Nothing was decided. Want the id in the address of its page.", telemetry.Shown(public))
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), tx.Err()
}

// mayDecide refuses to decide about what is fixed: nothing is left to decide.
func mayDecide(tx *store.Tx, d telemetry.NewDecision, ids []int64) error {
	if d.Action == telemetry.ActionComment || tx.Err() != nil {
		return tx.Err()
	}
	fixed := store.All[string](tx, `SELECT public_id FROM issues WHERE status_rank = $1 AND id `+tx.In(2, "BIGINT")+` ORDER BY public_id`,
		telemetry.StatusFixed.Rank(), store.JSON(ids))
	switch {
	case len(fixed) == 1:
		return telemetry.Errorf(telemetry.CodeInvalid, "Issue %s is fixed: nothing is left to decide. Nothing was decided. "+
			"Leave it out, or write a comment.", fixed[0])
	case len(fixed) > 1:
		return telemetry.Errorf(telemetry.CodeInvalid, "%d of the %d issues are fixed: nothing is left to decide about them. "+
			"Nothing was decided. Leave them out, for example with -is:fixed.", len(fixed), len(ids))
	}
	return tx.Err()
}

// putDecision stores a decision and what its issues are now.
func putDecision(tx *store.Tx, d telemetry.NewDecision, ids []int64) telemetry.Decision {
	id := store.One[int64](tx, `SELECT COALESCE(MAX(id), 0) + 1 FROM decisions`)
	tx.Exec(`INSERT INTO decisions (id, at, made_by, action, reason, comment, until_at, assignee, query, issues, key, request)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id, store.Millis(tx.Now()), d.By, string(d.Action), string(d.Reason), d.Comment, store.Millis(d.Until), d.Assignee, d.Query,
		len(ids), d.Key, requestOf(d))
	decisionIssues.put(tx, id, ids)
	return decisionOf(tx, id)
}

// binding is a table that has the issues of what people made: of decisions, or
// of campaigns.
type binding string

const (
	decisionIssues binding = "decision"
	campaignIssues binding = "campaign"
)

func (t binding) table() string { return string(t) + "_issues" }

// of is the column of what the issues are of.
func (t binding) of() string { return string(t) + "_id" }

// put stores what the issues of one of them are now.
func (t binding) put(tx *store.Tx, id int64, issues []int64) {
	var rows [][]store.Field
	tx.Each(`SELECT i.id, i.public_id, o.key, i.rule, i.file, i.line, i.fingerprint, i.fingerprints, r.source, r.file, a.ord
		FROM issues i JOIN repos o ON o.id = i.repo_id JOIN appearances a ON a.issue_id = i.id JOIN runs r ON r.id = a.run_id
		WHERE r.at = i.last_at AND r.file = i.last_file AND i.id `+tx.In(1, "BIGINT")+` ORDER BY i.id, a.ord DESC, r.source`,
		[]any{store.JSON(issues)}, func(r *store.Row) {
			b := bound{of: id, ord: int64(len(rows))}
			r.Scan(&b.issue, &b.public, &b.repo, &b.rule, &b.file, &b.line, &b.fingerprint, &b.fingerprints, &b.source, &b.run, &b.at)
			if n := len(rows); n == 0 || rows[n-1][2].Value != b.issue { // a record may be there twice
				rows = append(rows, b.fields(t))
			}
		})
	tx.Put(t.table(), "", rows...)
}

// bound is an issue of a decision or a campaign as it was.
type bound struct {
	of, ord, issue                    int64
	public, repo, rule, file          string
	line                              int64
	fingerprint, fingerprints, source string
	run                               string
	at                                int64 // the place of its finding in the run
}

func (b bound) fields(t binding) []store.Field {
	return []store.Field{
		store.Col(t.of()+" BIGINT", b.of), store.Col("ord BIGINT", b.ord), store.Col("issue_id BIGINT", b.issue),
		store.Col("public_id TEXT", b.public), store.Col("repo TEXT", b.repo), store.Col("rule TEXT", b.rule),
		store.Col("file TEXT", b.file), store.Col("line BIGINT", b.line), store.Col("fingerprint TEXT", b.fingerprint),
		store.Col("fingerprints TEXT", b.fingerprints), store.Col("run_source TEXT", b.source), store.Col("run_file TEXT", b.run),
		store.Col("run_ord BIGINT", b.at),
	}
}

func decisionOf(tx *store.Tx, id int64) (d telemetry.Decision) {
	tx.Row(`SELECT id, action, reason, comment, made_by, at, until_at, assignee, issues, query, needs, undone_at, undone_by
		FROM decisions WHERE id = $1`, id).Scan(&d.ID, &d.Action, &d.Reason, &d.Comment, &d.By, &d.At, &d.Until, &d.Assignee, &d.Issues,
		&d.Query, store.ListOf(&d.Needs), &d.UndoneAt, &d.UndoneBy)
	return d
}

// UndoDecision takes a decision back, for all its issues; done again it changes
// nothing. The error is CodeNotFound.
func (w *Writer) UndoDecision(ctx context.Context, id int64, by string) (undone telemetry.Decision, err error) {
	err = w.Write(ctx, func(tx *store.Tx) error {
		undone = decisionOf(tx, id)
		switch {
		case tx.Err() != nil:
			return tx.Err()
		case undone.ID == 0:
			return telemetry.Errorf(telemetry.CodeNotFound, "Decision %d not found. See the list of decisions.", id)
		case !undone.UndoneAt.IsZero():
			return nil
		}
		tx.Exec(`UPDATE decisions SET undone_at = $1, undone_by = $2 WHERE id = $3`, store.Millis(tx.Now()), by, id)
		undone = decisionOf(tx, id)
		issues := set[int64]{}
		issues.addRows(tx, `SELECT issue_id FROM decision_issues WHERE decision_id = $1 AND issue_id <> 0`, id)
		settleDecisions(tx, issues)
		touchDecided(tx, undone.Action)
		return tx.Err()
	})
	return undone, err
}

// EndDecisions has the time that has passed change what decisions say: it ends
// acceptances and snoozes, and has issues become overdue.
func (w *Writer) EndDecisions(ctx context.Context) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		endDecisions(tx)
		return tx.Err()
	})
}

func endDecisions(tx *store.Tx) {
	issues := set[int64]{}
	issues.addRows(tx, `SELECT id FROM issues WHERE change_at <> 0 AND change_at <= $1`, store.Millis(tx.Now()))
	if len(issues) > 0 {
		settleDecisions(tx, issues)
		touchDecided(tx, telemetry.ActionAccept)
	}
	becomeOverdue(tx)
}

func setOf(ids []int64) set[int64] {
	s := set[int64]{}
	for _, id := range ids {
		s[id] = true
	}
	return s
}
