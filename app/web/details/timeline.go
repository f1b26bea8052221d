package details

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// maxMoves is how many moves in a row are shown one by one.
const maxMoves = 2

// issueSteps are the steps of the timeline as they are shown: many moves in a
// row are one step.
func issueSteps(i telemetry.IssueDetail) []panels.StepOf {
	var steps []panels.StepOf
	attempt := 0
	var before time.Time
	for rest := i.Timeline; len(rest) > 0; {
		s, n := rest[0], 1
		if s.Kind == telemetry.StepAttempt {
			attempt++
		}
		step := panels.StepOf{At: s.At.Time, State: stepState(s, attempt), Segments: stepSegments(s)}
		if moves := movesFrom(rest); len(moves) > maxMoves {
			n = len(moves)
			step.State.Label, step.Segments = fmt.Sprintf("Moved %d times", n), movedSegments(moves)
		}
		if s.Kind == telemetry.StepSession && s.Attempt.State.Active() {
			step.For = s.Attempt.States[len(s.Attempt.States)-1].At.Time
		}
		if !before.IsZero() && step.At.Sub(before) >= time.Minute {
			step.After = shell.DaysText(step.At.Sub(before))
		}
		if last := rest[n-1].At; !last.IsZero() {
			before = last.Time
		}
		steps, rest = append(steps, step), rest[n:]
	}
	return steps
}

// movesFrom returns the moves that a timeline begins with.
func movesFrom(steps []telemetry.Step) []telemetry.Step {
	n := 0
	for n < len(steps) && steps[n].Kind == telemetry.StepMoved {
		n++
	}
	return steps[:n]
}

func movedSegments(moves []telemetry.Step) []panels.Segment {
	first, last := moves[0], moves[len(moves)-1]
	to := shell.SpotText(last.Seen.File, last.Seen.Line)
	if first.Was.File == last.Seen.File && last.Seen.Line > 0 {
		to = fmt.Sprintf("line %d", last.Seen.Line)
	}
	return []panels.Segment{
		{Text: shell.SpotText(first.Was.File, first.Was.Line) + " to " + to, Code: true}, runSegment(first),
		{Text: "until " + shell.RunName(last.RunNumber, 0), URL: links.Run(string(last.RunFile))},
	}
}

func runSegment(s telemetry.Step) panels.Segment {
	return panels.Segment{Text: shell.RunName(s.RunNumber, 0), URL: links.Run(string(s.RunFile))}
}

func stepState(s telemetry.Step, attempt int) parts.State {
	pull := "PR"
	if s.Pull != nil {
		pull = fmt.Sprintf("PR #%d", s.Pull.Number)
	}
	opened := pull
	if !s.At.IsZero() {
		opened += " opened"
	}
	switch s.Kind {
	case telemetry.StepSession:
		return sessionStep(s.Attempt)
	case telemetry.StepDecided, telemetry.StepDecisionUndone, telemetry.StepDecisionExpired:
		return decisionStep(s)
	case telemetry.StepVerified:
		state := panels.VerifiedState(s.Check.Fixed, s.Check.Targeted)
		state.Label = "Verified, " + state.Label
		return state
	}
	return cmp.Or(map[telemetry.StepKind]parts.State{
		telemetry.StepFirstSeen:          {Icon: "plus-circle", Tone: parts.Accent, Label: "First seen"},
		telemetry.StepMoved:              {Icon: "arrow-right", Tone: parts.Muted, Label: "Moved"},
		telemetry.StepFingerprintChanged: {Icon: "link", Tone: parts.Muted, Label: "Fingerprint re-linked"},
		telemetry.StepAttempt:            {Icon: "play", Tone: parts.Muted, Label: fmt.Sprintf("Dispatched, attempt %d", attempt)},
		telemetry.StepPROpened:           {Icon: "git-pull-request", Tone: parts.Success, Label: opened},
		telemetry.StepMerged:             {Icon: "git-merge", Tone: parts.Done, Label: pull + " merged"},
		telemetry.StepPRClosed:           {Icon: "git-pull-request-closed", Tone: parts.Danger, Label: pull + " closed"},
		telemetry.StepGone:               {Icon: "check-circle", Tone: parts.Success, Label: "Fixed"},
		telemetry.StepBack:               {Icon: "issue-reopened", Tone: parts.Danger, Label: "Reopened"},
		telemetry.StepNotScanned:         {Icon: "issue-draft", Tone: parts.Muted, Label: "Not scanned"},
	}[s.Kind], parts.State{Icon: "question", Tone: parts.Muted, Label: string(s.Kind)})
}

// sessionStep is the history of a session: "Session working, finished after
// 48 min".
func sessionStep(a *telemetry.AttemptRow) parts.State {
	polled := a.Polled()
	first, last := polled[0], polled[len(polled)-1]
	state := panels.SessionState(last.State, reasonOf(last), a.PR != nil)
	word := lowerFirst(state.Label)
	state.Label = "Session " + word
	if first.State != last.State {
		state.Label = "Session " + lowerFirst(panels.SessionState(first.State, reasonOf(first), true).Label) + ", " + word
		if d := last.At.Sub(first.At.Time); d >= time.Minute {
			state.Label += " after " + shell.DaysText(d)
		}
	}
	return state
}

// lowerFirst writes a word as within a sentence; "PR ready" stays.
func lowerFirst(word string) string {
	if strings.HasPrefix(word, "PR") || word == "" {
		return word
	}
	_, size := utf8.DecodeRuneInString(word)
	return strings.ToLower(word[:size]) + word[size:]
}

// decisionStep is what a person decided, or that it ended.
func decisionStep(s telemetry.Step) parts.State {
	state := parts.State{Icon: "pencil", Tone: parts.Muted, Label: s.Decided.Words()}
	switch s.Kind {
	case telemetry.StepDecisionUndone:
		state.Label += ", undone"
	case telemetry.StepDecisionExpired:
		state.Icon, state.Label = "clock", "Acceptance ended"
		if s.Decided.Action == telemetry.ActionSnooze {
			state.Label = "Snooze ended"
		}
	}
	return state
}

func decisionSegments(s telemetry.Step) []panels.Segment {
	by := s.Decided.By
	if s.Kind == telemetry.StepDecisionUndone {
		by = string(s.Decided.UndoneBy)
	}
	if s.Kind == telemetry.StepDecisionExpired {
		return nil
	}
	segments := []panels.Segment{{Text: "by " + by}}
	if s.Kind == telemetry.StepDecided && s.Decided.Comment != "" {
		segments = append(segments, panels.Segment{Text: "“" + s.Decided.Comment + "”"})
	}
	return segments
}

func stepSegments(s telemetry.Step) []panels.Segment {
	switch s.Kind {
	case telemetry.StepDecided, telemetry.StepDecisionUndone, telemetry.StepDecisionExpired:
		return decisionSegments(s)
	case telemetry.StepFirstSeen:
		return []panels.Segment{runSegment(s), {Text: shell.SpotText(s.Seen.File, s.Seen.Line), Code: true}}
	case telemetry.StepMoved, telemetry.StepBack:
		return append(locationSegments(s), panels.Segment{Text: basisSame(s.Seen.Basis)})
	case telemetry.StepFingerprintChanged:
		if s.Was.File != s.Seen.File || s.Was.Line != s.Seen.Line {
			return append(locationSegments(s), panels.Segment{Text: printsText(s)})
		}
		return []panels.Segment{runSegment(s), {Text: printsText(s)}}
	case telemetry.StepGone:
		return []panels.Segment{runSegment(s), {Text: "first scan without it"}}
	case telemetry.StepNotScanned:
		return []panels.Segment{runSegment(s), {Text: "covered less than the scan before and closed nothing"}}
	case telemetry.StepAttempt, telemetry.StepSession:
		return attemptSegments(s)
	case telemetry.StepVerified:
		return verifiedSegments(s)
	}
	return pullSegments(s)
}

// basisSame says by what a finding was found to be the issue.
func basisSame(b telemetry.Basis) string {
	return cmp.Or(map[telemetry.Basis]string{
		telemetry.BasisSame:                  "same fingerprint",
		telemetry.BasisFingerprint:           "same fingerprint",
		telemetry.BasisReopenedByFingerprint: "same fingerprint",
		telemetry.BasisLocation:              "same rule, file and line",
		telemetry.BasisReopenedByLocation:    "same rule, file and line",
		telemetry.BasisNear:                  "same rule and file",
	}[b], string(b))
}

// printsText says how a fingerprint changed, and why the issue is the same.
func printsText(s telemetry.Step) string {
	was, is := s.Was.Fingerprint, s.Seen.Fingerprint
	change, same := "another fingerprint", basisSame(s.Seen.Basis)
	if len(was) != len(is) {
		change = fmt.Sprintf("%d to %d hex digits", len(was), len(is))
	}
	if telemetry.SameFingerprint(was, is) {
		same = "the same beginning"
	}
	return change + ", " + same
}

// locationSegments say where an issue is now, and where that is from where it was.
func locationSegments(s telemetry.Step) []panels.Segment {
	segments := []panels.Segment{runSegment(s), {Text: shell.SpotText(s.Seen.File, s.Seen.Line), Code: true}}
	lines := s.Seen.Line - s.Was.Line
	switch {
	case s.Was.File != s.Seen.File:
		return append(segments, panels.Segment{Text: "before in " + shell.SpotText(s.Was.File, s.Was.Line)})
	case lines > 0 && s.Was.Line > 0:
		return append(segments, panels.Segment{Text: parts.Plural(lines, "line", "") + " lower"})
	case lines < 0 && s.Seen.Line > 0:
		return append(segments, panels.Segment{Text: parts.Plural(-lines, "line", "") + " higher"})
	}
	return segments
}

func attemptSegments(s telemetry.Step) []panels.Segment {
	a := s.Attempt
	session := panels.Segment{Text: "devin-" + shell.ShortID(a.Session), Code: true}
	if a.Known {
		session.URL = links.Session(telemetry.SessionKey(a.Session))
	}
	if s.Kind == telemetry.StepSession {
		return []panels.Segment{session, {Text: "as polled"}}
	}
	if a.Basis == telemetry.AttemptVerification {
		return []panels.Segment{recordSegment("verification record", "", string(s.RunFile), a.PrunedAt), session}
	}
	segments := []panels.Segment{{Text: shell.RunName(s.RunNumber, a.BatchID), URL: links.Run(string(s.RunFile))}}
	if a.Others > 0 {
		segments = append(segments, panels.Segment{Text: "one of " + parts.Number(a.Others+1) + " issues",
			URL: shell.TermURL(links.Issues, "session", a.Session)})
	}
	if by := namedBy(a.Basis); by != "" {
		segments = append(segments, panels.Segment{Text: by})
	}
	if segments = append(segments, session); len(a.Polled()) == 0 && a.State != "" {
		state := panels.SessionState(a.State, "", a.PR != nil)
		segments = append(segments, panels.Segment{Text: lowerFirst(state.Label) + ", as recorded"})
	}
	return segments
}

// namedBy says what names an issue of a session where its record does not.
func namedBy(basis telemetry.AttemptBasis) string {
	switch basis {
	case telemetry.AttemptLog:
		return "named by the run’s log"
	case telemetry.AttemptState:
		return "named by the orchestrator’s state"
	}
	return ""
}

func verifiedSegments(s telemetry.Step) []panels.Segment {
	v := s.Check
	segments := []panels.Segment{recordSegment("re-scan", v.Source, v.File, v.PrunedAt)}
	if strings.Contains(s.Text, "still found") {
		segments = append(segments, panels.Segment{Text: "this one still found"})
	} else {
		segments = append(segments, panels.Segment{Text: "this one no longer"})
	}
	return append(segments, pullSegment(v.PullRef)...)
}

// recordSegment leads to a verification's record, and says so where that was
// pruned.
func recordSegment(text, source, file string, pruned telemetry.Time) panels.Segment {
	to := shell.RecordLink(text, source, file, pruned)
	return panels.Segment{Text: to.Text, URL: to.URL}
}

func pullSegment(ref telemetry.PullRef) []panels.Segment {
	if ref.Number == 0 {
		return nil
	}
	return []panels.Segment{{Text: fmt.Sprintf("#%d", ref.Number), URL: links.Pull(ref.Repo, ref.Number)}}
}

func pullSegments(s telemetry.Step) []panels.Segment {
	if s.Pull == nil {
		return []panels.Segment{{Text: s.Text}}
	}
	p := s.Pull
	link := pullSegment(telemetry.PullRef{Repo: p.Repo, Number: p.Number})
	switch s.Kind {
	case telemetry.StepMerged:
		return append(link, panels.Segment{Text: "into " + string(p.Repo)})
	case telemetry.StepPRClosed:
		return append(link, panels.Segment{Text: "without a merge"})
	}
	link[0].Text = cmp.Or(p.Title, link[0].Text)
	if s.At.IsZero() {
		link = append(link, panels.Segment{Text: "not fetched from GitHub yet"})
	}
	if basis := shell.BasisText(p.Basis); basis != "" {
		link = append(link, panels.Segment{Text: "linked by " + basis})
	}
	return link
}
