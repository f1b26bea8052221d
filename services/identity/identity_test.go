package identity

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// histories is how many histories each disturbance gets; task identity asks
// for more than the everyday test.
var histories = flag.Int("histories", 12, "histories for each disturbance")

// score counts how well issues fit the truth, over findings: a finding's
// precision is the share of its issue's findings that are truly the same
// flaw, its recall the share of the flaw's findings that its issue has.
// (Known as B³. One wrong match in a chain of thirty scans so costs every
// finding of both chains.)
type score struct {
	histories, findings int
	precision, recall   float64 // sums over findings
	links, right, true_ int     // steps from one appearance to the next: made, made rightly, and true ones
	reduced, caught     int     // scope-reduced scans, and those that the scope guard saw
	wrongly             int     // full scans that it took for scope-reduced ones
}

func (s *score) add(o score) {
	s.histories += o.histories
	s.findings += o.findings
	s.precision += o.precision
	s.recall += o.recall
	s.links += o.links
	s.right += o.right
	s.true_ += o.true_
	s.reduced += o.reduced
	s.caught += o.caught
	s.wrongly += o.wrongly
}

func (s *score) rates() (precision, recall float64) {
	return s.precision / float64(s.findings), s.recall / float64(s.findings)
}

// truthScan is a scan of a generated history with what is true of it.
type truthScan struct {
	Scan
	truth   []string
	reduced bool
}

// generated returns the scans of a generated history by repository key, in
// the order of their files' arrival.
func generated(t testing.TB, o history.Options) map[string][]truthScan {
	t.Helper()
	scans := map[string][]truthScan{}
	for f := range history.Generate(o) {
		if f.Kind != history.KindScan {
			continue
		}
		rec, err := telemetry.ParseRecord(f.Body)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		key := rec.Repo.Key()
		scans[key] = append(scans[key], truthScan{scanOf(f.Name, rec), f.Truth, f.ScopeReduced})
	}
	return scans
}

func scanOf(name string, rec *telemetry.Record) Scan {
	return Scan{ScanPosition: telemetry.ScanPosition{At: telemetry.At(rec.Timestamp), File: name, Run: rec.RunNumber}, Findings: rec.Findings, HasFindings: rec.HasFindings()}
}

// measure applies one repository's scans and holds its issues against the
// truth.
func measure(t testing.TB, key string, scans []truthScan) score {
	t.Helper()
	scans = slices.Clone(scans)
	slices.SortFunc(scans, func(a, b truthScan) int { return a.Compare(b.ScanPosition) })
	l := &Ledger{Repo: telemetry.RepoName(key)}
	s := score{histories: 1}
	both, issues, flaws := map[[2]string]int{}, map[string]int{}, map[string]int{}
	lastFlaw, lastScan := map[string]string{}, map[string]int{}
	flawScan := map[string]int{}
	for n, scan := range scans {
		out, err := l.Apply(scan.Scan)
		if err != nil {
			t.Fatal(err)
		}
		if scan.HasFindings {
			s.reduced += b2i(scan.reduced)
			s.caught += b2i(scan.reduced && out.Reduced)
			s.wrongly += b2i(!scan.reduced && out.Reduced)
		}
		for f, m := range out.Matches {
			id, flaw := m.Issue.PublicID, scan.truth[f]
			s.findings++
			both[[2]string{id, flaw}]++
			issues[id]++
			flaws[flaw]++
			at, linked := lastScan[id]
			was, known := flawScan[flaw]
			s.links += b2i(linked)
			s.true_ += b2i(known)
			s.right += b2i(linked && known && lastFlaw[id] == flaw && at == was)
			lastFlaw[id], lastScan[id], flawScan[flaw] = flaw, n, n
		}
	}
	for pair, n := range both {
		s.precision += float64(n*n) / float64(issues[pair[0]])
		s.recall += float64(n*n) / float64(flaws[pair[1]])
	}
	return s
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestIdentity holds the matcher against histories whose truth is known, and
// prints how it does on each kind. With -histories 150 there are 2,550.
func TestIdentity(t *testing.T) {
	var all score
	var table strings.Builder
	fmt.Fprintf(&table, "%-32s %9s %9s %10s %8s %8s %8s %9s\n", "disturbance", "histories", "findings", "precision", "recall", "steps p", "steps r", "narrowed")
	for k, d := range history.Kinds() {
		var sum score
		for seed := range *histories {
			o := history.Options{Seed: uint64(k)<<32 | uint64(seed), Repos: 1, ScansPerRepo: 30, FindingsPerScan: 10 + seed%4*10, Disturb: d.Rates}
			for key, scans := range generated(t, o) {
				sum.add(measure(t, key, scans))
			}
		}
		all.add(sum)
		row(&table, d.Name, sum)
		precision, recall := sum.rates()
		if !d.Costs && (precision < 0.99 || recall < 0.99) {
			t.Errorf("%s: precision %.4f, recall %.4f; both must be 0.99", d.Name, precision, recall)
		}
	}
	row(&table, "over all findings", all)
	if precision, recall := all.rates(); precision < 0.99 || recall < 0.99 {
		t.Errorf("over all findings: precision %.4f, recall %.4f; both must be 0.99", precision, recall)
	}
	table.WriteString("\n" + legend)
	if testing.Verbose() {
		fmt.Print(table.String())
	}
}

const legend = `precision, recall: over all findings (B³): the share of a finding's issue that is truly the same flaw, and the share of its flaw that its issue has.
steps p, steps r:  of the steps from one appearance to the next: the share of those made that are right, and of the true ones that were made.
narrowed:          narrowed scans that the scope guard saw / all of them (+ full scans that it took for narrowed).
A renamed file costs nothing where fingerprints stay. Where they are made of the path, its issues are new ones to anybody who
sees the records alone: what that costs is the row "the same, path in fingerprint", with one file renamed in every tenth scan.
`

func row(w *strings.Builder, name string, s score) {
	precision, recall := s.rates()
	guard := "-"
	if s.reduced > 0 || s.wrongly > 0 {
		guard = fmt.Sprintf("%d/%d", s.caught, s.reduced)
		if s.wrongly > 0 {
			guard += fmt.Sprintf("+%d", s.wrongly)
		}
	}
	fmt.Fprintf(w, "%-32s %9d %9d %10.4f %8.4f %8.4f %8.4f %9s\n", name, s.histories, s.findings, precision, recall,
		float64(s.right)/float64(s.links), float64(s.right)/float64(s.true_), guard)
}
