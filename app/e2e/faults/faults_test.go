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
	"telemetry-dashboard/services/telemetry/testsize"
)

var (
	only = flag.String("only", "", "run the pairs \"call/fault\" that this regular expression matches")
	full = flag.Bool("full", false, "run every pair, not one in a few")
)

// plainShare is of how many pairs one runs in a plain go test.
const plainShare = 20

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
// answered rightly completes. Without -full one pair in defaultShare runs, and in
// plainShare where not everything is to be tried.
func TestFaults(t *testing.T) {
	begun := time.Now()
	share := defaultShare
	if !testsize.All() && !*full {
		share = plainShare
		t.Logf("IN PART: one pair in %d; with CI=true one in %d", plainShare, defaultShare)
	}
	worlds := newUndisturbed(t)
	light, heavy := chosen(share)
	run(t, worlds, light, atOnce, worlds.database)
	most := measured(func() { run(t, worlds, heavy, 1, worlds.database) })
	if most > mostGrowth {
		t.Errorf("heavy answers took %d MB of memory; want at most %d", most>>20, mostGrowth>>20)
	}
	report(t, append(light, heavy...))
	t.Logf("in %s; heavy answers took at most %d MB", time.Since(begun).Round(time.Second), most>>20)
}

// TestFaultsOnPostgreSQL is a part of the same table on the other database.
func TestFaultsOnPostgreSQL(t *testing.T) {
	worlds := newUndisturbed(t)
	databases := newPostgres(t)
	light, _ := chosen(24)
	if *full {
		light, _ = chosen(8)
	}
	run(t, worlds, light, atOnce/2, databases.database)
	report(t, light)
}

// TestFaultsWithTwoReplicas is the same table where another program on the database
// runs the jobs that are asked for: all of it with -full, else one pair in 48.
func TestFaultsWithTwoReplicas(t *testing.T) {
	begun := time.Now()
	worlds := newUndisturbed(t)
	databases := newPostgres(t)
	light, heavy := chosen(48)
	if *full {
		light, heavy = chosen(defaultShare)
	}
	all := append(light, heavy...)
	for _, p := range all {
		p.replica = true
	}
	run(t, worlds, light, atOnce, databases.database)
	run(t, worlds, heavy, 1, databases.database)
	report(t, all)
	t.Logf("in %s", time.Since(begun).Round(time.Second))
}

// chosen returns the pairs to run: those that -only names, all with -full,
// and else one in so many, of which each call and each fault has some.
func chosen(oneIn int) (light, heavy []*pair) {
	named, pairs := regexp.MustCompile(*only), table()
	taken := sampled(pairs, oneIn)
	for _, p := range pairs {
		switch {
		case !named.MatchString(p.name()), *only == "" && (!*full || oneIn > defaultShare) && !taken[p]:
		case p.fault.heavy:
			heavy = append(heavy, p)
		default:
			light = append(light, p)
		}
	}
	return light, heavy
}

// sampled are one pair in so many. One in plainShare would leave out some calls
// and faults: these get a pair each.
func sampled(pairs []*pair, oneIn int) map[*pair]bool {
	taken, met := map[*pair]bool{}, map[string]bool{}
	take := func(p *pair) { taken[p], met[p.call.name], met[p.fault.name] = true, true, true }
	for i, p := range pairs {
		if i%oneIn == 0 {
			take(p)
		}
	}
	for _, p := range pairs {
		if oneIn == plainShare && (!met[p.call.name] || !met[p.fault.name]) {
			take(p)
		}
	}
	return taken
}

// run lets pairs happen, some at the same time, each in a database of its own.
func run(t *testing.T, worlds *undisturbed, pairs []*pair, atOnce int, database func() (string, error)) {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, p := range pairs {
		g.Go(func() error {
			return telemetry.Guard(p.name(), func() error {
				url, err := database()
				if err != nil {
					return err
				}
				p.run(t.Context(), url, func() (figures, error) { return worlds.of(t.Context(), p.call) })
				return nil
			})
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// report prints the table and fails for each pair that has a problem.
func report(t *testing.T, pairs []*pair) {
	t.Helper()
	if testing.Verbose() {
		fmt.Println(matrix(pairs))
	}
	failed := 0
	for _, p := range pairs {
		if len(p.problems) > 0 {
			failed++
			t.Errorf("%s: %s", p.name(), strings.Join(p.problems, "\n\t"))
		}
	}
	t.Logf("%d pairs, %d failed", len(pairs), failed)
}

// TestExceptionsAreOfTheTable: an exception whose pair is renamed or gone is
// no longer one.
func TestExceptionsAreOfTheTable(t *testing.T) {
	names := map[string]bool{}
	for _, p := range table() {
		names[p.name()] = true
	}
	for name, e := range exceptions() {
		if !names[name] || e.why == "" {
			t.Errorf("the exception %q: in the table %v, because %q", name, names[name], e.why)
		}
	}
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
func (u *undisturbed) database() (string, error) {
	u.mu.Lock()
	u.n++
	file := filepath.Join(u.dir, fmt.Sprint("world-", u.n, ".db"))
	u.mu.Unlock()
	return "sqlite:" + file, os.WriteFile(file, u.empty, 0o600)
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
	url, err := u.database()
	if err != nil {
		return figures{}, err
	}
	w, err := newWorld(ctx, c, longTimeout, url, false)
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
