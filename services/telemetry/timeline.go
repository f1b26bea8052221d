package telemetry

import (
	"fmt"
	"slices"
)

// ScanPoint is a scan with findings data, as a timeline needs it.
type ScanPoint struct {
	ScanPosition
	Reduced bool // scope-reduced: it closed nothing
	Lost    bool // it did not look at the language of the issue
}

// ClosedNothing reports whether the scan says nothing of an issue that it does not name.
func (s ScanPoint) ClosedNothing() bool { return s.Reduced || s.Lost }

func (s ScanPoint) whyNotScanned() string {
	if s.Reduced {
		return "covered less than the one before and closed nothing"
	}
	return "named no finding of the issue's language and closed nothing of it"
}

// Timeline says what happened to an issue, in time order. scans are those of its
// repository from its first on, pulls those of the sessions that worked on it.
func Timeline(issue IssueDetail, scans []ScanPoint, pulls []PullRow) []Step {
	steps := appearanceSteps(issue, scans)
	for n := range issue.Attempts {
		steps = append(steps, attemptSteps(&issue.Attempts[n])...)
	}
	for _, p := range pulls {
		steps = append(steps, pullSteps(p)...)
	}
	for n, v := range issue.Verifications {
		steps = append(steps, Step{
			Kind:      StepVerified,
			At:        v.At,
			RunFile:   Optional(v.File),
			RunNumber: v.SourceRun,
			Source:    "record",
			Session:   Optional(v.Session),
			PRURL:     Optional(v.PRURL),
			Outcome:   v.Outcome,
			Text:      verificationText(issue, v),
			Check:     &issue.Verifications[n],
		})
	}
	for n := range issue.Decisions {
		steps = append(steps, decisionSteps(&issue.Decisions[n])...)
	}
	// A step without a time stands behind what led to it.
	when := func(s Step) Time {
		if !s.At.IsZero() {
			return s.At
		}
		for _, a := range issue.Attempts {
			if Optional(a.Session) == s.Session {
				return a.At
			}
		}
		return issue.FirstSeen.At
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return when(a).Compare(when(b).Time) })
	return steps
}

// attemptSteps are that a session worked on the issue, and what polling has told
// of that session since.
func attemptSteps(a *AttemptRow) []Step {
	text := fmt.Sprintf("Assigned to session %s.", a.Session)
	if a.BatchID != NoBatch && a.Basis != AttemptVerification {
		text = fmt.Sprintf("Assigned to session %s (batch %d).", a.Session, a.BatchID)
	}
	steps := []Step{{
		Kind:      StepAttempt,
		At:        a.At,
		RunFile:   Optional(a.File),
		RunNumber: a.RunNumber,
		Source:    "record",
		Session:   Optional(a.Session),
		PRURL:     Optional(a.PRURL),
		Text:      text,
		Attempt:   a,
	}}
	if polled := a.Polled(); len(polled) > 0 {
		text := fmt.Sprintf("Session %s: %s", a.Session, polled[0].State)
		for _, c := range polled[1:] {
			text += ", then " + string(c.State)
		}
		steps = append(steps, Step{
			Kind:    StepSession,
			At:      polled[0].At,
			Source:  "devin",
			Session: Optional(a.Session),
			Text:    text + ".",
			Attempt: a,
		})
	}
	return steps
}

// Polled returns the states of the attempt's session that no record told,
// oldest first.
func (a *AttemptRow) Polled() []StateChange {
	first := slices.IndexFunc(a.States, func(c StateChange) bool { return c.Origin != "record" })
	if first < 0 {
		return nil
	}
	return a.States[first:]
}

func verificationText(issue IssueDetail, v VerificationRow) string {
	for _, i := range v.Issues {
		if i.StoreID == issue.StoreID && i.Result == VerifiedPresent {
			return "The re-scan of the fix still found it."
		}
	}
	return "The re-scan of the fix no longer found it."
}

// appearanceSteps are the steps that the scans tell: first seen, moved, gone, back,
// not scanned.
func appearanceSteps(issue IssueDetail, scans []ScanPoint) []Step {
	seen := map[string]*Appearance{}
	for n, a := range issue.Appearances {
		seen[a.RunFile+a.At.String()] = &issue.Appearances[n]
	}
	var steps []Step
	var last *Appearance
	open, skipped := false, false
	for _, scan := range scans {
		a, named := seen[scan.File+scan.At.String()]
		step := Step{At: scan.At, RunFile: Optional(scan.File), RunNumber: scan.Run, Source: "record", Seen: a, Was: last}
		switch {
		case named && last == nil:
			step.Kind, step.Text = StepFirstSeen, fmt.Sprintf("First seen in run %d, at %s.", scan.Run, spotText(a))
		case named && !open:
			step.Kind, step.Text = StepBack, fmt.Sprintf("Reopened: run %d found it again, at %s (%s).", scan.Run, spotText(a), a.Basis)
		case named && a.fingerprintChanged(last):
			step.Kind, step.Text = StepFingerprintChanged,
				fmt.Sprintf("Fingerprint %s became %s, at %s (matched by %s).", last.Fingerprint, a.Fingerprint, spotText(a), a.Basis)
		case named && (a.File != last.File || a.Line != last.Line):
			step.Kind, step.Text = StepMoved, fmt.Sprintf("Moved from %s to %s (matched by %s).", spotText(last), spotText(a), a.Basis)
		case !named && open && scan.ClosedNothing() && !skipped:
			step.Kind, step.Text = StepNotScanned,
				fmt.Sprintf("Not scanned: run %d %s.", scan.Run, scan.whyNotScanned())
		case !named && open && !scan.ClosedNothing():
			step.Kind, step.Text = StepGone, fmt.Sprintf("Fixed: run %d no longer found it.", scan.Run)
		}
		if named {
			open, last = true, a
		} else if !scan.ClosedNothing() {
			open = false
		}
		skipped = !named && scan.ClosedNothing()
		if step.Kind != "" {
			steps = append(steps, step)
		}
	}
	return steps
}

// fingerprintChanged reports whether a scan gave the issue another fingerprint than the
// scan before. A computed one follows its place, which is a move and no more.
func (a *Appearance) fingerprintChanged(last *Appearance) bool {
	return a.Fingerprint != last.Fingerprint && a.Fingerprint != "" && last.Fingerprint != "" && (!a.computed() || !last.computed())
}

func (a *Appearance) computed() bool {
	return a.Fingerprint == ComputedFingerprint(Finding{Rule: a.Rule, File: a.File, Line: a.Line})
}

func spotText(a *Appearance) string {
	if a.Line == 0 {
		return a.File
	}
	return fmt.Sprintf("%s:%d", a.File, a.Line)
}

// pullSteps are the steps that a pull request tells.
func pullSteps(p PullRow) []Step {
	step := func(kind StepKind, text string) Step {
		return Step{
			Kind:    kind,
			Source:  "github",
			Session: Optional(p.Session),
			PRURL:   Optional(p.URL),
			Pull:    &p,
			Text:    fmt.Sprintf("Pull request #%d %s.", p.Number, text),
		}
	}
	opened := step(StepPROpened, "was opened")
	opened.At = p.CreatedAt.Time
	if p.State == "unknown" && p.CreatedAt.IsZero() {
		opened = step(StepPROpened, "is named; not fetched from GitHub yet")
		opened.Source = "record"
	}
	steps := []Step{opened}
	switch {
	case p.Merged:
		s := step(StepMerged, "was merged")
		s.At = p.MergedAt
		steps = append(steps, s)
	case p.State == "closed":
		s := step(StepPRClosed, "was closed without a merge")
		s.At = p.ClosedAt
		steps = append(steps, s)
	}
	return steps
}
