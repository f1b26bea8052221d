package store

import (
	"cmp"
	"slices"

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
	first    telemetry.Place
	spot     telemetry.Spot
}

// all is the window of whole lists.
var all = telemetry.Window{}

// openAfter returns what was open after a scan with findings data: what it
// names and, where it was scope-reduced, what the scans named back to the
// last one that was not.
func openAfter(tx *Tx, run storedScan) map[int64]openIssue {
	if run.id == 0 {
		return nil
	}
	scans := []storedScan{run}
	for scans[len(scans)-1].Reduced {
		earlier := before(tx, scans[len(scans)-1], 1)
		if len(earlier) == 0 {
			break
		}
		scans = append(scans, earlier[0])
	}
	open := map[int64]openIssue{}
	for _, scan := range scans {
		files := findingFiles(tx, scan.id)
		tx.Each(`SELECT i.id, i.public_id, i.severity_rank, i.first_at, i.first_file, a.ord, a.line FROM appearances a JOIN issues i ON i.id = a.issue_id WHERE a.run_id = $1`, []any{scan.id}, func(r *Row) {
			var i openIssue
			var when int64
			var ord int
			r.Scan(&i.id, &i.publicID, &i.severity, &when, &i.first.File, &ord, &i.spot.Line)
			i.first.At = Time(when)
			if ord < len(files) {
				i.spot.File = files[ord]
			}
			if _, later := open[i.id]; !later {
				open[i.id] = i
			}
		})
	}
	return open
}

// findingFiles returns the file of each finding of a scan, by its place.
func findingFiles(tx *Tx, run int64) []string {
	var body []byte
	tx.Row(`SELECT body FROM files WHERE id = $1`, run).Scan(&body)
	rec, err := telemetry.ParseRecord(body)
	if err != nil {
		return nil
	}
	files := make([]string, len(rec.Findings))
	for i, f := range rec.Findings {
		files[i] = f.File
	}
	return files
}

// compare tells what changed between two scans of a repository.
func compare(tx *Tx, against, run storedScan) changes {
	var c changes
	then, now := openAfter(tx, against), openAfter(tx, run)
	for id, i := range now {
		was, open := then[id]
		diff := changed{i, was.spot, i.spot}
		switch {
		case open && was.spot == i.spot:
			c.unchanged = append(c.unchanged, diff)
		case open:
			c.moved = append(c.moved, diff)
		case against.id == 0 || i.first.Compare(telemetry.Place{At: against.At, File: against.File}) > 0:
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
			return cmp.Or(cmp.Compare(a.severity, b.severity), cmp.Compare(a.spot.File, b.spot.File), cmp.Compare(a.spot.Line, b.spot.Line), cmp.Compare(a.publicID, b.publicID))
		})
	}
	return c
}

// rows reads the issues of one window of a list.
func (changes) rows(tx *Tx, list []changed, w telemetry.Window) []telemetry.DiffIssue {
	from, to := w.Bounds(len(list))
	rows := make([]telemetry.DiffIssue, 0, to-from)
	ids := make([]int64, 0, to-from)
	for _, c := range list[from:to] {
		ids = append(ids, c.id)
	}
	byID := make(map[int64]telemetry.IssueRow, len(ids))
	if len(ids) > 0 {
		for _, i := range issuesWhere(tx, `WHERE i.id `+tx.In(1, "BIGINT"), JSON(ids)) {
			byID[i.StoreID] = i
		}
	}
	for _, c := range list[from:to] {
		rows = append(rows, telemetry.DiffIssue{IssueRow: byID[c.id], Before: c.was, After: c.is})
	}
	return rows
}
