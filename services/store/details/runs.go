package details

import (
	"cmp"
	"context"
	"errors"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// scan is a run with its ids in the store.
type scan struct {
	telemetry.RunRow
	id, repo int64
}

// scans reads runs; of follows FROM runs r, brief leaves out their records.
func (d *Details) scans(tx *store.Tx, brief bool, of string, args ...any) []scan {
	return store.Rows(tx, `SELECT `+d.runs.Columns(brief)+`, r.id, r.repo_id FROM runs r `+of, args, func(v *scan) []any {
		return append(d.runs.Into(&v.RunRow, brief), &v.id, &v.repo)
	})
}

// findRun returns the run of a file that is in force. Where two action
// repositories have one of the name, source chooses, else the newer one. The
// error is a sentence about what else the name is.
func (d *Details) findRun(tx *store.Tx, source, file string) (scan, error) {
	rows := d.scans(tx, false, `WHERE r.file = $1 AND ($2 = '' OR r.source = $2) ORDER BY r.at DESC, r.source DESC LIMIT 1`, file, source)
	if len(rows) > 0 || tx.Err() != nil {
		return first(rows), tx.Err()
	}
	name := shorten(file)
	if later := d.later(tx, file); !later.IsZero() {
		return scan{}, telemetry.Errorf(telemetry.CodeNotFound,
			"Run file %s not found at that time: its run was on %s.", name, later.Format("2 Jan 2006 15:04 UTC"))
	}
	var kind telemetry.Kind
	var fault string
	var gone bool
	known := tx.Row(`SELECT kind, error, gone FROM files WHERE file = $1 ORDER BY gone, live DESC, source DESC LIMIT 1`, file).
		Scan(&kind, &fault, &gone).Found
	switch {
	case tx.Err() != nil:
		return scan{}, tx.Err()
	case known && gone:
		return scan{}, telemetry.Errorf(telemetry.CodeNotFound,
			"The run file %s is gone from its directory; it counts nowhere. What was fetched is at /api/runs/%s/raw.", name, name)
	case known && kind == telemetry.KindVerification:
		return scan{}, telemetry.Errorf(telemetry.CodeNotFound, "%s is a verification, not a run. See /api/verifications.", name)
	case known && fault != "":
		return scan{}, telemetry.Errorf(telemetry.CodeNotFound,
			"The run file %s could not be read: %s. What was fetched is at /api/runs/%s/raw.", name, fault, name)
	}
	return scan{}, telemetry.Errorf(telemetry.CodeNotFound, "Run file %s not found. See the list of runs.", name)
}

// later is when the run of a file was, if that was after the time that is asked
// about.
func (d *Details) later(tx *store.Tx, file string) (at telemetry.Time) {
	if tx.Past() {
		tx.Row(`SELECT MIN(at) FROM base.runs WHERE file = $1 HAVING COUNT(*) > 0`, file).Scan(&at)
	}
	return at
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

const scansBefore = `WHERE r.repo_id = $1 AND r.kind = 'scan' AND r.has_findings = 1
	AND (r.at < $2 OR (r.at = $2 AND (r.file < $3 OR (r.file = $3 AND r.source < $4))))
	ORDER BY r.at DESC, r.file DESC, r.source DESC`

// before returns earlier scans with findings data, the latest first, without records.
func (d *Details) before(tx *store.Tx, run scan, limit int) []scan {
	return d.scans(tx, true, scansBefore+` LIMIT $5`, run.repo, store.Millis(run.At), run.File, run.Source, limit)
}

// earlierShown is how many earlier scans a run offers to be compared with.
const earlierShown = 100

// RunDetail returns the run of a file with what came of it. The error is
// CodeNotFound, in words, for a file that is not a run in force.
func (d *Details) RunDetail(ctx context.Context, source, file string, at time.Time) (telemetry.RunDetail, error) {
	return d.RunPart(ctx, source, file, telemetry.RunCut{At: at})
}

// RunPart is RunDetail with parts of its lists, compared as the cut asks. A
// scan that cannot be compared so says why in NotCompared.
func (d *Details) RunPart(ctx context.Context, source, file string, cut telemetry.RunCut) (telemetry.RunDetail, error) {
	var out telemetry.RunDetail
	err := lists.ReadAt(ctx, d.store, cut.At, func(tx *store.Tx) error {
		run, err := d.findRun(tx, source, file)
		if err != nil {
			return err
		}
		out = telemetry.RunDetail{
			RunRow:     run.RunRow,
			Earlier:    []telemetry.RunRow{},
			States:     map[string]telemetry.SessionRow{},
			New:        []telemetry.DiffIssue{},
			Reopened:   []telemetry.DiffIssue{},
			Gone:       []telemetry.DiffIssue{},
			Moved:      []telemetry.DiffIssue{},
			Unassigned: []telemetry.IssueRow{},
		}
		d.sessionsOf(tx, run, &out)
		tx.Row(`SELECT f.pruned_at, COALESCE(l.pruned_at, 0) FROM runs r JOIN files f ON f.id = r.id
			LEFT JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label WHERE r.id = $1`, run.id).Scan(&out.PrunedAt, &out.LogPrunedAt)
		out.LogBroken = append([]telemetry.LogFailure{}, store.Rows(tx, `SELECT f.name, f.error FROM runs r
			JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label JOIN log_files f ON f.log_id = l.id
			WHERE r.id = $1 AND f.error <> '' ORDER BY f.name`, []any{run.id}, func(f *telemetry.LogFailure) []any {
			return []any{&f.File, &f.Cause}
		})...)
		if run.Kind == telemetry.KindScan {
			return d.describeScan(tx, run, &out, cut)
		}
		return tx.Err()
	})
	return out, err
}

// sessionsOf adds the sessions that a run started, and what they took.
func (d *Details) sessionsOf(tx *store.Tx, run scan, out *telemetry.RunDetail) {
	out.Sessions = mentionsWhere(tx, `m.run_id = $1 ORDER BY m.ord`, run.id)
	for _, v := range d.sessions.Where(tx,
		`WHERE s.run_ref = $1 OR s.key IN (SELECT session FROM mentions WHERE run_id = $1 AND session <> '')`, run.id) {
		out.States[v.Key] = v
	}
	var rows []telemetry.IssueRow
	var sessions []string
	tx.Each(`SELECT `+d.issues.Columns(false)+`, a.session FROM attempts a JOIN issues i ON i.id = a.issue_id
		WHERE a.record_id = $1 AND a.session <> ''`+worstFirst,
		[]any{run.id}, func(r *store.Row) {
			var v telemetry.IssueRow
			var session string
			r.Scan(append(d.issues.Into(&v, false), &session)...)
			rows, sessions = append(rows, v), append(sessions, session)
		})
	d.issues.Complete(tx, rows)
	out.SessionIssues = map[string][]telemetry.IssueRow{}
	for i, session := range sessions {
		out.SessionIssues[session] = append(out.SessionIssues[session], rows[i])
	}
}

// describeScan adds what only a scan has.
func (d *Details) describeScan(tx *store.Tx, run scan, out *telemetry.RunDetail, cut telemetry.RunCut) error {
	out.Accepted = tx.Has(`SELECT 1 FROM accepted WHERE file = $1 AND source IN ($2, '') LIMIT 1`, run.File, run.Source)
	out.Reference = tx.Has(`SELECT 1 FROM repos WHERE id = $1 AND ref_file = $2 AND ref_at = $3`, run.repo, run.File, store.Millis(run.At))
	earlier := d.before(tx, run, earlierShown)
	for _, e := range earlier {
		out.Earlier = append(out.Earlier, e.RunRow)
	}
	if !run.HasFindings {
		return nil
	}
	out.Previous = first(earlier).File
	c, against, err := d.compareAsAsked(tx, run, first(earlier), cut.Against)
	refused, ok := errors.AsType[*telemetry.Error](err)
	switch {
	case err == nil:
		out.Against = against.File
		out.New, out.Reopened = d.changed(tx, c.new, cut.Of("new")), d.changed(tx, c.reopened, cut.Of("reopened"))
		out.Gone, out.Moved = d.changed(tx, c.gone, cut.Of("gone")), d.changed(tx, c.moved, cut.Of("moved"))
		out.Counts = telemetry.RunCounts{New: len(c.new), Reopened: len(c.reopened), Gone: len(c.gone), Moved: len(c.moved)}
	case ok && (refused.Code == telemetry.CodeInvalid || refused.Code == telemetry.CodeNotFound):
		out.NotCompared = refused.Message
	default:
		return err
	}
	if out.UnassignedKnown = namesItsIssues(out.Sessions); out.UnassignedKnown {
		d.unassigned(tx, run, out, cut.Of("unassigned"))
	}
	return tx.Err()
}

// compareAsAsked compares a scan with that of against, else with previous, a first one with nothing.
func (d *Details) compareAsAsked(tx *store.Tx, run, previous scan, against string) (changes, scan, error) {
	other := previous
	if against != "" && against != previous.File {
		var err error
		if other, err = d.findRun(tx, run.Source, against); telemetry.CodeOf(err) == telemetry.CodeNotFound && err != nil {
			other, err = d.findRun(tx, "", against)
		}
		if err == nil {
			err = earlierScan(run, other)
		}
		if err != nil {
			return changes{}, other, err
		}
	}
	return d.compare(tx, other, run), other, nil
}

// unassigned adds what a run names and gave to no session.
func (d *Details) unassigned(tx *store.Tx, run scan, out *telemetry.RunDetail, w telemetry.Window) {
	const inNone = `WHERE i.id IN (SELECT issue_id FROM appearances WHERE run_id = $1)
		AND i.id NOT IN (SELECT issue_id FROM attempts WHERE scan_id = $1 AND session <> '')`
	tx.Row(`SELECT COUNT(*) FROM issues i `+inNone, run.id).Scan(&out.Counts.Unassigned)
	from, to := w.Bounds(out.Counts.Unassigned)
	if to > from {
		out.Unassigned = d.issues.Where(tx, inNone+worstFirst+` LIMIT $2 OFFSET $3`, run.id, to-from, from)
	}
}

// namesItsIssues reports whether every session says which findings it took: else none is unassigned for sure.
func namesItsIssues(mentions []telemetry.Mention) bool {
	for _, m := range mentions {
		if telemetry.SessionKey(m.ID) != "" && !m.IssuesNamed {
			return false
		}
	}
	return true
}

// RunDiff compares what was open after the run of a file with what was open
// after an earlier scan of its repository: the one of against or, if that is
// "", the one before it. The error is CodeNotFound or CodeInvalid, in words.
func (d *Details) RunDiff(ctx context.Context, source, file, against string, at time.Time) (telemetry.RunDiff, error) {
	var out telemetry.RunDiff
	err := lists.ReadAt(ctx, d.store, at, func(tx *store.Tx) error {
		run, err := d.findRun(tx, source, file)
		if err != nil {
			return err
		}
		if err := comparable(run); err != nil {
			return err
		}
		var other scan
		if against == "" {
			if other = first(d.before(tx, run, 1)); other.id == 0 {
				return telemetry.Errorf(telemetry.CodeNotFound,
					"%s is the first scan of its repository that says what it found, so there is none before it to compare with.", shorten(file))
			}
		} else if other, err = d.findRun(tx, source, against); err != nil {
			return err
		}
		if err := earlierScan(run, other); err != nil {
			return err
		}
		c := d.compare(tx, other, run)
		out = telemetry.RunDiff{
			Run:       run.RunRow,
			Against:   other.RunRow,
			New:       d.changed(tx, c.new, all),
			Reopened:  d.changed(tx, c.reopened, all),
			Gone:      d.changed(tx, c.gone, all),
			Moved:     d.changed(tx, c.moved, all),
			Unchanged: d.changed(tx, c.unchanged, all),
		}
		return tx.Err()
	})
	return out, err
}

// comparable tells why a run cannot be compared, nil if it can.
func comparable(run scan) error {
	switch {
	case run.Kind != telemetry.KindScan:
		return telemetry.Errorf(telemetry.CodeInvalid,
			"%s is a dispatch and has no findings to compare. Choose a scan.", shorten(run.File))
	case !run.HasFindings:
		return telemetry.Errorf(telemetry.CodeInvalid,
			"The scan %s counts %d findings but lists none, so it cannot be compared. Choose another scan.", shorten(run.File), run.IssuesFound)
	}
	return nil
}

func earlierScan(run, other scan) error {
	if err := comparable(other); err != nil {
		return err
	}
	switch {
	case other.repo != run.repo:
		return telemetry.Errorf(telemetry.CodeInvalid,
			"against: %s is a scan of %s, and %s one of %s. Choose an earlier scan of the same repository.",
			shorten(other.File), other.Repo, shorten(run.File), run.Repo)
	case other.id == run.id:
		return telemetry.Errorf(telemetry.CodeInvalid, "against: a scan cannot be compared with itself. Choose an earlier one.")
	case cmp.Or(other.At.Compare(run.At.Time), cmp.Compare(other.File, run.File), cmp.Compare(other.Source, run.Source)) > 0:
		return telemetry.Errorf(telemetry.CodeInvalid,
			"against: %s is later than %s. Choose an earlier scan, or compare the other way round.", shorten(other.File), shorten(run.File))
	}
	return nil
}

// Raw returns a file as fetched: in force or, if none parsed, broken. The error
// is CodeNotFound or CodePruned.
func (d *Details) Raw(ctx context.Context, source, file string) (telemetry.RawFile, error) {
	raw := telemetry.RawFile{}
	err := d.store.Read(ctx, func(tx *store.Tx) error {
		raw = telemetry.RawFile{}
		var broken []byte
		var pruned telemetry.Time
		found := tx.Row(`SELECT source, file, sha, body, broken, error, pruned_at FROM files
			WHERE file = $1 AND ($2 = '' OR source = $2)
			ORDER BY live DESC, gone, CASE WHEN body IS NULL THEN 1 ELSE 0 END, source DESC LIMIT 1`, file, source).
			Scan(&raw.Source, &raw.File, &raw.SHA, &raw.Body, &broken, &raw.Error, &pruned).Found
		if !pruned.IsZero() {
			return telemetry.Errorf(telemetry.CodePruned,
				"The text of run file %s was pruned on %s (UTC), since its run is older than RETENTION_DAYS. "+
					"What it says of findings, sessions and pull requests is kept; the file itself may still be in the directory that it came from.",
				shorten(raw.File), pruned.UTC().Format(time.DateOnly))
		}
		raw.Parsed = raw.Body != nil
		if !raw.Parsed {
			raw.Body = broken
		}
		raw.Body = telemetry.WithoutCredentials(raw.Body)
		if tx.Err() == nil && (!found || raw.Body == nil) {
			return telemetry.Errorf(telemetry.CodeNotFound, "Run file %s was never fetched.", shorten(file))
		}
		return tx.Err()
	})
	return raw, err
}
