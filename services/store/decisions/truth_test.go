package decisions_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// labeled is a world whose scans say which flaw each finding is.
type labeled struct {
	world
	truth map[finding]string // flaws
	scans []identity.Scan
}

// fit is how well issues fit the flaws of findings: of how many findings, and
// the sums of the shares that identity's test calls precision and recall.
type fit struct {
	n                 int
	precision, recall float64
}

func (f *fit) add(o fit) {
	f.n, f.precision, f.recall = f.n+o.n, f.precision+o.precision, f.recall+o.recall
}

// TestDecisionsStandOnTheIssuesTheyWereMadeFor: in histories whose truth is
// known, with each disturbance that task identity tries, with late records, and
// after all is derived again by other rules, a decision stands on the issue of
// the finding that a person saw and on no other. So the issues of decisions are
// as much the flaws they were made for as identity's issues are.
func TestDecisionsStandOnTheIssuesTheyWereMadeFor(t *testing.T) {
	var all fit
	for k, kind := range history.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			w := &labeled{truth: map[finding]string{}}
			w.world = world{t: t, dice: rand.New(rand.NewPCG(uint64(k), 5)), made: map[int64]finding{}}
			if now := func() time.Time { return w.now }; k%6 == 4 {
				w.Store = storetest.OpenPostgresAt(t, now)
			} else {
				w.Store = storetest.OpenWith(t, store.Options{URL: "sqlite:" + t.TempDir() + "/test.db", Now: now})
			}
			w.play(history.Options{Seed: uint64(k) + 70, Repos: 1, ScansPerRepo: 16, FindingsPerScan: 24, Disturb: kind.Rates})
			if got := w.hold("the history went on"); !kind.Costs {
				all.add(got)
			}
			w.exec(`UPDATE files SET derived = 'other rules'`)
			w.rebuilt("derived again by other rules")
			for _, table := range []string{"issues", "appearances", "redirects", "issue_intervals", "days", "decided", "issue_counts", "needs"} {
				w.exec(`DELETE FROM ` + table)
			}
			w.exec(`UPDATE decision_issues SET issue_id = 0`)
			w.exec(`UPDATE files SET derived = 'other rules'`)
			w.rebuilt("derived again from nothing")
		})
	}
	if precision, recall := all.precision/float64(all.n), all.recall/float64(all.n); precision < 0.99 || recall < 0.99 {
		t.Errorf("of %d decisions precision is %.4f and recall %.4f; both must be 0.99, as of identity", all.n, precision, recall)
	}
}

// play stores a history in the order in which its files appear, and decides
// about some issues after each scan.
func (w *labeled) play(o history.Options) {
	for f := range history.Generate(o) {
		file := storetest.Fetched(f.Name, f.Body)
		if file.Err != nil {
			w.t.Fatal(f.Name, file.Err)
		}
		if at := f.At.Add(time.Minute); at.After(w.now) {
			w.now = at
		}
		storetest.Put(w.t, w.Store, file)
		if f.Kind != history.KindScan {
			continue
		}
		for ord, flaw := range f.Truth {
			w.truth[finding{f.Name, int64(ord)}] = flaw
		}
		w.scans = append(w.scans, identity.Scan{
			ScanPosition: telemetry.ScanPosition{At: telemetry.At(file.Record.Timestamp), File: f.Name, Run: file.Record.RunNumber},
			Findings:     file.Record.Findings, HasFindings: file.Record.HasFindings(),
		})
		for range 3 {
			w.now = w.now.Add(time.Minute)
			w.decide()
		}
	}
	if len(w.made) < 20 {
		w.t.Errorf("only %d decisions were made", len(w.made))
	}
}

func (w *labeled) rebuilt(when string) {
	w.t.Helper()
	if err := w.Rebuild(w.t.Context(), func(int, int) {}); err != nil {
		w.t.Fatal(err)
	}
	w.hold(when)
}

// hold compares each decision's issue with identity's own of the same finding:
// they have the same findings, and so fit the flaw as well.
func (w *labeled) hold(when string) (sum fit) {
	w.t.Helper()
	stored, folded := w.stored(), w.folded()
	for _, id := range slices.Sorted(maps.Keys(w.made)) {
		seen := w.made[id]
		on := w.issues(fmt.Sprintf("decision:%d", id), time.Time{})
		if len(on) != 1 {
			w.t.Errorf("%s: decision %d is about %d issues", when, id, len(on))
			continue
		}
		got, want := stored[on[0].PublicID], folded[seen]
		if !slices.Contains(got, seen) || !slices.Equal(got, want) {
			w.t.Errorf("%s: decision %d, made for %v (%s), is about the issue of %v, want that of %v", when, id, seen, w.truth[seen], got, want)
		}
		mine, ideal := w.fitOf(got, seen), w.fitOf(want, seen)
		if mine != ideal {
			w.t.Errorf("%s: decision %d fits its flaw %+v, identity's issue %+v", when, id, mine, ideal)
		}
		sum.add(mine)
	}
	return sum
}

// fitOf is how well an issue fits the flaw of one of its findings.
func (w *labeled) fitOf(issue []finding, seen finding) fit {
	flaw, both, all := w.truth[seen], 0, 0
	for _, f := range issue {
		if w.truth[f] == flaw {
			both++
		}
	}
	for _, of := range w.truth {
		if of == flaw {
			all++
		}
	}
	return fit{1, float64(both) / float64(max(len(issue), 1)), float64(both) / float64(all)}
}

// stored are the findings of issues by public id.
func (w *labeled) stored() map[string][]finding {
	w.t.Helper()
	issues := map[string][]finding{}
	err := w.Read(w.t.Context(), func(tx *store.Tx) error {
		tx.Each(`SELECT i.public_id, r.file, a.ord FROM appearances a JOIN runs r ON r.id = a.run_id JOIN issues i ON i.id = a.issue_id
			ORDER BY r.at, r.file, a.ord`, nil, func(r *store.Row) {
			var id string
			var f finding
			r.Scan(&id, &f.file, &f.ord)
			issues[id] = append(issues[id], f)
		})
		return tx.Err()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return issues
}

// folded are the findings of the issue of each finding as identity alone tells
// them from the scans in their order.
func (w *labeled) folded() map[finding][]finding {
	w.t.Helper()
	scans := slices.Clone(w.scans)
	slices.SortFunc(scans, func(a, b identity.Scan) int { return a.Compare(b.ScanPosition) })
	ledger := &identity.Ledger{}
	issues, of := map[*telemetry.Issue][]finding{}, map[finding]*telemetry.Issue{}
	for _, scan := range scans {
		out, err := ledger.Apply(scan)
		if err != nil {
			w.t.Fatal(err)
		}
		for ord, m := range out.Matches {
			f := finding{scan.File, int64(ord)}
			issues[m.Issue], of[f] = append(issues[m.Issue], f), m.Issue
		}
	}
	findings := map[finding][]finding{}
	for f, issue := range of {
		findings[f] = issues[issue]
	}
	return findings
}
