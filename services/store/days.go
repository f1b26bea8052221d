package store

import (
	"slices"

	"telemetry-dashboard/services/telemetry"
)

const (
	Everywhere int64 = 0               // stands for all repositories in the table days
	Never            = telemetry.Never // is a time that has not come
)

// LastOpened is when an issue i was last opened.
const LastOpened = `CASE WHEN i.status_rank = 1 THEN
	COALESCE((SELECT MAX(l.opened_at) FROM issue_intervals l WHERE l.issue_id = i.id), i.first_at) ELSE i.first_at END`

// DayKey is a day (since 1970, UTC) and a severity.
type DayKey struct {
	Day      int64
	Severity string
}

// DayCount is what changed on a day; Unlisted is of what scans counted without
// naming it, Dismissed and Accepted of what is open by scans, and not as shown.
type DayCount struct{ Opened, Closed, Net, Unlisted, Dismissed, Accepted int64 }

// Open is by how much what is shown as open changed.
func (c DayCount) Open() int64 { return c.Net + c.Unlisted - c.Dismissed - c.Accepted }

// Minus returns the difference of two counts.
func (c DayCount) Minus(o DayCount) DayCount {
	return DayCount{
		c.Opened - o.Opened, c.Closed - o.Closed, c.Net - o.Net, c.Unlisted - o.Unlisted, c.Dismissed - o.Dismissed, c.Accepted - o.Accepted,
	}
}

// DayBook is what changed by day.
type DayBook map[DayKey]DayCount

// Add adds what changed at a time in unix milliseconds.
func (b DayBook) Add(at int64, severity string, c DayCount) { b.AddTo(DayKey{Day(at), severity}, c) }

// AddTo adds what changed on a day.
func (b DayBook) AddTo(k DayKey, c DayCount) { b[k] = b[k].Minus(DayCount{}.Minus(c)) }

// Day is the day (since 1970, UTC) of a time in milliseconds.
func Day(at int64) int64 {
	day := at / telemetry.DayMillis
	if at%telemetry.DayMillis < 0 {
		day--
	}
	return day
}

// Days reads the days of a repository, or of all; more is a further condition, its arguments from $2 on.
func (tx *Tx) Days(repo int64, more string, args ...any) DayBook {
	b := DayBook{}
	query := `SELECT day, severity, opened, closed, net, unlisted, dismissed, accepted FROM days WHERE repo_id = $1` + more
	tx.Each(query, append([]any{repo}, args...), func(r *Row) {
		var k DayKey
		var c DayCount
		r.Scan(&k.Day, &k.Severity, &c.Opened, &c.Closed, &c.Net, &c.Unlisted, &c.Dismissed, &c.Accepted)
		b[k] = c
	})
	return b
}

// DecidedOpen are the times d in which decisions took issues out of what is
// open, with the intervals l in which these were open by scans meanwhile.
const DecidedOpen = ` FROM decided d JOIN issue_intervals l ON l.issue_id = d.issue_id AND l.from_at < d.to_at AND l.to_at > d.from_at
	WHERE d.kind IN ('dismissed', 'accepted') AND l.from_at < l.to_at`

// DecidedDays returns by day what decisions took out of what is open by scans,
// and gave back, up to a time, of a repository or of all.
func (tx *Tx) DecidedDays(repo, until int64) DayBook {
	of, args := "", []any{}
	if repo != Everywhere {
		of, args = " AND d.repo_id = $1", append(args, repo)
	}
	b := DayBook{}
	tx.Each(`SELECT d.kind, l.severity, CASE WHEN d.from_at > l.from_at THEN d.from_at ELSE l.from_at END,
		CASE WHEN d.to_at < l.to_at THEN d.to_at ELSE l.to_at END`+DecidedOpen+of, args, func(r *Row) {
		var kind telemetry.DecidedKind
		var severity string
		var from, to int64
		r.Scan(&kind, &severity, &from, &to)
		out, back := DayCount{Accepted: 1}, DayCount{Accepted: -1}
		if kind == telemetry.KindDismissed {
			out, back = DayCount{Dismissed: 1}, DayCount{Dismissed: -1}
		}
		if from <= until {
			b.Add(from, severity, out)
		}
		if to <= until {
			b.Add(to, severity, back)
		}
	})
	return b
}

// UnlistedScan is a scan of a repository none of whose scans up to it named
// its findings, or the first that did (Named).
type UnlistedScan struct {
	Repo, At, Found    int64
	Named              bool
	Severity, Category map[string]int64
}

// UnlistedScans hands over the scans up to a time of a repository, or of
// all, until its first with findings data (and those of the same time), each
// repository's in order.
func (tx *Tx) UnlistedScans(repo, until int64, do func(UnlistedScan)) {
	of, args := "", []any{Never, until}
	if repo != Everywhere {
		of, args = " AND p.id = $3", append(args, repo)
	}
	tx.Each(`SELECT r.repo_id, r.at, r.has_findings, r.severity, r.issues_found, r.category
		FROM repos p JOIN runs r ON r.repo_id = p.id + 0 AND r.kind = 'scan'
			AND r.at <= COALESCE((SELECT e.at FROM runs e WHERE e.repo_id = p.id AND e.kind = 'scan' AND e.has_findings = 1
				ORDER BY e.at LIMIT 1), $1)
		WHERE p.saw_without_findings = 1 AND r.at <= $2`+of+`
		ORDER BY r.repo_id, r.at, r.file`, args, func(r *Row) {
		var s UnlistedScan
		r.Scan(&s.Repo, &s.At, &s.Named, CountsOf(&s.Severity), &s.Found, CountsOf(&s.Category))
		do(s)
	})
}

// UnlistedDays returns by day what scans up to a time counted without naming
// it, of a repository or of all: each stands for what is open until the next,
// but while the repository is retired.
func (tx *Tx) UnlistedDays(repo, until int64) DayBook {
	retired, counts := tx.Retired(repo), map[int64][]unlisted{}
	tx.UnlistedScans(repo, until, func(s UnlistedScan) {
		of := counts[s.Repo]
		if len(of) > 0 && of[len(of)-1].named {
			return
		}
		next := unlisted{at: s.At, named: s.Named}
		if !s.Named {
			next.open = s.BySeverity()
		}
		counts[s.Repo] = append(of, next)
	})
	b := DayBook{}
	for id, of := range counts {
		b.addUnlisted(of, retired[id], until)
	}
	return b
}

// unlisted is what a scan counted without naming it; named is one that named
// its findings, from which on nothing is.
type unlisted struct {
	at    int64
	named bool
	open  map[string]int64
}

// addUnlisted adds what is open from one scan of a repository to the next, by time,
// but while the repository is retired.
func (b DayBook) addUnlisted(scans []unlisted, retired Spans, until int64) {
	var times []int64
	for _, s := range scans {
		times = append(times, s.at)
	}
	for _, r := range retired {
		times = append(times, r.From, r.Until)
	}
	slices.Sort(times)
	var shown map[string]int64
	for _, at := range slices.Compact(times) {
		if at > until || at == Never {
			return
		}
		var open map[string]int64
		if !retired.Hold(at) {
			for _, s := range scans {
				if s.at <= at {
					open = s.open
				}
			}
		}
		for severity, n := range shown {
			b.Add(at, severity, DayCount{Unlisted: -n})
		}
		for severity, n := range open {
			b.Add(at, severity, DayCount{Unlisted: n})
		}
		shown = open
	}
}

// BySeverity is what the scan counts by severity; "" has what its breakdown leaves out.
func (s UnlistedScan) BySeverity() map[string]int64 {
	counts, rest := map[string]int64{}, s.Found
	for severity, n := range s.Severity {
		counts[severity] = n
		rest -= n
	}
	if rest != 0 {
		counts[""] += rest
	}
	return counts
}
