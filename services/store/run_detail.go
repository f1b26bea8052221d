package store

import (
	"cmp"
	"context"
	"errors"

	"telemetry-dashboard/services/telemetry"
)

// storedScan is a run with its ids in the store.
type storedScan struct {
	telemetry.RunRow
	id, repo int64
}

func runsWhere(tx *Tx, of string, args ...any) []storedScan {
	return storedScans(tx, runRowColumns, of, args)
}

func storedScans(tx *Tx, columns, of string, args []any) []storedScan {
	var rows []storedScan
	tx.Each(`SELECT `+columns+`, r.id, r.repo_id FROM runs r `+of, args, func(r *Row) {
		var v storedScan
		scanRunAnd(r, &v.RunRow, &v.id, &v.repo)
		rows = append(rows, v)
	})
	return rows
}

// findRun returns the run of a file that is in force. Where two action
// repositories have one of the name, source chooses, else the newer one. The
// error is a sentence about what else the name is.
func findRun(tx *Tx, source, file string) (storedScan, error) {
	rows := runsWhere(tx, `WHERE r.file = $1 AND ($2 = '' OR r.source = $2) ORDER BY r.at DESC, r.source DESC LIMIT 1`, file, source)
	if len(rows) > 0 || tx.err != nil {
		return first(rows), tx.err
	}
	var kind telemetry.Kind
	var fault string
	var gone int
	known := tx.Row(`SELECT kind, error, gone FROM files WHERE file = $1 ORDER BY gone, live DESC, source DESC LIMIT 1`, file).Scan(&kind, &fault, &gone).found
	switch {
	case tx.err != nil:
		return storedScan{}, tx.err
	case known && gone == 1:
		return storedScan{}, telemetry.Errorf(telemetry.CodeNotFound, "The run file %s is gone from its directory; it counts nowhere. What was fetched is at /api/runs/%s/raw.", shorten(file), shorten(file))
	case known && kind == telemetry.KindVerification:
		return storedScan{}, telemetry.Errorf(telemetry.CodeNotFound, "%s is a verification, no run. It is in /api/verifications.", shorten(file))
	case known && fault != "":
		return storedScan{}, telemetry.Errorf(telemetry.CodeNotFound, "The run file %s could not be read: %s. What was fetched is at /api/runs/%s/raw.", shorten(file), fault, shorten(file))
	}
	return storedScan{}, telemetry.Errorf(telemetry.CodeNotFound, "There is no run file %s. The list of runs has those that are known.", shorten(file))
}

func first[T any](rows []T) T {
	var zero T
	if len(rows) == 0 {
		return zero
	}
	return rows[0]
}

func shorten(text string) string {
	if len(text) > 120 {
		return text[:120] + "…"
	}
	return text
}

const scansBefore = `WHERE r.repo_id = $1 AND r.kind = 'scan' AND r.has_findings = 1 AND (r.at < $2 OR (r.at = $2 AND (r.file < $3 OR (r.file = $3 AND r.source < $4)))) ORDER BY r.at DESC, r.file DESC, r.source DESC`

// before returns scans of the same repository with findings data that are
// earlier than run, the latest first, without their records.
func before(tx *Tx, run storedScan, limit int) []storedScan {
	return storedScans(tx, runBriefColumns+`NULL`, scansBefore+` LIMIT $5`, []any{run.repo, ms(run.At), run.File, run.Source, limit})
}

// earlierShown is how many earlier scans a run offers to be compared with.
const earlierShown = 100

// RunDetail returns the run of a file with what came of it. The error is
// CodeNotFound, in words, for a file that is no run in force.
func (s *Store) RunDetail(ctx context.Context, source, file string) (telemetry.RunDetail, error) {
	return s.RunPart(ctx, source, file, telemetry.RunCut{})
}

// RunPart is RunDetail with parts of its lists, compared as the cut asks. A
// scan that cannot be compared so says why in NotCompared.
func (s *Store) RunPart(ctx context.Context, source, file string, cut telemetry.RunCut) (telemetry.RunDetail, error) {
	var d telemetry.RunDetail
	err := s.Read(ctx, func(tx *Tx) error {
		run, err := findRun(tx, source, file)
		if err != nil {
			return err
		}
		d = telemetry.RunDetail{
			RunRow:     run.RunRow,
			Earlier:    []telemetry.RunRow{},
			States:     map[string]telemetry.SessionRow{},
			New:        []telemetry.DiffIssue{},
			Reopened:   []telemetry.DiffIssue{},
			Gone:       []telemetry.DiffIssue{},
			Moved:      []telemetry.DiffIssue{},
			Unassigned: []telemetry.IssueRow{},
		}
		d.Sessions = mentionsWhere(tx, `m.run_id = $1 ORDER BY m.ord`, run.id)
		for _, v := range sessionsWhere(tx, `WHERE s.run_ref = $1 OR s.key IN (SELECT session FROM mentions WHERE run_id = $1 AND session <> '')`, run.id) {
			d.States[v.Key] = v
		}
		d.Taken = map[string][]telemetry.IssueRow{}
		tx.Each(`SELECT `+issueRowColumns+`, a.session FROM attempts a JOIN issues i ON i.id = a.issue_id WHERE a.record_id = $1`+inOrder, []any{run.id}, func(r *Row) {
			var v telemetry.IssueRow
			var session string
			scanIssueAnd(r, &v, &session)
			d.Taken[session] = append(d.Taken[session], v)
		})
		if run.Kind == telemetry.KindScan {
			return describeScan(tx, run, &d, cut)
		}
		return tx.err
	})
	return d, err
}

// describeScan adds what only a scan has.
func describeScan(tx *Tx, run storedScan, d *telemetry.RunDetail, cut telemetry.RunCut) error {
	var when int64
	d.Accepted = tx.Row(`SELECT at FROM accepted WHERE file = $1 AND source IN ($2, '') LIMIT 1`, run.File, run.Source).Scan(&when).found
	var ref string
	var refAt int64
	tx.Row(`SELECT ref_file, ref_at FROM repos WHERE id = $1`, run.repo).Scan(&ref, &refAt)
	d.Reference = ref == run.File && refAt == ms(run.At)
	earlier := before(tx, run, earlierShown)
	for _, e := range earlier {
		d.Earlier = append(d.Earlier, e.RunRow)
	}
	if !run.HasFindings {
		return nil
	}
	d.Previous = first(earlier).File
	if c, against, err := compareAsAsked(tx, run, first(earlier), cut.Against); err != nil {
		refused, ok := errors.AsType[*telemetry.Error](err)
		if !ok || refused.Code != telemetry.CodeInvalid && refused.Code != telemetry.CodeNotFound {
			return err
		}
		d.NotCompared = refused.Message
	} else {
		d.Against = against.File
		d.New, d.Reopened, d.Gone, d.Moved = c.rows(tx, c.new, cut.Of("new")), c.rows(tx, c.reopened, cut.Of("reopened")), c.rows(tx, c.gone, cut.Of("gone")), c.rows(tx, c.moved, cut.Of("moved"))
		d.Counts = telemetry.RunCounts{New: len(c.new), Reopened: len(c.reopened), Gone: len(c.gone), Moved: len(c.moved)}
	}
	if d.UnassignedKnown = namesItsIssues(d.Sessions); d.UnassignedKnown {
		unassigned(tx, run, d, cut.Of("unassigned"))
	}
	return tx.err
}

// compareAsAsked compares a scan with the one that against names, else with
// previous; the first scan of a repository with nothing.
func compareAsAsked(tx *Tx, run, previous storedScan, against string) (changes, storedScan, error) {
	other := previous
	if against != "" && against != previous.File {
		var err error
		if other, err = findRun(tx, run.Source, against); telemetry.CodeOf(err) == telemetry.CodeNotFound && err != nil {
			other, err = findRun(tx, "", against)
		}
		if err == nil {
			err = earlierScan(run, other)
		}
		if err != nil {
			return changes{}, other, err
		}
	}
	return compare(tx, other, run), other, nil
}

// unassigned adds what a run names and gave to no session.
func unassigned(tx *Tx, run storedScan, d *telemetry.RunDetail, w telemetry.Window) {
	const inNone = `WHERE i.id IN (SELECT issue_id FROM appearances WHERE run_id = $1) AND i.id NOT IN (SELECT issue_id FROM attempts WHERE scan_id = $1 AND session <> '')`
	tx.Row(`SELECT COUNT(*) FROM issues i `+inNone, run.id).Scan(&d.Counts.Unassigned)
	from, to := w.Bounds(d.Counts.Unassigned)
	if to > from {
		d.Unassigned = issuesWhere(tx, inNone+inOrder+` LIMIT $2 OFFSET $3`, run.id, to-from, from)
	}
}

// namesItsIssues tells whether every session of a run says which of its
// findings it took: else nobody can say which are in no session.
func namesItsIssues(mentions []telemetry.Mention) bool {
	for _, m := range mentions {
		if telemetry.BareID(m.ID) != "" && !m.IssuesNamed {
			return false
		}
	}
	return true
}

// RunDiff compares what was open after the run of a file with what was open
// after an earlier scan of its repository: the one of against or, if that is
// "", the one before it. The error is CodeNotFound or CodeInvalid, in words.
func (s *Store) RunDiff(ctx context.Context, source, file, against string) (telemetry.RunDiff, error) {
	var d telemetry.RunDiff
	err := s.Read(ctx, func(tx *Tx) error {
		run, err := findRun(tx, source, file)
		if err != nil {
			return err
		}
		if err := comparable(run); err != nil {
			return err
		}
		var other storedScan
		if against == "" {
			if other = first(before(tx, run, 1)); other.id == 0 {
				return telemetry.Errorf(telemetry.CodeNotFound, "%s is the first scan of its repository that says what it found, so there is none before it to compare with.", shorten(file))
			}
		} else if other, err = findRun(tx, source, against); err != nil {
			return err
		}
		if err := earlierScan(run, other); err != nil {
			return err
		}
		c := compare(tx, other, run)
		d = telemetry.RunDiff{
			Run:       run.RunRow,
			Against:   other.RunRow,
			New:       c.rows(tx, c.new, all),
			Reopened:  c.rows(tx, c.reopened, all),
			Gone:      c.rows(tx, c.gone, all),
			Moved:     c.rows(tx, c.moved, all),
			Unchanged: c.rows(tx, c.unchanged, all),
		}
		return tx.err
	})
	return d, err
}

// comparable tells why a run cannot be compared, nil if it can.
func comparable(run storedScan) error {
	switch {
	case run.Kind != telemetry.KindScan:
		return telemetry.Errorf(telemetry.CodeInvalid, "%s is a dispatch, no scan: it names no findings to compare. Choose a scan.", shorten(run.File))
	case !run.HasFindings:
		return telemetry.Errorf(telemetry.CodeInvalid, "The scan %s counts %d findings but names none, so it cannot be compared. Choose another scan.", shorten(run.File), run.IssuesFound)
	}
	return nil
}

func earlierScan(run, other storedScan) error {
	if err := comparable(other); err != nil {
		return err
	}
	switch {
	case other.repo != run.repo:
		return telemetry.Errorf(telemetry.CodeInvalid, "against: %s is a scan of %s, and %s one of %s. Choose an earlier scan of the same repository.", shorten(other.File), other.Repo, shorten(run.File), run.Repo)
	case other.id == run.id:
		return telemetry.Errorf(telemetry.CodeInvalid, "against: a scan cannot be compared with itself. Choose an earlier one.")
	case cmp.Or(other.At.Compare(run.At.Time), cmp.Compare(other.File, run.File), cmp.Compare(other.Source, run.Source)) > 0:
		return telemetry.Errorf(telemetry.CodeInvalid, "against: %s is later than %s. Choose an earlier scan, or compare the other way round.", shorten(other.File), shorten(run.File))
	}
	return nil
}

// Raw returns a file as it was fetched: the version in force or, if none
// ever parsed, the broken one. The error is CodeNotFound.
func (s *Store) Raw(ctx context.Context, source, file string) (telemetry.RawFile, error) {
	raw := telemetry.RawFile{}
	err := s.Read(ctx, func(tx *Tx) error {
		raw = telemetry.RawFile{}
		var broken []byte
		found := tx.Row(`SELECT source, file, sha, body, broken, error FROM files WHERE file = $1 AND ($2 = '' OR source = $2) ORDER BY live DESC, gone, CASE WHEN body IS NULL THEN 1 ELSE 0 END, source DESC LIMIT 1`, file, source).
			Scan(&raw.Source, &raw.File, &raw.SHA, &raw.Body, &broken, &raw.Error).found
		raw.Parsed = raw.Body != nil
		if !raw.Parsed {
			raw.Body = broken
		}
		if tx.err == nil && (!found || raw.Body == nil) {
			return telemetry.Errorf(telemetry.CodeNotFound, "Nothing was fetched of a run file %s.", shorten(file))
		}
		return tx.err
	})
	return raw, err
}

// AcceptScope keeps a person's word, given by a page or the API, that a
// scope-reduced scan counts as a full one, or takes it back, and replays its repository. Saying it again
// changes nothing. The error is CodeNotFound or CodeInvalid, in words.
func (s *Store) AcceptScope(ctx context.Context, source, file string, undo bool, by telemetry.Starter) (telemetry.RunDetail, error) {
	var found storedScan
	err := s.Write(ctx, func(tx *Tx) error {
		run, err := findRun(tx, source, file)
		if err != nil {
			return err
		}
		found = run
		var when int64
		accepted := tx.Row(`SELECT at FROM accepted WHERE file = $1 AND source IN ($2, '') LIMIT 1`, run.File, run.Source).Scan(&when).found
		switch {
		case accepted == !undo:
			return tx.err
		case undo:
			tx.exec(`DELETE FROM accepted WHERE file = $1 AND source IN ($2, '')`, run.File, run.Source)
		case !run.Reduced:
			return telemetry.Errorf(telemetry.CodeInvalid, "The scan %s is not scope-reduced, so there is nothing to accept.", shorten(file))
		default:
			tx.exec(`INSERT INTO accepted (source, file, at, started_by) VALUES ($1, $2, $3, $4)`, run.Source, run.File, ms(tx.now), string(by))
		}
		tx.touch(telemetry.TopicRecords)
		d := newDerivation(tx)
		d.refold(run.repo)
		d.finish()
		return tx.err
	})
	if err != nil {
		return telemetry.RunDetail{}, err
	}
	return s.RunDetail(ctx, found.Source, found.File)
}
