package details

import (
	"cmp"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// changes are what differs between what was open after two scans, each list
// in order: the worst first. A first scan differs from nothing: all is new.
type changes struct {
	new, reopened, gone, moved, unchanged []changed
}

// changed is an issue with its places after both scans.
type changed struct {
	openIssue
	was, is telemetry.Spot
}

// openIssue is what a comparison needs of an issue.
type openIssue struct {
	id       int64
	publicID string
	severity int
	first    telemetry.ScanPosition
	spot     telemetry.Spot
}

// all is the window of whole lists.
var all = telemetry.Window{}

// openAfter returns what was open after a scan with findings data: what it
// names and, where it was scope-reduced, what the scans named back to the
// last one that was not; of a language that it did not look at likewise.
func (d *Details) openAfter(tx *store.Tx, run scan) map[int64]openIssue {
	if run.id == 0 {
		return nil
	}
	named := []scan{run}
	open := map[int64]openIssue{}
	everything, lost := true, []string(nil) // what of the scan in hand was still open
	for n := 0; n < len(named); n++ {
		s := named[n]
		findings := lists.Findings(tx, s.id)
		tx.Each(`SELECT i.id, i.public_id, i.severity_rank, i.first_at, i.first_file, a.ord, a.line
			FROM appearances a JOIN issues i ON i.id = a.issue_id WHERE a.run_id = $1`, []any{s.id}, func(r *store.Row) {
			var i openIssue
			var ord int
			r.Scan(&i.id, &i.publicID, &i.severity, &i.first.At, &i.first.File, &ord, &i.spot.Line)
			language := ""
			if ord < len(findings) {
				i.spot.File, language = findings[ord].File, telemetry.RuleLanguage(findings[ord].Rule)
			}
			if _, later := open[i.id]; !later && (everything || slices.Contains(lost, language)) {
				open[i.id] = i
			}
		})
		if !s.Reduced && everything {
			everything, lost = false, s.Lost
		} else if !s.Reduced {
			lost = both(lost, s.Lost)
		}
		if everything || len(lost) > 0 {
			named = append(named, d.before(tx, s, 1)...)
		}
	}
	return open
}

// both are the words that are in two lists.
func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(word string) bool { return !slices.Contains(b, word) })
}

// compare says what changed between two scans of a repository.
func (d *Details) compare(tx *store.Tx, against, run scan) changes {
	var c changes
	then, now := d.openAfter(tx, against), d.openAfter(tx, run)
	for id, i := range now {
		was, open := then[id]
		diff := changed{i, was.spot, i.spot}
		switch {
		case open && was.spot == i.spot:
			c.unchanged = append(c.unchanged, diff)
		case open:
			c.moved = append(c.moved, diff)
		case against.id == 0 || i.first.Compare(telemetry.ScanPosition{At: against.At, File: against.File}) > 0:
			c.new = append(c.new, diff)
		default:
			c.reopened = append(c.reopened, diff)
		}
	}
	for id, i := range then {
		if _, open := now[id]; !open {
			c.gone = append(c.gone, changed{i, i.spot, telemetry.Spot{}})
		}
	}
	for _, list := range [][]changed{c.new, c.reopened, c.gone, c.moved, c.unchanged} {
		slices.SortFunc(list, func(a, b changed) int {
			return cmp.Or(cmp.Compare(a.severity, b.severity), cmp.Compare(a.spot.File, b.spot.File),
				cmp.Compare(a.spot.Line, b.spot.Line), cmp.Compare(a.publicID, b.publicID))
		})
	}
	return c
}

// changed reads the issues of one window of a list.
func (d *Details) changed(tx *store.Tx, list []changed, w telemetry.Window) []telemetry.DiffIssue {
	from, to := w.Bounds(len(list))
	rows := make([]telemetry.DiffIssue, 0, to-from)
	ids := make([]int64, 0, to-from)
	for _, c := range list[from:to] {
		ids = append(ids, c.id)
	}
	byID := make(map[int64]telemetry.IssueRow, len(ids))
	if len(ids) > 0 {
		for _, i := range d.issues.Where(tx, `WHERE i.id `+tx.In(1, "BIGINT"), store.JSON(ids)) {
			byID[i.StoreID] = i
		}
	}
	for _, c := range list[from:to] {
		rows = append(rows, telemetry.DiffIssue{IssueRow: byID[c.id], Before: c.was, After: c.is})
	}
	return rows
}
