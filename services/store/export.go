package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// exportRows is how many rows an export reads at a time; a run brings its
// whole record along, which may be of many megabytes.
const (
	exportRows = 500
	exportRuns = 8
)

// export hands over all rows of a query, some at a time. It notes the keys of
// all rows at once, so that the order is that of one moment whatever is
// written meanwhile, and reads the rows in short transactions, so that a
// client that reads slowly keeps no connection. A row that vanished meanwhile
// is left out.
func export[K int64 | string, T any](ctx context.Context, s *Store, keys, kind, rows string, w where, size int,
	read func(r *row, item *T, key *K), do func([]T) error) error {
	var all []K
	err := s.readForExport(ctx, func(tx *Tx) error {
		all = nil
		tx.each(keys, w.args, func(r *row) {
			var key K
			r.scan(&key)
			all = append(all, key)
		})
		return tx.err
	})
	for err == nil && len(all) > 0 {
		some := all[:min(size, len(all))]
		all = all[len(some):]
		byKey := make(map[K]T, len(some))
		err = s.readForExport(ctx, func(tx *Tx) error {
			tx.each(rows+` `+tx.in(1, kind), []any{jsonText(some)}, func(r *row) {
				var item T
				var key K
				read(r, &item, &key)
				byKey[key] = item
			})
			return tx.err
		})
		if err != nil {
			break
		}
		items := make([]T, 0, len(some))
		for _, key := range some {
			if item, ok := byKey[key]; ok {
				items = append(items, item)
			}
		}
		err = do(items)
	}
	return err
}

// readForExport is Read, for half of the readers at the most: downloads never
// keep pages from being read, however many there are and however slow. Its
// error is ctx's while it waits.
func (s *Store) readForExport(ctx context.Context, do func(*Tx) error) error {
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Read(ctx, do)
}

// pages hands over all rows of a list of a past time page by page: what was
// then seldom changes.
func pages[T any](p telemetry.Page, ask func(telemetry.Page) (telemetry.List[T], error), do func([]T) error) error {
	p.Size = exportRows
	for p.Number = 1; ; p.Number++ {
		list, err := ask(p)
		if err == nil && len(list.Items) > 0 {
			err = do(list.Items)
		}
		if err != nil || len(list.Items) < exportRows {
			return err
		}
	}
}

// EachIssue hands over all issues that Issues would list, in its order. It
// ends with the first error, do's own included.
func (s *Store) EachIssue(ctx context.Context, f telemetry.IssueFilter, p telemetry.Page, do func([]telemetry.IssueRow) error) error {
	if !f.AsOf.IsZero() {
		return s.eachIssueAsOf(ctx, f, p, do)
	}
	w, from, order, err := s.issueQuery(ctx, f, p)
	if err != nil {
		return err
	}
	return export(ctx, s, `SELECT i.id FROM `+from+w.sql()+order, "BIGINT", `SELECT `+issueRowColumns+`, i.id FROM issues i WHERE i.id`, w, exportRows,
		func(r *row, item *telemetry.IssueRow, key *int64) { scanIssueAnd(r, item, key) }, do)
}

// EachSession is EachIssue for Sessions.
func (s *Store) EachSession(ctx context.Context, f telemetry.SessionFilter, p telemetry.Page, do func([]telemetry.SessionRow) error) error {
	if !f.AsOf.IsZero() {
		return pages(p, func(p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) { return s.sessionsAsOf(ctx, f, p) }, do)
	}
	w, order, err := s.sessionQuery(f, p)
	if err != nil {
		return err
	}
	return export(ctx, s, `SELECT s.key FROM sessions s`+w.sql()+order, "TEXT", `SELECT `+sessionRowColumns+` FROM `+sessionRowTables+` WHERE s.key`, w, exportRows,
		func(r *row, item *telemetry.SessionRow, key *string) {
			scanSession(r, item)
			*key = item.Key
		}, do)
}

// EachPull is EachIssue for Pulls.
func (s *Store) EachPull(ctx context.Context, f telemetry.PullFilter, p telemetry.Page, do func([]telemetry.PullRow) error) error {
	if !f.AsOf.IsZero() {
		return pages(p, func(p telemetry.Page) (telemetry.List[telemetry.PullRow], error) { return s.pullsAsOf(ctx, f, p) }, do)
	}
	w, order, err := s.pullQuery(f, p)
	if err != nil {
		return err
	}
	return export(ctx, s, `SELECT p.key FROM pulls p`+w.sql()+order, "TEXT", `SELECT `+pullRowColumns+` FROM pulls p WHERE p.key`, w, exportRows,
		func(r *row, item *telemetry.PullRow, key *string) {
			scanPull(r, item)
			*key = telemetry.PullRef{Repo: item.Repo, Number: item.Number}.Key()
		}, do)
}

// EachRun is EachIssue for Runs.
func (s *Store) EachRun(ctx context.Context, f telemetry.RunFilter, p telemetry.Page, do func([]telemetry.RunRow) error) error {
	w, order, err := s.runQuery(f, p)
	if err != nil {
		return err
	}
	return export(ctx, s, `SELECT r.id FROM runs r`+w.sql()+order, "BIGINT", `SELECT `+runRowColumns+`, r.id FROM runs r WHERE r.id`, w, exportRuns,
		func(r *row, item *telemetry.RunRow, key *int64) { scanRunAnd(r, item, key) }, do)
}
