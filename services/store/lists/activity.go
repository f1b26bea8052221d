package lists

import (
	"cmp"
	"context"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// activityBranch reads one kind of changes: where they are, when, their order
// among those of one moment, and by what they belong to a repository. where
// is a further condition, "" for none; repo is "" where none concerns one.
type activityBranch struct {
	kind            telemetry.ActivityKind
	rows, at, order string
	where, repo     string
	byKey           bool // repo compares the keys of repositories, else their ids
	into            func(a *telemetry.Activity) []any
}

// query reads changes up to $1, the newest $2 of them, of the repository $3 if there is one.
func (b activityBranch) query(reduced bool) string {
	text := `SELECT ` + b.rows + ` WHERE ` + b.at + ` <= $1` + b.where
	if reduced {
		text += ` AND ` + b.repo + ` = $3`
	}
	return text + ` ORDER BY ` + b.at + ` DESC, ` + b.order + ` LIMIT $2`
}

// activityBranches walk an index each, so that a page costs its rows whatever
// the history is: a sum with 0 keeps an index from being taken that has another order.
func activityBranches() []activityBranch {
	jobs := Jobs(nil)
	return append(pullBranches(),
		activityBranch{
			kind: telemetry.ActivityRun,
			rows: `r.at, r.kind, o.name, r.source, r.file, r.run_number, r.issues_found, r.sessions, r.new_n, r.gone_n,
					CASE WHEN r.kind = 'scan' THEN r.has_findings ELSE 0 END,
					(SELECT COUNT(*) FROM issue_intervals l WHERE l.repo_id = r.repo_id AND l.from_at = r.at AND l.from_file = r.file
						AND l.opens = 1 AND l.again = 1)
				FROM runs r JOIN repos o ON o.id = r.repo_id`,
			at: `r.at`, order: `r.file DESC`, repo: `r.repo_id`,
			into: func(a *telemetry.Activity) []any {
				return []any{&a.At, &a.Word, &a.Repo, &a.Source, &a.File, &a.Run, &a.Found, &a.Sessions, &a.New, &a.Gone, &a.Compared, &a.Back}
			},
		},
		activityBranch{
			kind: telemetry.ActivitySession,
			rows: `l.at, l.state, l.status, l.detail, l.origin, COALESCE(NULLIF(s.id, ''), s.key), s.title, s.run_number, COALESCE(o.name, '')
				FROM state_log l JOIN sessions s ON s.key = l.session LEFT JOIN repos o ON o.id = s.repo_id`,
			at: `l.at`, order: `l.session DESC, l.id DESC`, repo: `l.repo_id`,
			into: func(a *telemetry.Activity) []any {
				return []any{&a.At, &a.State, &a.Word, &a.Detail, &a.Origin, &a.Session, &a.Title, &a.Run, &a.Repo}
			},
		},
		activityBranch{
			kind: telemetry.ActivityVerification,
			rows: `v.at, v.outcome, v.source, v.file, v.session, v.fixed, v.targeted, COALESCE(p.repo, ''), v.pr_number, COALESCE(o.name, '')
				FROM verifications v LEFT JOIN pulls p ON p.key = v.pull_key LEFT JOIN repos o ON o.id = v.repo_id`,
			at: `v.at`, order: `v.file DESC, v.source DESC`, where: ` AND v.current = 1`, repo: `v.repo_id`,
			into: func(a *telemetry.Activity) []any {
				return []any{&a.At, &a.Word, &a.Source, &a.File, &a.Session, &a.Fixed, &a.Targeted, &a.Pull.Repo, &a.Pull.Number, &a.Repo}
			},
		},
		activityBranch{
			kind: telemetry.ActivityScope,
			rows: `a.at, a.source, a.file, r.run_number, o.name, a.started_by
				FROM accepted a JOIN runs r ON r.file = a.file AND (a.source = '' OR a.source = r.source) JOIN repos o ON o.id = r.repo_id`,
			at: `a.at`, order: `a.file DESC, r.source DESC`, repo: `r.repo_id + 0`,
			into: func(a *telemetry.Activity) []any { return []any{&a.At, &a.Source, &a.File, &a.Run, &a.Repo, &a.By} },
		},
		activityBranch{
			kind: telemetry.ActivityJob, rows: jobs.Columns(false) + `, j.started, j.started_by FROM jobs j`, at: `j.started`, order: `j.id DESC`,
			into: func(a *telemetry.Activity) []any { return append(jobs.Into(&a.Job, false), &a.At, &a.By) },
		},
		activityBranch{
			kind: telemetry.ActivitySubmission,
			rows: `d.at, d.kind, CASE WHEN d.kind = 'dispatch' THEN '' ELSE COALESCE(NULLIF(s.id, ''), d.subject) END, COALESCE(s.title, ''),
					CASE WHEN d.kind = 'dispatch' THEN d.subject ELSE COALESCE(o.name, '') END, d.started_by, d.state
				FROM submissions d LEFT JOIN sessions s ON d.kind = 'reply' AND s.key = d.subject LEFT JOIN repos o ON o.id = s.repo_id`,
			at: `d.at`, order: `d.token DESC`,
			repo: `COALESCE(s.repo_id, (SELECT n.id FROM repos n WHERE n.key = lower(d.subject)),
				(SELECT n.id FROM repo_aliases x JOIN repos n ON n.key = x.repo_key WHERE x.key = lower(d.subject)))`,
			into: func(a *telemetry.Activity) []any {
				return []any{&a.At, &a.Word, &a.Session, &a.Title, &a.Repo, &a.By, &a.Detail}
			},
		},
		activityBranch{
			kind: telemetry.ActivityCorrection,
			rows: `m.at, m.application, m.source, m.file, m.field, m.was, m.new, m.reason, COALESCE(r.run_number, 0), COALESCE(o.name, ''),
					m.source, m.file
				FROM corrections m LEFT JOIN runs r ON r.file = m.file AND r.source = m.source LEFT JOIN repos o ON o.key = m.repo_key`,
			at: `m.at`, order: `m.application DESC, m.file DESC, m.source DESC, m.field DESC`,
			repo: `m.repo_key`, byKey: true,
			into: func(a *telemetry.Activity) []any {
				c := &a.Change
				return []any{&a.At, &a.Application, &c.Source, &c.File, &c.Field, store.JSONOf(&c.Old), store.JSONOf(&c.New), &c.Reason,
					&a.Run, &a.Repo, &a.Source, &a.File}
			},
		})
}

// pullBranches are when pull requests were opened, merged and closed.
func pullBranches() []activityBranch {
	branch := func(word, column, also string) activityBranch {
		return activityBranch{
			kind: telemetry.ActivityPull,
			rows: `p.` + column + `, '` + word + `', p.repo, p.repo, p.number, p.title, p.session FROM pulls p`,
			at:   `p.` + column, order: `p.key DESC`, where: ` AND p.` + column + ` > 0 AND p.listed + 0 = 1` + also,
			repo: `p.repo_key`, byKey: true,
			into: func(a *telemetry.Activity) []any {
				return []any{&a.At, &a.Word, &a.Repo, &a.Pull.Repo, &a.Pull.Number, &a.Title, &a.Session}
			},
		}
	}
	return []activityBranch{
		branch("opened", "created_at", ""), branch("merged", "merged_at", ""), branch("closed", "closed_at", " AND p.merged_at = 0"),
	}
}

// activityScope are the ids and keys by which changes belong to a repository.
type activityScope struct {
	key  string
	id   int64
	keys []string // of the repository itself and its forks
}

// ActivityLog is what changed in all repositories.
type ActivityLog struct{ store *store.Store }

// Activity returns the log of a store.
func Activity(s *store.Store) ActivityLog { return ActivityLog{s} }

// Activity returns what changed, newest first, at most limit changes from a
// mark on, and the mark of what follows them: the zero one at the end. Of a
// repository that is not known nothing has changed.
func (l ActivityLog) Activity(ctx context.Context, f telemetry.ActivityFilter, from telemetry.ActivityCursor,
	limit int) (list []telemetry.Activity, next telemetry.ActivityCursor, err error) {
	if !f.AsOf.IsZero() && from.At.IsZero() {
		from.At = f.AsOf
	}
	err = ReadAt(ctx, l.store, f.AsOf, func(tx *store.Tx) error {
		list = []telemetry.Activity{}
		of := activityScope{key: presentKey(tx, f.Repo)}
		if f.Repo != "" {
			tx.Row(`SELECT COALESCE((SELECT id FROM repos WHERE key = $1), -1)`, of.key).Scan(&of.id)
			of.keys = PullRepos(tx, of.id)
		}
		for _, kind := range telemetry.ActivityKinds() {
			if len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind) {
				list = append(list, activityOf(tx, kind, of, from, limit+1)...)
			}
		}
		return tx.Err()
	})
	if err != nil {
		return nil, next, err
	}
	slices.SortStableFunc(list, newestActivity)
	if len(list) <= limit {
		return list, next, nil
	}
	list = list[:limit]
	last := list[limit-1]
	next = telemetry.ActivityCursor{At: last.At.Time, Kind: last.Kind}
	if from.At.Equal(next.At) && from.Kind == next.Kind {
		next.Skip = from.Skip
	}
	for _, a := range list {
		if a.At.Equal(last.At.Time) && a.Kind == last.Kind {
			next.Skip++
		}
	}
	return list, next, nil
}

func newestActivity(a, b telemetry.Activity) int {
	return cmp.Or(b.At.Compare(a.At.Time), slices.Index(telemetry.ActivityKinds(), a.Kind)-slices.Index(telemetry.ActivityKinds(), b.Kind))
}

// activityOf reads the changes of one kind that stand after a mark.
func activityOf(
	tx *store.Tx, kind telemetry.ActivityKind, of activityScope, from telemetry.ActivityCursor, limit int,
) []telemetry.Activity {
	until, skip := int64(1)<<62, int64(0)
	if !from.At.IsZero() {
		until = store.Millis(from.At)
		switch order := slices.Index(telemetry.ActivityKinds(), kind) - slices.Index(telemetry.ActivityKinds(), from.Kind); {
		case order < 0:
			until--
		case order == 0:
			skip = from.Skip
		}
	}
	list := []telemetry.Activity{}
	for _, b := range activityBranches() {
		if b.kind != kind {
			continue
		}
		for _, repo := range of.of(b) {
			tx.Each(b.query(repo != nil), append([]any{until, int64(limit) + skip}, repo...), func(r *store.Row) {
				a := telemetry.Activity{Kind: kind}
				r.Scan(b.into(&a)...)
				a.New = max(0, a.New-a.Back) // what came back is counted with what is new
				list = append(list, a)
			})
		}
	}
	slices.SortStableFunc(list, newestActivity)
	return list[min(int(skip), len(list)):]
}

// of are the repositories that a branch is asked about in turn; nil is all.
func (o activityScope) of(b activityBranch) [][]any {
	switch {
	case o.key == "":
		return [][]any{nil}
	case b.repo == "":
		return nil
	case b.kind == telemetry.ActivityPull:
		var all [][]any
		for _, key := range o.keys {
			all = append(all, []any{key})
		}
		return all
	case b.byKey:
		return [][]any{{o.key}}
	}
	return [][]any{{o.id}}
}
