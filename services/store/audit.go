package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// AddAudit adds an entry to the audit log, at the present time.
func (s *Store) AddAudit(ctx context.Context, e telemetry.AuditEntry) error {
	return s.Write(ctx, func(tx *Tx) error { return addAudit(tx, e) })
}

func addAudit(tx *Tx, e telemetry.AuditEntry) error {
	e.ID, e.At = 1+One[int64](tx, `SELECT COALESCE(MAX(id), 0) FROM audit`), telemetry.At(tx.Now())
	tx.Insert("audit", "", []Field{
		Col("id BIGINT", e.ID), Col("at BIGINT", e.At), Col("person TEXT", e.Person), Col("name TEXT", e.Name), Col("role TEXT", e.Role),
		Col("way TEXT", e.Way), Col("origin TEXT", e.Origin), Col("action TEXT", e.Action), Col("subject TEXT", e.Subject),
		Col("detail TEXT", e.Detail), Col("was TEXT", e.Before), Col("becomes TEXT", e.After), Col("result TEXT", e.Result),
		Col("status BIGINT", e.Status), Col("error TEXT", e.Error),
	})
	tx.Touch(telemetry.TopicAudit)
	return tx.Err()
}

// PruneAudit removes the entries of the audit log from before a time, and returns
// how many. The newest stays, so that ids are not given twice.
func (s *Store) PruneAudit(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		n = tx.Exec(`DELETE FROM audit WHERE at < $1 AND id < (SELECT MAX(id) FROM audit)`, Millis(before))
		if n > 0 {
			tx.Touch(telemetry.TopicAudit)
		}
		return tx.Err()
	})
	return n, err
}
