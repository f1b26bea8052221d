package store

import (
	"context"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// activityBranch reads one kind of changes up to $1, the newest first: $2 of
// them.
type activityBranch struct {
	kind telemetry.ActivityKind
	sql  string
	scan func(r *row, a *telemetry.Activity)
}

// activityBranches walk an index each, so that a page costs its rows whatever
// the history is. Each orders the changes of one moment by a key.
func activityBranches() []activityBranch {
	pull := func(word, column, also string) activityBranch {
		return activityBranch{kind: telemetry.ActivityPull, sql: `SELECT p.` + column + `, '` + word + `', p.repo, p.number, p.title, p.session FROM pulls p
			WHERE p.` + column + ` > 0 AND p.` + column + ` <= $1 AND p.listed = 1` + also + ` ORDER BY p.` + column + ` DESC, p.key DESC LIMIT $2`, scan: scanPullActivity}
	}
	return []activityBranch{
		{telemetry.ActivityRun, `SELECT r.at, r.kind, o.name, r.source, r.file, r.run_number, r.issues_found, r.sessions, r.new_n, r.gone_n, r.has_findings,
				(SELECT COUNT(*) FROM lives l WHERE l.repo_id = r.repo_id AND l.from_at = r.at AND l.from_file = r.file AND l.opens = 1 AND l.again = 1)
			FROM runs r JOIN repos o ON o.id = r.repo_id WHERE r.at <= $1 ORDER BY r.at DESC, r.file DESC LIMIT $2`, scanRunActivity},
		{telemetry.ActivitySession, `SELECT l.at, l.state, l.word, l.detail, l.origin, s.key, s.id, s.title, s.run_number, COALESCE(o.name, '') FROM state_log l JOIN sessions s ON s.key = l.session LEFT JOIN repos o ON o.id = s.repo_id
			WHERE l.at <= $1 ORDER BY l.at DESC, l.session DESC, l.id DESC LIMIT $2`, scanStateActivity},
		pull("opened", "created_at", ""), pull("merged", "merged_at", ""), pull("closed", "closed_at", " AND p.merged_at = 0"),
		{telemetry.ActivityVerification, `SELECT v.at, v.outcome, v.source, v.file, v.session, v.fixed, v.targeted, COALESCE(p.repo, ''), v.pr_number, COALESCE(o.name, '') FROM verifications v LEFT JOIN pulls p ON p.key = v.pull_key LEFT JOIN repos o ON o.id = v.repo_id
			WHERE v.current = 1 AND v.at <= $1 ORDER BY v.at DESC, v.id DESC LIMIT $2`, scanVerifiedActivity},
		{telemetry.ActivityScope, `SELECT a.at, a.source, a.file, r.run_number, o.name FROM accepted a JOIN runs r ON r.file = a.file AND (a.source = '' OR a.source = r.source) JOIN repos o ON o.id = r.repo_id
			WHERE a.at <= $1 ORDER BY a.at DESC, a.file DESC, r.source DESC LIMIT $2`, func(r *row, a *telemetry.Activity) {
			var when int64
			r.scan(&when, &a.Source, &a.File, &a.Run, &a.Repo)
			a.At = at(when)
		}},
		{telemetry.ActivityJob, `SELECT ` + jobColumns + ` FROM jobs WHERE started <= $1 ORDER BY started DESC, id DESC LIMIT $2`, func(r *row, a *telemetry.Activity) {
			scanJob(r, &a.Job)
			a.At = a.Job.Started
		}},
		{telemetry.ActivityDeed, `SELECT d.at, d.kind, d.subject, COALESCE(s.id, ''), COALESCE(s.title, ''), COALESCE(o.name, '') FROM deeds d LEFT JOIN sessions s ON d.kind = 'reply' AND s.key = d.subject LEFT JOIN repos o ON o.id = s.repo_id
			WHERE d.at <= $1 ORDER BY d.at DESC, d.token DESC LIMIT $2`, scanDeedActivity},
	}
}

func scanRunActivity(r *row, a *telemetry.Activity) {
	var when int64
	var named int
	r.scan(&when, &a.Word, &a.Repo, &a.Source, &a.File, &a.Run, &a.Found, &a.Sessions, &a.New, &a.Gone, &named, &a.Back)
	a.At, a.Compared = at(when), named == 1 && a.Word == string(telemetry.KindScan)
	a.New = max(0, a.New-a.Back) // what came back is counted with what is new
}

func scanStateActivity(r *row, a *telemetry.Activity) {
	var when int64
	var key string
	r.scan(&when, &a.State, &a.Word, &a.Detail, &a.Origin, &key, &a.Session, &a.Title, &a.Run, &a.Repo)
	if a.At = at(when); a.Session == "" {
		a.Session = key
	}
}

func scanPullActivity(r *row, a *telemetry.Activity) {
	var when int64
	r.scan(&when, &a.Word, &a.Pull.Repo, &a.Pull.Number, &a.Title, &a.Session)
	a.At, a.Repo = at(when), a.Pull.Repo
}

func scanVerifiedActivity(r *row, a *telemetry.Activity) {
	var when int64
	r.scan(&when, &a.Word, &a.Source, &a.File, &a.Session, &a.Fixed, &a.Targeted, &a.Pull.Repo, &a.Pull.Number, &a.Repo)
	a.At = at(when)
}

func scanDeedActivity(r *row, a *telemetry.Activity) {
	var when int64
	var subject string
	r.scan(&when, &a.Word, &subject, &a.Session, &a.Title, &a.Repo)
	switch a.At = at(when); {
	case a.Word == string(telemetry.DeedDispatch):
		a.Repo = telemetry.RepoName(subject)
	case a.Session == "":
		a.Session = subject
	}
}

// Activity returns what changed, newest first, at most limit changes from a
// mark on, and the mark of what follows them: the zero one at the end. No
// kinds are all kinds.
func (s *Store) Activity(ctx context.Context, kinds []telemetry.ActivityKind, from telemetry.ActivityMark, limit int) (list []telemetry.Activity, next telemetry.ActivityMark, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		list = []telemetry.Activity{}
		for _, kind := range telemetry.ActivityKinds() {
			if len(kinds) == 0 || slices.Contains(kinds, kind) {
				list = append(list, activityOf(tx, kind, from, limit+1)...)
			}
		}
		return tx.err
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
	next = telemetry.ActivityMark{At: last.At, Kind: last.Kind}
	if from.At.Equal(next.At) && from.Kind == next.Kind {
		next.Skip = from.Skip
	}
	for _, a := range list {
		if a.At.Equal(last.At) && a.Kind == last.Kind {
			next.Skip++
		}
	}
	return list, next, nil
}

func newestActivity(a, b telemetry.Activity) int {
	if c := b.At.Compare(a.At); c != 0 {
		return c
	}
	return slices.Index(telemetry.ActivityKinds(), a.Kind) - slices.Index(telemetry.ActivityKinds(), b.Kind)
}

// activityOf reads the changes of one kind that stand after a mark.
func activityOf(tx *Tx, kind telemetry.ActivityKind, from telemetry.ActivityMark, limit int) []telemetry.Activity {
	until, skip := int64(1)<<62, int64(0)
	if !from.At.IsZero() {
		until = ms(from.At)
		switch order := slices.Index(telemetry.ActivityKinds(), kind) - slices.Index(telemetry.ActivityKinds(), from.Kind); {
		case order < 0:
			until--
		case order == 0:
			skip = from.Skip
		}
	}
	var list []telemetry.Activity
	for _, b := range activityBranches() {
		if b.kind != kind {
			continue
		}
		// A kind of several branches is skipped in after they are merged.
		tx.each(b.sql, []any{until, int64(limit) + skip}, func(r *row) {
			a := telemetry.Activity{Kind: kind}
			b.scan(r, &a)
			list = append(list, a)
		})
	}
	slices.SortStableFunc(list, newestActivity)
	return list[min(int(skip), len(list)):]
}
