// Package outcomes says what came of attempts at issues and of verifications,
// by the tables that a transaction reads: those of now, or of a past time. What
// is stored of now and what is read as of a time come from here alone. It
// writes nothing.
package outcomes

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Claim is what came of a session's attempt at an issue, a row of the table
// claims. Times are unix milliseconds. Equal values are equal rows.
type Claim struct {
	Session      string
	Issue, Repo  int64
	At, Nth      int64
	Last         bool
	Said         telemetry.Said
	Reason       string
	Found        telemetry.Found
	MergeUnknown bool
	ACUs         int64 // thousandths, -1 where it is not known
	Playbook     string
}

// Key tells claims apart.
type Key struct {
	Session string
	Issue   int64
}

// Key is the claim's.
func (c *Claim) Key() Key { return Key{c.Session, c.Issue} }

// Fields are the columns of claims.
func (c *Claim) Fields() []store.Field {
	return []store.Field{
		store.Col("session TEXT", &c.Session), store.Col("issue_id BIGINT", &c.Issue), store.Col("repo_id BIGINT", &c.Repo),
		store.Col("at BIGINT", &c.At), store.Col("nth BIGINT", &c.Nth), store.Col("last SMALLINT", &c.Last),
		store.Col("said TEXT", &c.Said), store.Col("reason TEXT", &c.Reason), store.Col("found TEXT", &c.Found),
		store.Col("merge_unknown SMALLINT", &c.MergeUnknown), store.Col("milli_acus BIGINT", &c.ACUs),
		store.Col("playbook TEXT", &c.Playbook),
	}
}

// attempted is a claim with what decides it.
type attempted struct {
	Claim
	ids   []string // what records call the issue
	fixed bool     // as of the reference scan
}

// Of returns what came of each attempt at issues, in the order of sessions and
// issues.
func Of(tx *store.Tx, issues []int64) []Claim {
	return decided(tx, ` AND a.issue_id `+tx.In(1, "BIGINT"), store.JSON(issues))
}

// All is Of for all issues. What it gives of a past time is kept: nobody may change it.
func All(tx *store.Tx) []Claim {
	return store.Kept(tx, "all claims", func() ([]Claim, int) {
		claims := decided(tx, "")
		return claims, len(claims) * claimBytes
	})
}

// claimBytes is about what a claim takes.
const claimBytes = 250

// Since returns the claims of attempts that began at a time or later, of a repository or
// of store.Everywhere, as the transaction reads them: those of now are stored.
func Since(tx *store.Tx, repo, since int64) []Claim {
	if tx.Past() {
		return slices.DeleteFunc(slices.Clone(All(tx)), func(c Claim) bool {
			return c.At < since || repo != store.Everywhere && c.Repo != repo
		})
	}
	query, args := `SELECT `+store.Names((&Claim{}).Fields())+` FROM claims WHERE at >= $1`, []any{since}
	if repo != store.Everywhere {
		query, args = query+` AND repo_id = $2`, append(args, repo)
	}
	return store.Rows(tx, query, args, func(c *Claim) []any { return store.Pointers(c.Fields()) })
}

func decided(tx *store.Tx, condition string, args ...any) []Claim {
	rows := attemptsAt(tx, condition, args)
	decide(tx, rows)
	claims := make([]Claim, 0, len(rows))
	for _, c := range rows {
		claims = append(claims, c.Claim)
	}
	slices.SortFunc(claims, func(a, b Claim) int { return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Issue, b.Issue)) })
	return claims
}

// attemptsAt are attempts a at issues, each session and issue once.
func attemptsAt(tx *store.Tx, condition string, args []any) map[Key]*attempted {
	rows := map[Key]*attempted{}
	tx.Each(`SELECT a.session, a.issue_id, i.repo_id, i.closed_at, a.at, a.ids
		FROM attempts a JOIN issues i ON i.id = a.issue_id WHERE a.session <> ''`+condition, args, func(r *store.Row) {
		var c attempted
		var closed int64
		r.Scan(&c.Session, &c.Issue, &c.Repo, &closed, &c.At, store.ListOf(&c.ids))
		c.fixed = closed != 0
		key := Key{c.Session, c.Issue}
		if same := rows[key]; same != nil {
			same.At, same.ids = min(same.At, c.At), JoinIDs(same.ids, c.ids)
			return
		}
		rows[key] = &c
	})
	return rows
}

// decide says what came of attempts.
func decide(tx *store.Tx, rows map[Key]*attempted) {
	if len(rows) == 0 {
		return
	}
	sessions, repos, byIssue := map[string]bool{}, map[int64]bool{}, map[int64][]*attempted{}
	for key, c := range rows {
		sessions[key.Session], repos[c.Repo] = true, true
		byIssue[key.Issue] = append(byIssue[key.Issue], c)
	}
	references := referenceScans(tx, repos)
	keys := store.JSON(slices.Sorted(maps.Keys(sessions)))
	said, pulls := saidOf(tx, keys), fatesOf(tx, keys)
	shares := sharesOf(tx, said)
	for _, c := range rows {
		c.At = cmp.Or(said[c.Session].named, c.At)
	}
	scans := fullScans{tx, map[int64][]int64{}}
	for _, attempts := range byIssue {
		slices.SortFunc(attempts, func(a, b *attempted) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Session, b.Session)) })
		for i, c := range attempts {
			s := said[c.Session]
			facts := telemetry.AttemptFacts{Since: c.At, Scanned: references[c.Repo], Fixed: c.fixed}
			if s.at != 0 {
				facts.Since = s.at
			}
			facts.Pull, facts.Merged = pulls[c.Session].of()
			if i+1 < len(attempts) {
				facts.Next = attempts[i+1].At
				facts.Scanned = scans.last(c.Repo, facts.Next)
			}
			c.Found, c.MergeUnknown = facts.Found()
			c.Said, c.Reason = s.claim.Of(c.ids)
			c.Nth, c.Last = int64(i+1), i+1 == len(attempts)
			c.ACUs, c.Playbook = shares[Key{c.Session, c.Issue}].of(s.acus), s.playbook
		}
	}
}

// said is what a session says as a whole.
type said struct {
	claim    telemetry.Claim
	at, acus int64
	playbook string
	named    int64 // when the newest record named it
}

func saidOf(tx *store.Tx, sessions string) map[string]said {
	found := map[string]said{}
	tx.Each(`SELECT k.session, COALESCE(p.output, ''), COALESCE(p.said_at, 0), COALESCE(p.milli_acus, 0), COALESCE(p.playbook, ''),
			COALESCE((SELECT MAX(m.at) FROM mentions m WHERE m.session = k.session), 0)
		FROM (`+tx.Values(1, "TEXT", "session")+`) k LEFT JOIN polls p ON p.session = k.session`, []any{sessions},
		func(r *store.Row) {
			var id, output string
			var s said
			r.Scan(&id, &output, &s.at, &s.acus, &s.playbook, &s.named)
			s.claim, _ = telemetry.ParseClaim([]byte(output))
			found[id] = s
		})
	return found
}

// share is an issue's part of what its session cost.
type share struct{ place, n int64 }

// of is the part of a cost: the parts of all issues add up to it. It is -1
// where the cost is not known.
func (s share) of(acus int64) int64 {
	if acus == 0 || s.n == 0 {
		return -1
	}
	part := acus / s.n
	if s.place < acus%s.n {
		part++
	}
	return part
}

// sharesOf are the parts of the issues that sessions took whose costs are known. An issue that was not
// known then has no interval.
func sharesOf(tx *store.Tx, said map[string]said) map[Key]share {
	shares := map[Key]share{}
	taken := map[string][]int64{}
	paid := []string{}
	for id, s := range said {
		if s.acus != 0 {
			paid = append(paid, id)
		}
	}
	if len(paid) == 0 {
		return shares
	}
	slices.Sort(paid)
	tx.Each(`SELECT a.session, a.issue_id FROM attempts a JOIN base.issues i ON i.id = a.issue_id JOIN base.repos r ON r.id = i.repo_id
		WHERE a.session `+tx.In(1, "TEXT")+` AND EXISTS (SELECT 1 FROM issue_intervals l WHERE l.issue_id = i.id)
		ORDER BY a.session, r.key, i.public_id, i.id`, []any{store.JSON(paid)}, func(r *store.Row) {
		var id string
		var issue int64
		r.Scan(&id, &issue)
		if !slices.Contains(taken[id], issue) {
			taken[id] = append(taken[id], issue)
		}
	})
	for id, issues := range taken {
		for i, issue := range issues {
			shares[Key{id, issue}] = share{int64(i), int64(len(issues))}
		}
	}
	return shares
}

// fate is what became of a session's pull requests, and when the last of them
// was merged.
type fate struct {
	rank   int
	merged int64
}

func (f fate) of() (pull string, merged int64) {
	if f.merged != 0 {
		return "merged", f.merged
	}
	return []string{"", "closed", "open", ""}[f.rank], 0
}

// fatesOf are those of sessions, ambiguous pull requests left out. CROSS JOIN
// keeps SQLite from beginning with all pull requests.
func fatesOf(tx *store.Tx, sessions string) map[string]fate {
	fates := map[string]fate{}
	tx.Each(`SELECT l.session, p.state, p.merged_at FROM links l CROSS JOIN pulls p
		WHERE p.key = l.pull_key AND l.ambiguous = 0 AND l.session `+tx.In(1, "TEXT"), []any{sessions}, func(r *store.Row) {
		var session, state string
		var merged int64
		r.Scan(&session, &state, &merged)
		f := fates[session]
		f.merged, f.rank = max(f.merged, merged), max(f.rank, slices.Index([]string{"closed", "open", "unknown"}, state)+1)
		fates[session] = f
	})
	return fates
}

// referenceScans are when the reference scans of repositories were.
func referenceScans(tx *store.Tx, repos map[int64]bool) map[int64]int64 {
	return store.Map[int64, int64](tx, `SELECT id, ref_at FROM repos WHERE id `+tx.In(1, "BIGINT"),
		store.JSON(slices.Sorted(maps.Keys(repos))))
}

// fullScans looks up the full scans of repositories, and remembers them.
type fullScans struct {
	tx    *store.Tx
	times map[int64][]int64 // by repository, in order
}

// last is when the last full scan of a repository up to a time was, 0 without
// one.
func (f *fullScans) last(repo, until int64) int64 {
	times, asked := f.times[repo]
	if !asked {
		f.tx.Each(`SELECT at FROM runs WHERE repo_id = $1 AND kind = 'scan' AND has_findings = 1 AND reduced = 0 ORDER BY at`, []any{repo},
			func(r *store.Row) {
				var at int64
				r.Scan(&at)
				times = append(times, at)
			})
		f.times[repo] = times
	}
	n, _ := slices.BinarySearch(times, until+1)
	if n == 0 {
		return 0
	}
	return times[n-1]
}

// JoinIDs adds ids to others, each once.
func JoinIDs(ids, more []string) []string {
	for _, id := range more {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
