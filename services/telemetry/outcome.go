package telemetry

// OutcomeKind is what came of an attempt.
type OutcomeKind string

// What can come of an attempt.
const (
	OutcomeRunning   OutcomeKind = "in_progress"   // its session is active
	OutcomeNoUpdate  OutcomeKind = "no_word"       // its session was never polled
	OutcomeNoPull    OutcomeKind = "no_pr"         // its session is over and left no pull request
	OutcomeUnknown   OutcomeKind = "pr_unknown"    // GitHub did not tell of its pull request
	OutcomeOpen      OutcomeKind = "pr_open"       // its pull request waits
	OutcomeRefused   OutcomeKind = "pr_closed"     // closed without a merge
	OutcomeUnscanned OutcomeKind = "not_scanned"   // merged; no full scan since
	OutcomeStill     OutcomeKind = "still_there"   // merged, and a full scan since names it
	OutcomeGone      OutcomeKind = "gone"          // and stayed away
	OutcomeBack      OutcomeKind = "gone_and_back" // gone, then back
)

// AttemptOutcome is what came of an attempt. Times are UTC, zero where they are not
// known or mean nothing.
type AttemptOutcome struct {
	Kind         OutcomeKind `json:"outcome"`
	Since        Time        `json:"outcome_since"` // when it began: dispatched, opened, closed, merged, gone
	Until        Time        `json:"outcome_until"` // when it was back
	MergeUnknown bool        `json:"-"`             // it is gone, and nobody knows whether the pull request was merged
}

// Outcomes says what came of each attempt on an issue, by its timeline: it
// is gone by the last merge before the scan that no longer names it.
func (d IssueDetail) Outcomes() []AttemptOutcome {
	pulls := map[string]*PullRow{}
	for _, s := range d.Timeline {
		if s.Pull != nil {
			pulls[PullRef{Repo: s.Pull.Repo, Number: s.Pull.Number}.Key()] = s.Pull
		}
	}
	of := func(a AttemptRow) *PullRow {
		if a.PR == nil {
			return nil
		}
		return pulls[PullRef{Repo: a.PR.Repo, Number: a.PR.Number}.Key()]
	}
	list := make([]AttemptOutcome, len(d.Attempts))
	for n, a := range d.Attempts {
		pull := of(a)
		switch {
		case a.PR == nil:
			list[n] = withoutPull(a)
		case a.PR.Merged && pull != nil:
			list[n] = d.afterMerge(pull.MergedAt, d.nextMerge(n, pull.MergedAt, of))
		case a.PR.State == "open" && pull != nil:
			list[n] = AttemptOutcome{Kind: OutcomeOpen, Since: pull.CreatedAt.Time}
		case a.PR.State == "closed" && pull != nil:
			list[n] = AttemptOutcome{Kind: OutcomeRefused, Since: pull.ClosedAt}
		default:
			list[n] = d.unknownMerge(n)
		}
	}
	return list
}

func withoutPull(a AttemptRow) AttemptOutcome {
	switch {
	case a.State.Active() && len(a.Polled()) > 0:
		return AttemptOutcome{Kind: OutcomeRunning, Since: a.At}
	case len(a.Polled()) > 0 || a.State == StateFailed || a.State == StateExpired || a.State == StateFinished:
		return AttemptOutcome{Kind: OutcomeNoPull, Since: a.At}
	}
	return AttemptOutcome{Kind: OutcomeNoUpdate, Since: a.At}
}

// nextMerge is when the first merge of another attempt came after one; zero
// if none did.
func (d IssueDetail) nextMerge(n int, merged Time, of func(AttemptRow) *PullRow) Time {
	var next Time
	for m, a := range d.Attempts {
		if p := of(a); m != n && p != nil && p.Merged && p.MergedAt.After(merged.Time) && (next.IsZero() || p.MergedAt.Before(next.Time)) {
			next = p.MergedAt
		}
	}
	return next
}

// afterMerge says what the scans from a merge to the next one say.
func (d IssueDetail) afterMerge(merged, end Time) AttemptOutcome {
	within := func(t Time) bool { return t.After(merged.Time) && (end.IsZero() || t.Before(end.Time)) }
	if gone, found := d.goneWithin(within); found {
		return gone
	}
	for _, scan := range d.Scans {
		if !scan.ClosedNothing() && within(scan.At) {
			return AttemptOutcome{Kind: OutcomeStill, Since: merged}
		}
	}
	return AttemptOutcome{Kind: OutcomeUnscanned, Since: merged}
}

// unknownMerge is the outcome of an attempt of whose pull request GitHub said
// nothing: what the scans say until the next attempt.
func (d IssueDetail) unknownMerge(n int) AttemptOutcome {
	from, end := d.Attempts[n].At, Time{}
	if n+1 < len(d.Attempts) {
		end = d.Attempts[n+1].At
	}
	gone, found := d.goneWithin(func(t Time) bool { return t.After(from.Time) && (end.IsZero() || t.Before(end.Time)) })
	if !found {
		return AttemptOutcome{Kind: OutcomeUnknown, Since: from}
	}
	gone.MergeUnknown = true
	return gone
}

// goneWithin finds the step in which the issue went, and whether it came back.
func (d IssueDetail) goneWithin(within func(Time) bool) (AttemptOutcome, bool) {
	o := AttemptOutcome{}
	for _, s := range d.Timeline {
		switch {
		case o.Kind == "" && s.Kind == StepGone && within(s.At):
			o = AttemptOutcome{Kind: OutcomeGone, Since: s.At}
		case o.Kind == OutcomeGone && s.Kind == StepBack:
			o.Kind, o.Until = OutcomeBack, s.At
			return o, true
		}
	}
	return o, o.Kind != ""
}
