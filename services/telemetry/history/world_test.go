package history

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry/testsize"
)

func newTestWorld(seed uint64) *World {
	return NewWorld(Options{Seed: seed, Disturb: Believable()})
}

func TestWorldShowsEverything(t *testing.T) {
	for seed := range uint64(testsize.Of(t, "worlds", 2, 6)) {
		w := newTestWorld(seed)
		seen := map[string]int{}
		for _, s := range w.Sessions() {
			word := string(s.State)
			switch {
			case s.Pull == nil:
			case !s.Pull.Merged.IsZero():
				word += ", merged"
			default:
				word += ", " + s.Pull.State
			}
			seen[word]++
			if s.State == StateWorking && w.Now().Sub(s.Updated) > 2*time.Hour {
				seen["stuck"]++
			}
			if s.State == StateWaiting && !strings.Contains(s.Messages[len(s.Messages)-1].Text, "?") {
				t.Errorf("seed %d: %s waits and asks nothing: %v", seed, s.Title, s.Messages)
			}
			if s.Updated.After(w.Now()) || s.Created.After(s.Updated) {
				t.Errorf("seed %d: %s was made at %v, changed at %v, now is %v", seed, s.ID, s.Created, s.Updated, w.Now())
			}
		}
		for _, want := range []string{"queued", "working", "stuck", "waiting", "pr_ready, open", "finished", "finished, merged", "finished, closed", "suspended", "expired", "failed"} {
			if seen[want] == 0 {
				t.Errorf("seed %d: no session is %s: %v", seed, want, seen)
			}
		}
		var all strings.Builder
		broken := 0
		for _, f := range w.Files() {
			all.Write(f.Body)
			if !json.Valid(f.Body) {
				broken++
			}
		}
		text := all.String()
		for _, want := range []string{`"status": "error: 429`, `"session_id": "dry-run"`, `"run_label": "orchestrator_dispatch_`, `"verified_at"`, `"zero_issue_run": true`, `"session_id": ""`, `"fork_url": ""`} {
			if !strings.Contains(text, want) {
				t.Errorf("seed %d: no record has %s", seed, want)
			}
		}
		if broken != 1 {
			t.Errorf("seed %d: %d files are broken, want 1", seed, broken)
		}
	}
}

// TestWorldCharacters looks at each repository that is to show something.
func TestWorldCharacters(t *testing.T) {
	for seed := range uint64(testsize.Of(t, "worlds", 2, 6)) {
		w := newTestWorld(seed)
		scans, verified := map[string][]File{}, map[string]bool{}
		for _, f := range w.Files() {
			switch {
			case f.Kind == KindScan && json.Valid(f.Body):
				scans[f.Repo] = append(scans[f.Repo], f)
			case f.Kind == KindVerification && strings.Contains(string(f.Body), `"remaining_count": 0`):
				verified[strings.Split(f.Name, "_")[1]] = true
			}
		}
		waiting := 0
		for _, s := range w.Sessions() {
			waiting += b2i(s.State == StatePRReady && verified[s.ID])
		}
		if waiting < 2 {
			t.Errorf("seed %d: %d fixes are verified and not merged", seed, waiting)
		}
		if len(scans) != len(w.Repos()) {
			t.Errorf("seed %d: %d repositories were scanned", seed, len(scans))
		}
		for repo, list := range scans {
			if late := overdue(list, w.Now()); late != (repo == "atlas-labs/docs-site") {
				t.Errorf("seed %d: %s: overdue is %v", seed, repo, late)
			}
			last := list[len(list)-1]
			if last.ScopeReduced != (repo == "harbor-pay/risk-engine") {
				t.Errorf("seed %d: %s: the last scan is narrowed: %v", seed, repo, last.ScopeReduced)
			}
			if withoutFindings := last.Truth == nil; withoutFindings != (repo == "atlas-labs/edge-proxy") {
				t.Errorf("seed %d: %s: the last scan names no findings: %v", seed, repo, withoutFindings)
			}
			if calm := strings.Contains(string(last.Body), `"issues_found": 0`); calm != (repo == "atlas-labs/mail-templates") {
				t.Errorf("seed %d: %s: nothing found: %v", seed, repo, calm)
			}
		}
	}
}

// overdue is the rule of docs/rules.md#overdue-scans: at least 4 scans, and none for the larger of
// twice the median interval and 48 hours.
func overdue(list []File, now time.Time) bool {
	var times []time.Time
	for _, f := range list {
		var rec named
		if json.Unmarshal(f.Body, &rec) == nil {
			times = append(times, rec.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	var gaps []time.Duration
	for n := 1; n < len(times); n++ {
		gaps = append(gaps, times[n].Sub(times[n-1]))
	}
	slices.Sort(gaps)
	return len(times) >= 4 && now.Sub(times[len(times)-1]) > max(2*gaps[len(gaps)/2], 48*time.Hour)
}

// TestWorldIsRepeatable plays two worlds by the same calls.
func TestWorldIsRepeatable(t *testing.T) {
	play := func(step time.Duration) ([]File, []Session, []Pull) {
		w := newTestWorld(7)
		end := w.Now()
		w.Scan("harbor-pay/ledger", 2, false, end.Add(time.Minute))
		for w.Now().Before(end.Add(time.Hour)) {
			w.Advance(w.Now().Add(step))
		}
		return w.Files(), w.Sessions(), w.Pulls()
	}
	aFiles, aSessions, aPulls := play(time.Minute)
	bFiles, bSessions, bPulls := play(time.Minute)
	if !reflect.DeepEqual(aFiles, bFiles) || !reflect.DeepEqual(aSessions, bSessions) || !reflect.DeepEqual(aPulls, bPulls) {
		t.Error("the same calls gave two worlds")
	}
	cFiles, cSessions, cPulls := play(59 * time.Minute / 4)
	if !reflect.DeepEqual(aFiles, cFiles) || !reflect.DeepEqual(aSessions, cSessions) || !reflect.DeepEqual(aPulls, cPulls) {
		t.Error("the world depends on how often one looks")
	}
}

func TestWorldGoesOn(t *testing.T) {
	w := newTestWorld(3)
	before, pulls := map[string]Session{}, len(w.Pulls())
	for _, s := range w.Sessions() {
		before[s.ID] = s
	}
	known := map[string]bool{}
	for _, f := range w.Files() {
		known[f.Name] = true
	}
	fresh, again := 0, 0
	for range 240 {
		for _, f := range w.Advance(w.Now().Add(time.Minute)) {
			if known[f.Name] {
				again++
			} else {
				fresh++
			}
			known[f.Name] = true
		}
	}
	if fresh < 20 || again == 0 {
		t.Errorf("in four hours %d files appeared and %d were rewritten", fresh, again)
	}
	moved := map[State]bool{}
	for _, s := range w.Sessions() {
		if b, ok := before[s.ID]; !ok || b.State != s.State {
			moved[s.State] = true
		}
	}
	for _, want := range []State{StatePRReady, StateFinished, StateWaiting} {
		if !moved[want] {
			t.Errorf("no session became %s in four hours: %v", want, moved)
		}
	}
	if len(w.Pulls()) <= pulls {
		t.Error("no pull request was opened in four hours")
	}
	if got := w.Advance(w.Now().Add(-time.Hour)); got != nil {
		t.Errorf("time went back: %v", got)
	}
}

func TestWorldAnswersReplies(t *testing.T) {
	for _, state := range []State{StateWaiting, StateWorking, StatePRReady, StateSuspended, StateFailed, StateExpired, StateFinished} {
		w := newTestWorld(5)
		for _, s := range w.Sessions() {
			if s.State != state {
				continue
			}
			at := w.Now().Add(10 * time.Second)
			if !w.Reply(s.ID, "Please use the allow-list.", at) {
				t.Fatalf("%s: no such session", s.ID)
			}
			got, _ := w.Session(s.ID)
			last := got.Messages[len(got.Messages)-1]
			if got.State != StateWorking || last.From != fromUser || last.Text != "Please use the allow-list." || !last.At.Equal(at) {
				t.Errorf("%s session after a reply: %s, %+v", state, got.State, last)
			}
			w.Advance(at.Add(3 * time.Hour))
			got, _ = w.Session(s.ID)
			if got.State != StatePRReady && got.State != StateFinished && got.State != StateWaiting {
				t.Errorf("%s session three hours after a reply: %s", state, got.State)
			}
			if s.Pull != nil && (got.Pull == nil || got.Pull.Number != s.Pull.Number) {
				t.Errorf("%s session: pull request %v became %v", state, s.Pull, got.Pull)
			}
			break
		}
	}
	if newTestWorld(5).Reply("00000000000000000000000000000000", "Hello?", time.Time{}) {
		t.Error("an unknown session took a reply")
	}
}

func TestWorldScans(t *testing.T) {
	w := newTestWorld(9)
	if w.Scan("nobody/nothing", 3, false, w.Now()) {
		t.Error("an unknown repository was scanned")
	}
	started := w.Now()
	w.Scan("northwind/storefront", 2, false, started)
	w.Scan("northwind/claims-api", 2, true, started)
	var real, dry []byte
	for _, f := range w.Advance(started.Add(45 * time.Second)) {
		switch {
		case strings.HasPrefix(f.Name, "northwind_storefront_run_"):
			real = f.Body
		case strings.HasPrefix(f.Name, "northwind_claims-api_run_"):
			dry = f.Body
		}
	}
	if n := strings.Count(string(real), `"session_id": "devin-`); n != 2 {
		t.Errorf("the scan names %d sessions, want 2:\n%.1500s", n, real)
	}
	if strings.Contains(string(dry), `"session_id": "devin-`) || !strings.Contains(string(dry), `"session_id": "dry-run"`) {
		t.Errorf("the dry run:\n%.1500s", dry)
	}
}

// TestWorldTakesWhatIsSent: a session that somebody started works on the issues of
// its tags, and ends; one for issues that are not there is none of the world's.
func TestWorldTakesWhatIsSent(t *testing.T) {
	w := newTestWorld(3)
	ids := []string{}
	for _, r := range w.m.repos {
		for _, i := range r.open {
			if id := i.ref.String(); id != "" && len(ids) < 2 && r == w.m.repos[1] {
				ids = append(ids, id)
			}
		}
	}
	at := w.Now().Add(time.Minute)
	if w.Take("0ff", "none", []string{"batch-1", "CQLF-R9999-0001"}, at) {
		t.Error("issues that are not there are taken")
	}
	if !w.Take("cafe", "Fix two", append([]string{"batch-1"}, ids...), at) {
		t.Fatalf("%q are not taken", ids)
	}
	began, _ := w.Session("cafe")
	w.Advance(at.Add(2 * time.Hour))
	s, found := w.Session("cafe")
	if !found || began.State == s.State || s.Title != "Fix two" || s.Tags[0] != "batch-1" || s.State == StateWorking || len(s.Messages) < 2 {
		t.Errorf("it began as %+v, and is %+v", began, s)
	}
}

// TestWorldInParallel is for the race detector: the wire players ask while
// time continues.
func TestWorldInParallel(t *testing.T) {
	w := newTestWorld(2)
	start := w.Now()
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for k := range 20 {
				w.Advance(start.Add(time.Duration(k*4+n) * 15 * time.Second))
				for _, s := range w.Sessions() {
					if s.State == StateWaiting {
						w.Reply(s.ID, "Go on.", w.Now())
					}
				}
				if len(w.Pulls()) == 0 || len(w.Files()) == 0 {
					t.Error("the world is empty")
				}
			}
		})
	}
	all.Wait()
	for _, s := range w.Sessions() {
		if len(s.Messages) > 30 {
			t.Errorf("%s was answered %d times", s.ID, len(s.Messages))
		}
	}
}
