package shell

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Quotas return what the upstreams last said of the limits of their tokens; nil is
// one that is not asked.
type Quotas struct{ GitHub, Devin func() telemetry.RateLimit }

// freshness is what the shell of every page says about its data: how old it
// is, what is wrong upstream, how much waits for a person.
type freshness struct {
	sources []telemetry.SourceStatus // in the order of the strip
	quota   telemetry.RateLimit      // GitHub's
	devin   telemetry.RateLimit
	needs   int64
	last    telemetry.LastRun
	lease   telemetry.Lease
}

func (w *Shell) freshness(ctx context.Context) (freshness, error) {
	var p freshness
	var err error
	if p.sources, err = w.Dashboard.Sources(ctx); err != nil {
		return p, err
	}
	order := []string{sourceDatabase, "runs", "runs_dir", "sessions", "pulls"}
	slices.SortStableFunc(p.sources, func(a, b telemetry.SourceStatus) int {
		return cmp.Compare(slices.Index(order, a.Name), slices.Index(order, b.Name))
	})
	if w.Quotas.GitHub != nil {
		p.quota = w.Quotas.GitHub().At(w.Now())
	}
	if w.Quotas.Devin != nil {
		p.devin = w.Quotas.Devin().At(w.Now())
	}
	forYou, err := dashboard.Parse(w.Dashboard.Needs, NeedsForYou)
	if err != nil {
		return p, err
	}
	groups, err := w.Dashboard.NeedGroups(ctx, query.Ask{Query: forYou})
	if err != nil {
		return p, err
	}
	p.needs = groups.Total()
	if p.lease, err = w.Dashboard.Lease(ctx); err != nil {
		return p, err
	}
	p.last, err = w.Dashboard.LastRun(ctx, time.Time{})
	return p, err
}

// heldUntil is when an upstream's limit ends that stops the sources of the
// names; zero if none does.
func (p freshness) heldUntil(now time.Time, names ...string) time.Time {
	var until time.Time
	for _, s := range p.sources {
		if slices.Contains(names, s.Name) && s.Code == telemetry.CodeRateLimited && s.RetryAt.After(now) && s.RetryAt.After(until) {
			until = s.RetryAt.Time
		}
	}
	return until
}

// held is when GitHub and Devin can be asked again; zero is now.
func (w *Shell) held(p freshness) (github, devin time.Time) {
	return p.heldUntil(w.Now(), "runs", "pulls"), p.heldUntil(w.Now(), "sessions")
}

// freshnessText writes it as events and the strip carry it: times in unix
// seconds, and a digest of everything else that the strip says. A page writes
// the times into what it shows; only for another digest does it ask for the
// strip.
func (w *Shell) freshnessText(p freshness, f panels.Fresh) string {
	digest := fnv.New32a()
	words := []string{"needs=" + parts.Number(p.needs)}
	for _, s := range namedApart(p.sources) {
		if !s.OKAt.IsZero() {
			words = append(words, sourceWord(s)+"="+strconv.FormatInt(s.OKAt.Unix(), 10))
		}
	}
	for _, s := range f.Sources {
		fmt.Fprintln(digest, s.Name, s.Tone, s.Cause, s.At.IsZero())
	}
	fmt.Fprintln(digest, f.Newest, f.Problems, f.Quota.Known, f.Quota.Tone, f.Devin.Known, f.Devin.Tone, f.Jobs)
	if p.quota.Known {
		words = append(words, "quota="+f.Quota.Left)
	}
	if p.devin.Known {
		words = append(words, "quota-devin="+f.Devin.Left)
	}
	github, devin := w.held(p)
	for name, until := range map[string]time.Time{"github": github, "devin": devin} {
		if !until.IsZero() {
			words = append(words, "held-"+name+"="+strconv.FormatInt(until.Unix(), 10))
		}
	}
	slices.Sort(words)
	return strings.Join(append(words, fmt.Sprintf("digest=%x", digest.Sum32())), " ")
}

// freshnessShared is the text for all open streams of a person: one of them asks,
// and the others use its answer. It counts what is for that person.
type freshnessShared struct {
	asking chan struct{} // holds an element while of is in use
	of     map[string]freshnessSaid
}

type freshnessSaid struct {
	at   time.Time
	text string
}

// freshnessMost is for how many people the text is kept.
const freshnessMost = 500

const (
	// freshnessKept is how long an answer, or a failure, is used for all
	// streams.
	freshnessKept = time.Second

	// freshnessTimeout is how long the database may take to answer.
	freshnessTimeout = 3 * time.Second
)

// sharedFreshness returns the text, the last one if there is no new one in
// time, and "" once ctx has ended: a stream whose client is gone does
// not wait for the others.
func (w *Shell) sharedFreshness(ctx context.Context) string {
	select {
	case w.shared.asking <- struct{}{}:
		defer func() { <-w.shared.asking }()
	case <-ctx.Done():
		return ""
	}
	who := telemetry.PersonOf(ctx).Key
	said, known := w.shared.of[who]
	if age := w.Now().Sub(said.at); !known || age >= freshnessKept || age < 0 {
		asked, cancel := context.WithTimeout(ctx, freshnessTimeout)
		defer cancel()
		// If this fails, the strip stays as it is.
		if p, err := w.freshness(asked); err == nil {
			said.text = w.freshnessText(p, w.fresh(p))
		}
		said.at = w.Now()
		if len(w.shared.of) >= freshnessMost {
			clear(w.shared.of)
		}
		w.shared.of[who] = said
	}
	return said.text
}
