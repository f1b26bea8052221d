package faults

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

var only = flag.String("only", "", "run the pairs \"call/fault\" that this regular expression matches")

// atOnce is how many pairs run at the same time: most of them wait.
const atOnce = 12

// table returns every pair of a call and a fault that fits it.
func table() []*pair {
	var pairs []*pair
	excepted := exceptions()
	theCalls, theFaults := calls(), faults()
	for i := range theFaults {
		for j := range theCalls {
			c, f := &theCalls[j], &theFaults[i]
			if f.fits != nil && !f.fits(c) {
				continue
			}
			p := &pair{call: c, fault: f, want: f.want}
			if c.kind == kindSend {
				p.want = f.sent
			}
			if e, ok := excepted[p.name()]; ok {
				p.want = e.want
			}
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// TestFaults is the fault table: whatever an upstream answers, a call ends in
// time and in words, takes nothing that was stored, and the next one that is
// answered rightly completes.
func TestFaults(t *testing.T) {
	chosen := regexp.MustCompile(*only)
	var light, heavy []*pair
	for _, p := range table() {
		switch {
		case !chosen.MatchString(p.name()):
		case p.fault.heavy:
			heavy = append(heavy, p)
		default:
			light = append(light, p)
		}
	}
	begun := time.Now()
	goldens := newUndisturbed(t)
	run := func(pairs []*pair, atOnce int) {
		var g errgroup.Group
		g.SetLimit(atOnce)
		for _, p := range pairs {
			g.Go(func() error {
				return telemetry.Guard(p.name(), func() error {
					p.run(t.Context(), goldens.database(), func() (figures, error) { return goldens.of(t.Context(), p.call) })
					return nil
				})
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	}
	run(light, atOnce)
	most := measured(func() { run(heavy, 1) })
	if most > mostGrowth {
		t.Errorf("heavy answers took %d MB of memory; want at most %d", most>>20, mostGrowth>>20)
	}
	report(t, append(light, heavy...), time.Since(begun), most)
}

// report prints the table and fails for each pair that has a problem.
func report(t *testing.T, pairs []*pair, took time.Duration, memory uint64) {
	if testing.Verbose() {
		fmt.Println(matrix(pairs))
	}
	failed := 0
	for _, p := range pairs {
		t.Run(p.name(), func(t *testing.T) {
			for _, problem := range p.problems {
				t.Error(problem)
			}
		})
		if len(p.problems) > 0 {
			failed++
		}
	}
	t.Logf("%d pairs in %s, %d failed; heavy answers took at most %d MB", len(pairs), took.Round(time.Second), failed, memory>>20)
}

// undisturbed are the worlds without a fault, by call, each made once, and
// where databases are made.
type undisturbed struct {
	dir   string
	empty []byte // a database without a row

	mu     sync.Mutex
	worlds map[string]func() (figures, error)
	n      int
}

func newUndisturbed(t *testing.T) *undisturbed {
	u := &undisturbed{dir: t.TempDir(), worlds: map[string]func() (figures, error){}}
	file := filepath.Join(u.dir, "empty.db")
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + file, Now: start})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if u.empty, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	return u
}

// database is the address of a fresh one.
func (u *undisturbed) database() string {
	u.mu.Lock()
	u.n++
	file := filepath.Join(u.dir, fmt.Sprint("world-", u.n, ".db"))
	u.mu.Unlock()
	_ = os.WriteFile(file, u.empty, 0o600) // opening it tells
	return "sqlite:" + file
}

func (u *undisturbed) of(ctx context.Context, c *call) (figures, error) {
	u.mu.Lock()
	made, ok := u.worlds[c.name]
	if !ok {
		made = sync.OnceValues(func() (figures, error) { return u.make(ctx, c) })
		u.worlds[c.name] = made
	}
	u.mu.Unlock()
	return made()
}

// make lets a world go the way of a pair, without the fault.
func (u *undisturbed) make(ctx context.Context, c *call) (figures, error) {
	w, err := newWorld(ctx, c, longTimeout, u.database())
	defer w.close()
	if err != nil {
		return figures{}, err
	}
	if err := c.ask(ctx, w); err != nil {
		return figures{}, fmt.Errorf("%s: %w", c.name, err)
	}
	w.later(2 * time.Hour)
	if e := c.use(ctx, w); e.err != nil {
		return figures{}, fmt.Errorf("%s: %w", c.name, e.err)
	}
	if err := w.everything(ctx); err != nil {
		return figures{}, err
	}
	return w.figures(ctx)
}

// matrix is the table as text: faults down, calls across.
func matrix(pairs []*pair) string {
	var out strings.Builder
	theCalls := calls()
	cells := map[string]*pair{}
	for _, p := range pairs {
		cells[p.name()] = p
	}
	for i, c := range theCalls {
		fmt.Fprintf(&out, "%2d %s\n", i+1, c.name)
	}
	fmt.Fprintf(&out, "\n%-24s", "")
	for i := range theCalls {
		fmt.Fprintf(&out, "%5d", i+1)
	}
	fmt.Fprintf(&out, "%9s\n", "slowest")
	for _, f := range faults() {
		slowest, met := time.Duration(0), false
		line := fmt.Sprintf("%-24s", f.name)
		for _, c := range theCalls {
			p := cells[c.name+"/"+f.name]
			if p == nil {
				line += fmt.Sprintf("%5s", "·")
				continue
			}
			met, slowest = true, max(slowest, p.took)
			line += fmt.Sprintf("%5s", p.cell())
		}
		if met {
			fmt.Fprintf(&out, "%s%9s\n", line, slowest.Round(time.Millisecond))
		}
	}
	out.WriteString("\nok: answered; dwn: down; brk: broken; tmo: timeout; key: token; den: denied; nf: not found; lim: rate limit; rej: rejected;\n" +
		"unk: outcome unknown; ·: the fault does not fit the call; !: a failed pair\n")
	return out.String()
}

// cell is how a pair ended, in a few letters.
func (p *pair) cell() string {
	short := map[telemetry.Code]string{
		fine: "ok", down: "dwn", broken: "brk", late: "tmo", telemetry.CodeUpstreamToken: "key", denied: "den", absent: "nf", limited: "lim",
		refusal: "rej", unknown: "unk",
	}[p.ended]
	if short == "" {
		short = "?"
	}
	if len(p.problems) > 0 {
		short += "!"
	}
	return short
}
