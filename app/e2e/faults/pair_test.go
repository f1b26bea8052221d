package faults

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// mostWait is within what time everything ends by itself, also under the race
// detector on a busy machine.
const mostWait = 5 * time.Minute

// pair is a call that meets a fault, and its result.
type pair struct {
	call     *call
	fault    *fault
	replica  bool // another program runs the jobs
	want     expect
	ended    telemetry.Code
	took     time.Duration
	problems []string
}

func (p *pair) name() string { return p.call.name + "/" + p.fault.name }

func (p *pair) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// sentence is what a person reads of an error.
func sentence(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	if n, ok := errors.AsType[noted](err); ok {
		return string(n)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// codeOf is the code of an error, fine for none and for a remark.
func codeOf(err error) telemetry.Code {
	if _, known := errors.AsType[*telemetry.Error](err); err == nil || !known && isNoted(err) {
		return fine
	}
	return telemetry.CodeOf(err)
}

func isNoted(err error) bool {
	_, ok := errors.AsType[noted](err)
	return ok
}

// holds reports whether an ending is what is expected.
func (e expect) holds(code telemetry.Code, said string) bool {
	return slices.Contains(e.codes, code) && regexp.MustCompile("(?i)"+e.words).MatchString(said)
}

// run lets the call meet the fault, in a world over the database at url.
func (p *pair) run(ctx context.Context, url string, golden func() (figures, error)) {
	timeout := longTimeout
	if p.fault.slow {
		timeout = shortTimeout
	}
	w, err := newWorld(ctx, p.call, timeout, url, p.replica)
	defer w.close()
	if err != nil {
		p.problem("before the fault: %v", err)
		return
	}
	before, err := w.figures(ctx)
	if err != nil {
		p.problem("before the fault: %v", err)
		return
	}
	w.wire.set(p.call, p.fault)
	p.meet(ctx, w, before)
	if w.wire.met() == 0 {
		p.problem("no request met the fault")
	}
	if err := w.restart(ctx); err != nil {
		p.problem("the second start: %v", err)
		return
	}
	p.meetAgain(ctx, w, before)
	p.secrets(w)
	w.wire.set(nil, nil)
	w.later(2 * time.Hour)
	p.recover(ctx, w, golden)
}

// meet asks and uses while the fault lasts.
func (p *pair) meet(ctx context.Context, w *world, before figures) {
	var asked error
	p.took = p.within(ctx, "the client", func(ctx context.Context) { asked = p.call.ask(ctx, w) })
	p.ended = codeOf(asked)
	if !p.want.holds(p.ended, sentence(asked)) {
		p.problem("the client ended with %q: %q; want %q and the words %q", p.ended, errorText(asked), p.want.codes, p.want.words)
	}
	p.leaks("the client's error", errorText(asked))
	var used ending
	p.within(ctx, "the job", func(ctx context.Context) { used = p.call.use(ctx, w) })
	p.said("the job", used)
	p.intact(ctx, w, before, used)
}

// meetAgain uses once more after a second start.
func (p *pair) meetAgain(ctx context.Context, w *world, before figures) {
	var used ending
	p.within(ctx, "the job after a second start", func(ctx context.Context) { used = p.call.use(ctx, w) })
	p.said("the job after a second start", used)
	p.intact(ctx, w, before, used)
}

// said checks that a job shows its failure to a person.
func (p *pair) said(what string, used ending) {
	p.leaks(what, used.said+errorText(used.err))
	code := codeOf(used.err)
	switch {
	case slices.Contains(p.want.codes, code) && code != fine:
	case isNoted(used.err), code == fine && slices.Contains(p.want.codes, fine):
	case p.call.name == "one pull request" && code == fine: // it stays unknown, which its list shows
	default:
		p.problem("%s ended with %q: %q; want %q", what, code, errorText(used.err), p.want.codes)
	}
	if code == telemetry.CodeInternal || strings.Contains(used.said, "Internal error") {
		p.problem("%s failed inside the program: %v", what, used.err)
	}
}

// within runs do, and reports one that does not end by itself.
func (p *pair) within(ctx context.Context, what string, do func(context.Context)) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, mostWait)
	defer cancel()
	begun := time.Now()
	do(ctx)
	if ctx.Err() != nil {
		p.problem("%s did not end in %s", what, mostWait)
	}
	return time.Since(begun)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// leaks checks that a text does not hold a secret.
func (p *pair) leaks(what, text string) {
	if strings.Contains(text, secretToken) || strings.Contains(text, secretKeyPart) {
		p.problem("%s holds the token or the key", what)
	}
}

// secrets checks what left the program, and its log.
func (p *pair) secrets(w *world) {
	p.leaks("the log", w.log.String())
	if strings.Contains(w.log.String(), "panic") {
		p.problem("a panic was recovered: %s", around(w.log.String(), "panic"))
	}
	o := w.wire.other
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.tokens) > 0 {
		p.problem("another host was sent the token, in %q", o.tokens)
	}
	if len(o.asked) > 0 && p.call.kind != kindBytes && p.call.kind != kindLink {
		p.problem("another host was asked: %q", o.asked[0])
	}
}

func around(text, word string) string {
	at := strings.Index(text, word)
	return text[max(0, at-200):min(len(text), at+600)]
}

// intact checks that the fault took nothing that was stored.
func (p *pair) intact(ctx context.Context, w *world, before figures, used ending) {
	after, err := w.figures(ctx)
	if err != nil {
		p.problem("what is stored cannot be read: %v", err)
		return
	}
	if lost := before.lost(after); len(lost) > 0 {
		p.problem("lost what was stored: %s", strings.Join(lost, "; "))
	}
	// A holder with clients of its own meets a limit after it has read other pull requests,
	// where the one program has met it before.
	limitMet := p.replica && codeOf(used.err) == limited && len(p.call.methods) > 0 && strings.HasPrefix(p.call.methods[0], "github.PullRequest")
	if codeOf(used.err) != fine && p.call.kind != kindSend && !p.call.goesOn && !limitMet {
		if diff := before.diff(after); diff != "" {
			p.problem("the job failed and changed figures:\n%s", diff)
		}
	}
}

// recover checks that the world is, after the fault, what it would be
// without it.
func (p *pair) recover(ctx context.Context, w *world, golden func() (figures, error)) {
	if e := p.call.use(ctx, w); e.err != nil {
		p.problem("after the fault it still fails: %v", e.err)
	}
	if err := w.everything(ctx); err != nil {
		p.problem("after the fault, a job fails: %v", err)
		return
	}
	got, err := w.figures(ctx)
	if err != nil {
		p.problem("after the fault: %v", err)
		return
	}
	want, err := golden()
	if err != nil {
		p.problem("the undisturbed world: %v", err)
		return
	}
	switch p.fault.effect {
	case otherText:
		got.rows, want.rows = nil, nil
	case moreRows:
		if lost := want.lost(got); len(lost) > 0 {
			p.problem("after the fault, something is lost: %s", strings.Join(lost, "; "))
		}
		got = want
	}
	if diff := want.diff(got); diff != "" {
		p.problem("after the fault, figures are not those of an undisturbed world:\n%s", diff)
	}
	p.lateMerge(ctx, w)
}

// lateMerge checks that what happens after the fault is seen.
func (p *pair) lateMerge(ctx context.Context, w *world) {
	w.later(time.Hour)
	was, err := w.board.Totals(ctx)
	if err != nil {
		p.problem("after the fault: %v", err)
		return
	}
	at := w.now().Add(-time.Minute)
	w.gh.Repo(shop).PutPull(telemetry.PullRequest{Number: 7, Title: title(7), CreatedAt: start().Add(-2 * time.Hour),
		UpdatedAt: at, MergedAt: at})
	if e := job(ingest.JobPollPRs)(ctx, w); e.err != nil {
		p.problem("a later merge: %v", e.err)
	}
	is, err := w.board.Totals(ctx)
	if err != nil || is.PRs.Merged != was.PRs.Merged+1 {
		p.problem("a later merge was not seen: %d merged, then %d (%v)", was.PRs.Merged, is.PRs.Merged, err)
	}
}
