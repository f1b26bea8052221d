package store

import (
	"cmp"
	"context"
	"fmt"

	"telemetry-dashboard/services/telemetry"
)

func heldFields(l *telemetry.HeldListing) []Field {
	return []Field{
		Col("source TEXT", &l.Source), Col("known BIGINT", &l.Known), Col("kept BIGINT", &l.Kept), Col("listed BIGINT", &l.Listed),
		Col("times BIGINT", &l.Times), Col("first_seen BIGINT", &l.FirstSeen), Col("last_seen BIGINT", &l.LastSeen),
		Col("accepted SMALLINT", &l.Accepted),
	}
}

func heldListing(tx *Tx, source string) (l telemetry.HeldListing, found bool) {
	fields := heldFields(&l)
	found = tx.Row(`SELECT `+Names(fields)+` FROM held_listings WHERE source = $1`, source).Scan(Pointers(fields)...).Found
	return l, found
}

// HoldListing counts one more suspicious listing of a source and returns what
// is held, and whether the listing is accepted: then the caller marks files
// gone.
func (s *Store) HoldListing(ctx context.Context, next telemetry.HeldListing) (held telemetry.HeldListing, accepted bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		before, _ := heldListing(tx, next.Source)
		held, accepted = before.Again(next, tx.Now())
		tx.Put("held_listings", "source", heldFields(&held))
		return tx.Err()
	})
	return held, accepted, err
}

// HeldListing returns the listing of a source that is held, if one is.
func (s *Store) HeldListing(ctx context.Context, source string) (held telemetry.HeldListing, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		held, found = heldListing(tx, source)
		return tx.Err()
	})
	return held, found, err
}

// AcceptListing notes that a person confirms the held listing of a source,
// which has kept of the known files. The error is CodeConflict where none is
// held, or the one held has kept fewer.
func (s *Store) AcceptListing(ctx context.Context, source string, kept int64) error {
	var held telemetry.HeldListing
	err := s.Write(ctx, func(tx *Tx) error {
		var found bool
		held, found = heldListing(tx, source)
		switch {
		case tx.Err() != nil:
			return tx.Err()
		case !found:
			return telemetry.Errorf(telemetry.CodeConflict, "No listing of this source needs confirmation. The next refresh lists it again.")
		case held.Kept < kept:
			return telemetry.Errorf(telemetry.CodeConflict,
				"The listing has changed: it now has %d of the stored files, not %d. Look at it again, and then confirm it.", held.Kept, kept)
		}
		tx.Exec(`UPDATE held_listings SET accepted = 1 WHERE source = $1`, source)
		return tx.Err()
	})
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{
			Subject: cmp.Or(source, "RUNS_DIR"),
			Before:  fmt.Sprintf("%d stored files", held.Known), After: fmt.Sprintf("%d of them listed", held.Kept),
		})
	}
	return err
}

// attachHeld adds to the sources of run files whose last reading was held back
// the listing that was. The source of sessions gets how many of them Devin does not know.
func attachHeld(tx *Tx, sources []telemetry.SourceStatus) {
	held := map[string]telemetry.HeldListing{}
	all := Rows(tx, `SELECT `+Names(heldFields(&telemetry.HeldListing{}))+` FROM held_listings ORDER BY last_seen`, nil,
		func(l *telemetry.HeldListing) []any { return Pointers(heldFields(l)) })
	for _, l := range all {
		of := telemetry.RunsSource(l.Source)
		held[of.Key()] = l
	}
	for i := range sources {
		s := &sources[i]
		if l, found := held[s.Key()]; found && s.Code == telemetry.CodeConflict {
			s.Held = &l
		}
		if s.Name == "sessions" {
			s.Missing = One[int64](tx, `SELECT COUNT(*) FROM polls p JOIN sessions s ON s.key = p.session WHERE p.missing_since > 0`)
		}
	}
}
