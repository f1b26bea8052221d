package telemetry

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestDecisionSpans(t *testing.T) {
	dismiss := func(id, at int64) DecisionEntry { return DecisionEntry{ID: id, Action: ActionDismiss, At: at} }
	accept := func(id, at, until int64) DecisionEntry {
		return DecisionEntry{ID: id, Action: ActionAccept, At: at, Until: until}
	}
	undone := func(e DecisionEntry, at int64) DecisionEntry {
		e.Undone = at
		return e
	}
	for name, c := range map[string]struct {
		entries []DecisionEntry
		life    IssueLife
		want    string
	}{
		"one that stands":                {[]DecisionEntry{dismiss(1, 10)}, IssueLife{}, "dismissed 10-never by 1"},
		"one that is undone":             {[]DecisionEntry{undone(dismiss(1, 10), 20)}, IssueLife{}, "dismissed 10-20 by 1"},
		"one whose time passes":          {[]DecisionEntry{accept(1, 10, 30)}, IssueLife{}, "accepted 10-30 by 1"},
		"one whose issue is fixed":       {[]DecisionEntry{accept(1, 10, 30)}, IssueLife{Closed: []int64{20}, Opened: []int64{5, 25}}, "accepted 10-20 by 1"},
		"one made while it was fixed":    {[]DecisionEntry{dismiss(1, 10)}, IssueLife{Closed: []int64{8}, Opened: []int64{5, 12}}, ""},
		"one made after it came back":    {[]DecisionEntry{dismiss(1, 15)}, IssueLife{Closed: []int64{8}, Opened: []int64{5, 12}}, "dismissed 15-never by 1"},
		"a dismissal over an acceptance": {[]DecisionEntry{accept(1, 10, 50), undone(dismiss(2, 20), 30)}, IssueLife{}, "accepted 10-20 by 1, dismissed 20-30 by 2, accepted 30-50 by 1"},
		"an acceptance under a dismissal": {[]DecisionEntry{dismiss(1, 10), accept(2, 20, 50)}, IssueLife{},
			"dismissed 10-never by 1"},
		"one reopened":               {[]DecisionEntry{dismiss(1, 10), {ID: 2, Action: ActionReopen, At: 20}}, IssueLife{}, "dismissed 10-20 by 1"},
		"one reopened, which undone": {[]DecisionEntry{dismiss(1, 10), undone(DecisionEntry{ID: 2, Action: ActionReopen, At: 20}, 30)}, IssueLife{}, "dismissed 10-20 by 1, dismissed 30-never by 1"},
		"two assignments": {[]DecisionEntry{{ID: 1, Action: ActionAssign, Assignee: "a", At: 10}, {ID: 2, Action: ActionAssign, Assignee: "b", At: 20},
			{ID: 3, Action: ActionAssign, At: 30}}, IssueLife{}, "assigned 10-20 by 1, assigned 20-30 by 2"},
		"a comment": {[]DecisionEntry{{ID: 1, Action: ActionComment, At: 10}}, IssueLife{}, ""},
	} {
		got := ""
		for _, s := range DecisionSpans(c.entries, c.life) {
			to := fmt.Sprint(s.To)
			if s.To == Never {
				to = "never"
			}
			if got != "" {
				got += ", "
			}
			got += fmt.Sprintf("%s %d-%s by %d", s.Kind, s.From, to, s.Decision)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestDecisionSpansAtAnyTime: at any time the spans say what stands then by what
// was known then, and no issue is both dismissed and accepted.
func TestDecisionSpansAtAnyTime(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var entries []DecisionEntry
		var life IssueLife
		for at, open := int64(1), true; at < 60; at += int64(1 + dice.IntN(9)) {
			if dice.IntN(4) == 0 {
				if open = !open; open {
					life.Opened = append(life.Opened, at)
				} else {
					life.Closed = append(life.Closed, at)
				}
				continue
			}
			e := DecisionEntry{ID: int64(len(entries) + 1), Action: DecisionActions()[dice.IntN(6)], At: at, Assignee: "a"}
			if e.Action == ActionAccept || e.Action == ActionSnooze {
				e.Until = at + int64(1+dice.IntN(20))
			}
			if dice.IntN(3) == 0 {
				e.Undone = at + int64(1+dice.IntN(20))
			}
			entries = append(entries, e)
		}
		spans := DecisionSpans(entries, life)
		for at := range int64(100) {
			known := []DecisionEntry{}
			for _, e := range entries {
				if e.At <= at {
					if e.Undone > at {
						e.Undone = 0
					}
					known = append(known, e)
				}
			}
			then := IssueLife{upTo(life.Closed, at), upTo(life.Opened, at)}
			for _, kind := range []DecidedKind{KindDismissed, KindAccepted, KindAssigned, KindSnoozed} {
				var by []int64
				for _, s := range spans {
					if s.Kind == kind && s.From <= at && at < s.To {
						by = append(by, s.Decision)
					}
				}
				want := []int64{}
				if e := StandingAt(known, then, kind, at); e != nil {
					want = append(want, e.ID)
				}
				if fmt.Sprint(by) != fmt.Sprint(want) {
					t.Fatalf("%s at %d: by %v, want %v\n%+v\n%+v", kind, at, by, want, entries, life)
				}
			}
		}
	}
}

func upTo(times []int64, at int64) []int64 {
	var some []int64
	for _, t := range times {
		if t <= at {
			some = append(some, t)
		}
	}
	return some
}
