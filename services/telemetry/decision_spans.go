package telemetry

import "slices"

// DecidedKind is in which way decisions change an issue.
type DecidedKind string

// The kinds. At any time an issue has at most one span of each, and is not
// both dismissed and accepted.
const (
	KindDismissed DecidedKind = "dismissed"
	KindAccepted  DecidedKind = "accepted"
	KindAssigned  DecidedKind = "assigned"
	KindSnoozed   DecidedKind = "snoozed"
)

// DecisionEntry is a decision as one issue has it. Times are unix milliseconds.
type DecisionEntry struct {
	ID            int64
	Action        DecisionAction
	Assignee      string
	At            int64
	Until, Undone int64 // 0: none
}

// IssueLife is when scans closed an issue, and when they opened it again, in
// unix milliseconds and in order.
type IssueLife struct{ Closed, Opened []int64 }

// DecidedSpan is what an issue was from one time up to another by a decision.
type DecidedSpan struct {
	Kind     DecidedKind
	From, To int64 // To is Never where only something that happens ends it
	Decision int64
	Assignee string
}

// Never is a time that has not come, in unix milliseconds.
const Never int64 = 1<<63 - 1

// DecisionSpans says what decisions made of an issue: entries are in the order
// in which they were made. It depends on nothing but what it is given, so that
// it is the same whenever it is asked.
func DecisionSpans(entries []DecisionEntry, life IssueLife) []DecidedSpan {
	times := slices.Clone(life.Closed)
	for _, e := range entries {
		times = append(times, e.At)
		for _, end := range [...]int64{e.Until, e.Undone} {
			if end != 0 {
				times = append(times, end)
			}
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	var spans []DecidedSpan
	last := map[DecidedKind]int{} // its latest span, from 1
	for n, at := range times {
		next := Never
		if n+1 < len(times) {
			next = times[n+1]
		}
		for _, kind := range [...]DecidedKind{KindDismissed, KindAccepted, KindAssigned, KindSnoozed} {
			e := StandingAt(entries, life, kind, at)
			if e == nil {
				continue
			}
			if i := last[kind]; i > 0 && spans[i-1].To == at && spans[i-1].Decision == e.ID {
				spans[i-1].To = next
				continue
			}
			spans = append(spans, DecidedSpan{kind, at, next, e.ID, e.Assignee})
			last[kind] = len(spans)
		}
	}
	return spans
}

// StandingAt is the decision by which an issue is dismissed, accepted, assigned
// or snoozed at a time; nil without one.
func StandingAt(entries []DecisionEntry, life IssueLife, kind DecidedKind, at int64) *DecisionEntry {
	if kind == KindAccepted && StandingAt(entries, life, KindDismissed, at) != nil {
		return nil
	}
	action := map[DecidedKind]DecisionAction{
		KindDismissed: ActionDismiss, KindAccepted: ActionAccept, KindAssigned: ActionAssign, KindSnoozed: ActionSnooze,
	}[kind]
	for n := len(entries) - 1; n >= 0; n-- {
		e := &entries[n]
		switch {
		case !e.standsAt(at, life):
		case e.Action == ActionReopen && (kind == KindDismissed || kind == KindAccepted):
			return nil
		case e.Action == action && kind == KindAssigned && e.Assignee == "":
			return nil
		case e.Action == action:
			return e
		}
	}
	return nil
}

// standsAt reports whether a decision stands at a time: it ends when it is
// undone, when its time has passed, and when a scan closes its issue.
func (e *DecisionEntry) standsAt(at int64, life IssueLife) bool {
	return e.At <= at && (e.Undone == 0 || at < e.Undone) && (e.Until == 0 || at < e.Until) &&
		!life.closedAt(e.At) && !slices.ContainsFunc(life.Closed, func(closed int64) bool { return e.At < closed && closed <= at })
}

// closedAt reports whether a scan had closed the issue by a time, and none had
// opened it again since.
func (l IssueLife) closedAt(at int64) bool {
	closed, opened := int64(-1), int64(-1)
	for _, t := range l.Closed {
		if t <= at {
			closed = t
		}
	}
	for _, t := range l.Opened {
		if t <= at {
			opened = t
		}
	}
	return closed >= 0 && closed > opened
}
