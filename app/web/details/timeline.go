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

// movesMost is how many moves in a row are told one by one.
const movesMost = 2

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
		step := panels.StepOf{At: s.At.Time, State: stepState(s, attempt), Bits: stepBits(s)}
		if moves := movesFrom(rest); len(moves) > movesMost {
			n = len(moves)
			step.State.Word, step.Bits = fmt.Sprintf("Moved %d times", n), movesBits(moves)
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

func movesBits(moves []telemetry.Step) []panels.Bit {
	first, last := moves[0], moves[len(moves)-1]
	to := shell.SpotText(last.Seen.File, last.Seen.Line)
	if first.Was.File == last.Seen.File && last.Seen.Line > 0 {
		to = fmt.Sprintf("line %d", last.Seen.Line)
	}
	return []panels.Bit{
		{Text: shell.SpotText(first.Was.File, first.Was.Line) + " to " + to, Code: true}, runBit(first),
		{Text: "until " + shell.RunName(last.RunNumber, 0), URL: links.Run(string(last.RunFile))},
	}
}

func runBit(s telemetry.Step) panels.Bit {
	return panels.Bit{Text: shell.RunName(s.RunNumber, 0), URL: links.Run(string(s.RunFile))}
}

func stepState(s telemetry.Step, attempt int) parts.State {
	pull := "PR"
	if s.Pull != nil {
		pull = fmt.Sprintf("PR #%d", s.Pull.Number)
	}
	switch s.Kind {
	case telemetry.StepFirstSeen:
		return parts.State{Icon: "plus-circle", Tone: parts.Accent, Word: "First seen"}
	case telemetry.StepMoved:
		return parts.State{Icon: "arrow-right", Tone: parts.Muted, Word: "Moved"}
	case telemetry.StepFingerprintChanged:
		return parts.State{Icon: "link", Tone: parts.Muted, Word: "Fingerprint re-linked"}
	case telemetry.StepAttempt:
		return parts.State{Icon: "play", Tone: parts.Muted, Word: fmt.Sprintf("Dispatched, attempt %d", attempt)}
	case telemetry.StepSession:
		return sessionStep(s.Attempt)
	case telemetry.StepPROpened:
		word := pull + " opened"
		if s.At.IsZero() {
			word = pull
		}
		return parts.State{Icon: "git-pull-request", Tone: parts.Success, Word: word}
	case telemetry.StepVerified:
		state := panels.VerifiedState(int(s.Check.Fixed), int(s.Check.Targeted))
		state.Word = "Verified, " + state.Word
		return state
	case telemetry.StepMerged:
		return parts.State{Icon: "git-merge", Tone: parts.Done, Word: pull + " merged"}
	case telemetry.StepPRClosed:
		return parts.State{Icon: "git-pull-request-closed", Tone: parts.Danger, Word: pull + " closed"}
	case telemetry.StepGone:
		return parts.State{Icon: "check-circle", Tone: parts.Success, Word: "Gone"}
	case telemetry.StepBack:
		return parts.State{Icon: "issue-reopened", Tone: parts.Danger, Word: "Back"}
	case telemetry.StepNotScanned:
		return parts.State{Icon: "issue-draft", Tone: parts.Muted, Word: "Not scanned"}
	}
	return parts.State{Icon: "question", Tone: parts.Muted, Word: string(s.Kind)}
}

// sessionStep says what became of a session: "Session working, finished after
// 48 min".
func sessionStep(a *telemetry.AttemptRow) parts.State {
	polled := a.Polled()
	first, last := polled[0], polled[len(polled)-1]
	state := panels.SessionState(string(last.State), reasonOf(last), a.PR != nil)
	word := lowerFirst(state.Word)
	state.Word = "Session " + word
	if first.State != last.State {
		state.Word = "Session " + lowerFirst(panels.SessionState(string(first.State), reasonOf(first), true).Word) + ", " + word
		if d := last.At.Sub(first.At.Time); d >= time.Minute {
			state.Word += " after " + shell.DaysText(d)
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

// stepBits are what is known of a step, with the record or the thing behind
// it.
func stepBits(s telemetry.Step) []panels.Bit {
	switch s.Kind {
	case telemetry.StepFirstSeen:
		return []panels.Bit{runBit(s), {Text: shell.SpotText(s.Seen.File, s.Seen.Line), Code: true}}
	case telemetry.StepMoved:
		return append(moveBits(s), panels.Bit{Text: basisSame(s.Seen.Basis)})
	case telemetry.StepFingerprintChanged:
		if s.Was.File != s.Seen.File || s.Was.Line != s.Seen.Line {
			return append(moveBits(s), panels.Bit{Text: printsText(s)})
		}
		return []panels.Bit{runBit(s), {Text: printsText(s)}}
	case telemetry.StepBack:
		return append(moveBits(s), panels.Bit{Text: basisSame(s.Seen.Basis)})
	case telemetry.StepGone:
		return []panels.Bit{runBit(s), {Text: "first scan without it"}}
	case telemetry.StepNotScanned:
		return []panels.Bit{runBit(s), {Text: "looked at less than the scan before, and closed nothing"}}
	case telemetry.StepAttempt, telemetry.StepSession:
		return attemptBits(s)
	case telemetry.StepVerified:
		return verifiedBits(s)
	}
	return pullBits(s)
}

// basisSame says by what a finding was found to be the issue.
func basisSame(b telemetry.Basis) string {
	switch b {
	case telemetry.BasisSame, telemetry.BasisFingerprint, telemetry.BasisReopenedByFingerprint:
		return "same fingerprint"
	case telemetry.BasisLocation, telemetry.BasisReopenedByLocation:
		return "same rule, file and line"
	case telemetry.BasisNear:
		return "same rule and file"
	}
	return string(b)
}

// printsText says how a fingerprint changed, and what tells that the issue
// is the same.
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

// moveBits say where an issue is now, and where that is from where it was.
func moveBits(s telemetry.Step) []panels.Bit {
	bits := []panels.Bit{runBit(s), {Text: shell.SpotText(s.Seen.File, s.Seen.Line), Code: true}}
	lines := s.Seen.Line - s.Was.Line
	switch {
	case s.Was.File != s.Seen.File:
		return append(bits, panels.Bit{Text: "before in " + shell.SpotText(s.Was.File, s.Was.Line)})
	case lines > 0 && s.Was.Line > 0:
		return append(bits, panels.Bit{Text: parts.Plural(int(lines), "line", "") + " lower"})
	case lines < 0 && s.Seen.Line > 0:
		return append(bits, panels.Bit{Text: parts.Plural(int(-lines), "line", "") + " higher"})
	}
	return bits
}

func attemptBits(s telemetry.Step) []panels.Bit {
	a := s.Attempt
	session := panels.Bit{Text: shownID(a.Session), Code: true}
	if a.Known {
		session.URL = links.Session(telemetry.SessionKey(a.Session))
	}
	if s.Kind == telemetry.StepSession {
		return []panels.Bit{session, {Text: "as polled"}}
	}
	if a.Basis == telemetry.AttemptVerification {
		return []panels.Bit{{Text: "verification record", URL: links.APIRaw("", string(s.RunFile))}, session}
	}
	bits := []panels.Bit{{Text: shell.RunName(s.RunNumber, a.BatchID), URL: links.Run(string(s.RunFile))}}
	if a.Others > 0 {
		bits = append(bits, panels.Bit{Text: "with " + parts.Plural(int(a.Others), "other issue", "")})
	}
	if bits = append(bits, session); len(a.Polled()) == 0 && a.State != "" {
		bits = append(bits, panels.Bit{Text: lowerFirst(panels.SessionState(string(a.State), "", a.PR != nil).Word) + ", as recorded"})
	}
	return bits
}

// shownID is a session's id, short, with the "devin-" that people know it by.
func shownID(id string) string { return "devin-" + shell.ShortID(id) }

func verifiedBits(s telemetry.Step) []panels.Bit {
	v := s.Check
	bits := []panels.Bit{{Text: "re-scan", URL: links.APIRaw(v.Source, v.File)}}
	if strings.Contains(s.Text, "still found") {
		bits = append(bits, panels.Bit{Text: "this one still found"})
	} else {
		bits = append(bits, panels.Bit{Text: "this one no longer"})
	}
	return append(bits, pullBit(v.PullRef)...)
}

func pullBit(ref telemetry.PullRef) []panels.Bit {
	if ref.Number == 0 {
		return nil
	}
	return []panels.Bit{{Text: fmt.Sprintf("#%d", ref.Number), URL: links.Pull(ref.Repo, ref.Number)}}
}

// pullBits tell of a step of a pull request.
func pullBits(s telemetry.Step) []panels.Bit {
	if s.Pull == nil {
		return []panels.Bit{{Text: s.Text}}
	}
	p := s.Pull
	link := pullBit(telemetry.PullRef{Repo: p.Repo, Number: p.Number})
	switch s.Kind {
	case telemetry.StepMerged:
		return append(link, panels.Bit{Text: "into " + string(p.Repo)})
	case telemetry.StepPRClosed:
		return append(link, panels.Bit{Text: "without a merge"})
	}
	link[0].Text = cmp.Or(p.Title, link[0].Text)
	if s.At.IsZero() {
		link = append(link, panels.Bit{Text: "GitHub was not asked about it yet"})
	}
	if basis := shell.BasisWords(p.Basis); basis != "" {
		link = append(link, panels.Bit{Text: "linked by " + basis})
	}
	return link
}
