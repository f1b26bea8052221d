package telemetry

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// AttemptResult is one session's attempt at one issue, with what came of it.
type AttemptResult struct {
	Session   string // its key
	Known     bool   // a run record names the session
	Issue     int64
	Said      Said
	Found     Found
	Unsure    bool  // nobody knows of a merge
	Nth       int64 // from 1
	Last      bool
	MilliACUs int64 // the issue's share of the session's cost; -1 where that is not known
	Playbook  string
	Reason    string // why it is blocked
	Family    string
	Rule      string
	Repo      string // owner/name
	Severity  string
	Decided   bool // the issue is dismissed or accepted: its cost counts, it does not
}

// Rate is how many of some issues are gone, and what they have cost.
type Rate struct {
	Name      string
	Issues    int64
	Gone      int64
	MilliACUs int64 // known ones
}

// Percent is gone / issues × 100, to one decimal; 0 without any.
func (r Rate) Percent() float64 { return PullCounts{Total: r.Issues, Merged: r.Gone}.FixRate() }

// ACUsPerGone is what an issue that is gone has cost, nil where nothing is
// gone or no cost is known.
func (r Rate) ACUsPerGone() *float64 {
	if r.Gone == 0 {
		return nil
	}
	return ACUsOf(r.MilliACUs / r.Gone)
}

// RateGroup is what rates are grouped by.
type RateGroup string

// The groups, in the order of pages.
const (
	RateByFamily   RateGroup = "family"
	RateByRule     RateGroup = "rule"
	RateByAttempt  RateGroup = "attempt" // an issue counts in every attempt at it
	RateByPlaybook RateGroup = "playbook"
	RateBySeverity RateGroup = "severity"
	RateByRepo     RateGroup = "repo"
)

// RateGroups are all groups.
func RateGroups() []RateGroup {
	return []RateGroup{RateByFamily, RateByRule, RateByAttempt, RateByPlaybook, RateBySeverity, RateByRepo}
}

// LateAttempt stands for itself and all later attempts.
const LateAttempt = 4

// BlockedReason is why sessions were blocked, in their words.
type BlockedReason struct {
	Reason string // "" where they gave none
	Issues int64
	Alike  []string // the different reasons that are counted together
}

// ThrownAway is a pull request that was closed without a merge.
type ThrownAway struct {
	PullKey   string
	Repo      RepoName
	Number    int64
	URL       string
	ClosedAt  Time
	Session   string // its key
	Issues    int64
	Verified  int64 // issues that its verification called fixed; -1 without one
	MilliACUs int64 // -1 where it is not known
}

// Effectiveness is what sessions said of issues, what scans found, and what
// it has cost. Its issues are those whose latest attempt began in the period,
// each counted once, by that attempt, those left out that are dismissed or
// accepted; costs are those of all attempts that began in the period.
type Effectiveness struct {
	Period   Period
	Issues   int64
	Sessions int64 // that took named issues
	Table    map[Said]map[Found]int64
	Unsure   int64 // issues whose result rests on a claim alone

	Cost        map[Found]int64 // thousandths of an ACU
	Costed      int64           // sessions whose cost is known
	CostUnknown int64           // sessions whose cost is not known

	spenders map[Found]map[string]bool // sessions of a known cost, by what came of their attempts

	Rates      map[RateGroup][]Rate // most issues first; attempts in their order
	Blocked    []BlockedReason      // most issues first
	ThrownAway []ThrownAway         // latest first
}

// Count sums the issues of which sessions said one of those, and scans found
// one of these; none is any.
func (e *Effectiveness) Count(said []Said, found ...Found) (n int64) {
	for s, row := range e.Table {
		for f, count := range row {
			if (len(said) == 0 || slices.Contains(said, s)) && (len(found) == 0 || slices.Contains(found, f)) {
				n += count
			}
		}
	}
	return n
}

// All is the rate over all issues.
func (e *Effectiveness) All() Rate {
	r := Rate{Issues: e.Issues, Gone: e.Count(nil, FoundGone)}
	for _, acus := range e.Cost {
		r.MilliACUs += acus
	}
	return r
}

// Spenders is how many sessions of a known cost have an attempt of which one
// of these came.
func (e *Effectiveness) Spenders(found ...Found) int64 {
	sessions := map[string]bool{}
	for _, f := range found {
		maps.Copy(sessions, e.spenders[f])
	}
	return int64(len(sessions))
}

// add counts an attempt that began in the period.
func (e *Effectiveness) add(a AttemptResult, sums map[RateGroup]map[string]*Rate) {
	counts := a.Last && !a.Decided
	if counts {
		e.Issues++
		if e.Table[a.Said] == nil {
			e.Table[a.Said] = map[Found]int64{}
		}
		e.Table[a.Said][a.Found]++
		if a.Unsure {
			e.Unsure++
		}
	}
	if a.MilliACUs > 0 {
		e.Cost[a.Found] += a.MilliACUs
		if e.spenders[a.Found] == nil {
			e.spenders[a.Found] = map[string]bool{}
		}
		e.spenders[a.Found][a.Session] = true
	}
	for group, name := range a.groups() {
		r := rateOf(sums, group, name)
		r.MilliACUs += max(a.MilliACUs, 0)
		if !counts {
			continue
		}
		if group != RateByAttempt {
			r.Issues++
		}
		if a.Found == FoundGone {
			r.Gone++
		}
	}
	for nth := range a.Nth {
		if counts && nth < LateAttempt {
			rateOf(sums, RateByAttempt, attemptName(nth+1)).Issues++
		}
	}
}

func rateOf(sums map[RateGroup]map[string]*Rate, group RateGroup, name string) *Rate {
	if sums[group] == nil {
		sums[group] = map[string]*Rate{}
	}
	if sums[group][name] == nil {
		sums[group][name] = &Rate{Name: name}
	}
	return sums[group][name]
}

func attemptName(nth int64) string { return strconv.FormatInt(min(nth, LateAttempt), 10) }

func (a AttemptResult) groups() map[RateGroup]string {
	return map[RateGroup]string{
		RateByFamily: a.Family, RateByRule: a.Rule, RateByPlaybook: a.Playbook, RateBySeverity: a.Severity, RateByRepo: a.Repo,
		RateByAttempt: attemptName(a.Nth),
	}
}

// NewEffectiveness counts the attempts that began in a period.
func NewEffectiveness(p Period, attempts []AttemptResult) Effectiveness {
	e := Effectiveness{Period: p, Table: map[Said]map[Found]int64{}, Cost: map[Found]int64{}, Rates: map[RateGroup][]Rate{},
		spenders: map[Found]map[string]bool{}}
	sums, costed, blocked := map[RateGroup]map[string]*Rate{}, map[string]bool{}, map[string]int64{}
	for i := range attempts {
		a := &attempts[i]
		e.add(*a, sums)
		if a.Known {
			costed[a.Session] = a.MilliACUs >= 0
		}
		if a.Last && !a.Decided && a.Said == SaidBlocked {
			blocked[a.Reason]++
		}
	}
	e.Sessions = int64(len(costed))
	for _, known := range costed {
		if known {
			e.Costed++
		} else {
			e.CostUnknown++
		}
	}
	for _, group := range RateGroups() {
		e.Rates[group] = sortedRates(group, sums[group])
	}
	e.Blocked = alikeReasons(blocked)
	return e
}

// alikeReasons counts reasons that differ only in the files, numbers and ids
// that they name together, under the most frequent of them.
func alikeReasons(reasons map[string]int64) []BlockedReason {
	groups := map[string][]BlockedReason{}
	for reason, n := range reasons {
		var words []string
		for _, word := range strings.Fields(strings.ToLower(reason)) {
			if strings.ContainsAny(strings.TrimRight(word, ".,;:!?"), "./_`\"'0123456789") {
				word = "…"
			}
			words = append(words, strings.TrimRight(word, ".,;:!?"))
		}
		key := strings.Join(words, " ")
		groups[key] = append(groups[key], BlockedReason{Reason: reason, Issues: n})
	}
	byNumber := func(a, b BlockedReason) int {
		return cmp.Or(cmp.Compare(b.Issues, a.Issues), cmp.Compare(a.Reason, b.Reason))
	}
	var list []BlockedReason
	for _, alike := range groups {
		slices.SortFunc(alike, byNumber)
		one := BlockedReason{Reason: alike[0].Reason}
		for _, r := range alike {
			one.Issues, one.Alike = one.Issues+r.Issues, append(one.Alike, r.Reason)
		}
		list = append(list, one)
	}
	slices.SortFunc(list, byNumber)
	return list
}

func sortedRates(group RateGroup, sums map[string]*Rate) []Rate {
	rates := make([]Rate, 0, len(sums))
	for _, r := range sums {
		rates = append(rates, *r)
	}
	slices.SortFunc(rates, func(a, b Rate) int {
		if group == RateByAttempt {
			return cmp.Compare(a.Name, b.Name)
		}
		if group == RateBySeverity {
			return cmp.Or(cmp.Compare(SeverityRank(a.Name), SeverityRank(b.Name)), cmp.Compare(a.Name, b.Name))
		}
		return cmp.Or(cmp.Compare(b.Issues, a.Issues), cmp.Compare(a.Name, b.Name))
	})
	return slices.DeleteFunc(rates, func(r Rate) bool { return r.Issues == 0 && r.MilliACUs == 0 })
}
