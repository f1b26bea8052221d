package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

const heldColumns = `source, known, kept, listed, times, first_seen, last_seen, accepted`

func scanHeld(r *Row) (l telemetry.HeldListing, found bool) {
	var first, last int64
	var accepted int
	found = r.Scan(&l.Source, &l.Known, &l.Kept, &l.Listed, &l.Times, &first, &last, &accepted).Found
	l.FirstSeen, l.LastSeen, l.Accepted = Time(first), Time(last), accepted == 1
	return l, found
}

func heldListing(tx *Tx, source string) (telemetry.HeldListing, bool) {
	return scanHeld(tx.Row(`SELECT `+heldColumns+` FROM held_listings WHERE source = $1`, source))
}

// HoldListing counts one more suspicious listing of a source and returns what
// is held, and whether the listing is accepted: then the caller marks files
// gone.
func (s *Store) HoldListing(ctx context.Context, next telemetry.HeldListing) (held telemetry.HeldListing, accepted bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		before, _ := heldListing(tx, next.Source)
		held, accepted = before.Again(next, tx.Now())
		tx.Exec(`INSERT INTO held_listings (`+heldColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (source) DO UPDATE SET known = excluded.known, kept = excluded.kept, listed = excluded.listed, times = excluded.times,
				first_seen = excluded.first_seen, last_seen = excluded.last_seen, accepted = excluded.accepted`,
			held.Source, held.Known, held.Kept, held.Listed, held.Times, Millis(held.FirstSeen), Millis(held.LastSeen), Flag(held.Accepted))
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
	return s.Write(ctx, func(tx *Tx) error {
		held, found := heldListing(tx, source)
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
}

// attachHeld adds to the sources of run files whose last reading was held back
// the listing that was. Of several action repositories that were read one after the other, the one
// listed last counts.
func attachHeld(tx *Tx, sources []telemetry.SourceStatus) {
	held := map[string]telemetry.HeldListing{}
	tx.Each(`SELECT `+heldColumns+` FROM held_listings ORDER BY last_seen`, nil, func(r *Row) {
		l, _ := scanHeld(r)
		held[telemetry.RunsSource(l.Source)] = l
	})
	for i := range sources {
		if l, found := held[sources[i].Name]; found && sources[i].Code == telemetry.CodeConflict {
			sources[i].Held = &l
		}
	}
}
