package identity

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// closedStore is a ledger's past as a database keeps it: copies, in no order,
// and more of them than can be reopened.
type closedStore struct {
	issues map[string]*telemetry.Issue
	dice   *rand.Rand
}

func copied(i *telemetry.Issue) *telemetry.Issue {
	c := *i
	c.Runs, c.Fingerprints = slices.Clone(i.Runs), slices.Clone(i.Fingerprints)
	return &c
}

func (s *closedStore) Closed(findings []telemetry.Finding) ([]*telemetry.Issue, error) {
	var out []*telemetry.Issue
	for _, i := range s.issues {
		if !i.Closed.IsZero() && slices.ContainsFunc(findings, func(f telemetry.Finding) bool {
			return telemetry.FingerprintKey(f.Fingerprint) == telemetry.FingerprintKey(i.Fingerprint) || f.Rule == i.Rule
		}) {
			out = append(out, copied(i))
		}
	}
	s.dice.Shuffle(len(out), func(a, b int) { out[a], out[b] = out[b], out[a] })
	return out, nil
}

func (s *closedStore) Exists(id string) (bool, error) { return s.issues[id] != nil, nil }

func (s *closedStore) put(out ScanResult) {
	for _, i := range out.Touched {
		s.issues[i.PublicID] = copied(i)
	}
}

// open returns the open issues in the order of first appearance.
func (s *closedStore) open() []*telemetry.Issue {
	var out []*telemetry.Issue
	for _, i := range s.issues {
		if i.Closed.IsZero() {
			out = append(out, copied(i))
		}
	}
	slices.SortFunc(out, firstSeen)
	return out
}

func (s *closedStore) text() string {
	var list []*telemetry.Issue
	for _, i := range s.issues {
		list = append(list, i)
	}
	slices.SortFunc(list, firstSeen)
	text, _ := json.MarshalIndent(list, "", " ")
	return string(text)
}

// outcomeText writes all that an outcome says.
func outcomeText(out ScanResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "lost %v, taken %v, ", out.Lost, out.Taken)
	fmt.Fprintf(&b, "reduced %v, new %d, reopened %d, moved %d\n", out.Reduced, out.New, out.Reopened, out.Moved)
	for _, m := range out.Matches {
		fmt.Fprintln(&b, m.Issue.PublicID, m.Basis)
	}
	for _, i := range out.Closed {
		fmt.Fprintln(&b, "closed", i.PublicID)
	}
	for _, i := range out.Touched {
		fmt.Fprintln(&b, "touched", i.PublicID)
	}
	return b.String()
}

// applyAll applies scans to one ledger, and returns each outcome and the issues
// in the end.
func applyAll(t *testing.T, key string, scans []Scan) (outcomes []string, issues string) {
	t.Helper()
	l, s := &Ledger{Repo: telemetry.RepoName(key)}, &closedStore{issues: map[string]*telemetry.Issue{}}
	for _, scan := range scans {
		out, err := l.Apply(scan)
		if err != nil {
			t.Fatal(err)
		}
		s.put(out)
		outcomes = append(outcomes, outcomeText(out))
	}
	return outcomes, s.text()
}

// storedLedger applies each scan to a ledger of its own, as a program does that
// keeps everything in its database.
type storedLedger struct {
	t      *testing.T
	store  *closedStore
	kept   Ledger
	scans  []Scan
	latest telemetry.ScanPosition
}

func newStoredLedger(t *testing.T, key string, d *rand.Rand) *storedLedger {
	return &storedLedger{t: t, store: &closedStore{issues: map[string]*telemetry.Issue{}, dice: d}, kept: Ledger{Repo: telemetry.RepoName(key)}}
}

func (s *storedLedger) apply(scan Scan) ScanResult {
	s.t.Helper()
	kept := &s.kept
	l := &Ledger{
		Repo: kept.Repo, Latest: kept.Latest, Reference: kept.Reference, LatestReduced: kept.LatestReduced, Baseline: kept.Baseline,
		ReducedInRow: kept.ReducedInRow, Languages: kept.Languages, SawNamed: kept.SawNamed, SawWithoutFindings: kept.SawWithoutFindings,
		Open: s.store.open(), Past: s.store,
	}
	out, err := l.Apply(scan)
	if err != nil {
		s.t.Fatal(err)
	}
	s.store.put(out)
	s.kept, s.latest = *l, scan.ScanPosition
	s.scans = append(s.scans, scan)
	return out
}

// arrive applies a scan that is the newest, and applies all anew for a late one.
func (s *storedLedger) arrive(scan Scan) {
	s.t.Helper()
	if len(s.scans) == 0 || s.latest.Compare(scan.ScanPosition) < 0 {
		s.apply(scan)
		return
	}
	all := append(slices.Clone(s.scans), scan)
	slices.SortFunc(all, func(a, b Scan) int { return a.Compare(b.ScanPosition) })
	*s = *newStoredLedger(s.t, string(s.kept.Repo), s.store.dice)
	l := &Ledger{Repo: s.kept.Repo}
	for _, scan := range all {
		out, err := l.Apply(scan)
		if err != nil {
			s.t.Fatal(err)
		}
		s.store.put(out)
	}
	s.kept, s.scans, s.latest = *l, all, all[len(all)-1].ScanPosition
}

// applyStored applies scans with everything between kept in a store.
func applyStored(t *testing.T, key string, scans []Scan, d *rand.Rand) (outcomes []string, issues string) {
	t.Helper()
	s := newStoredLedger(t, key, d)
	for _, scan := range scans {
		outcomes = append(outcomes, outcomeText(s.apply(scan)))
	}
	return outcomes, s.store.text()
}

// allScans returns the scans of generated histories, and of the real records
// where REAL_RUNS names them, in time order by repository.
func allScans(t *testing.T) map[string][]Scan {
	t.Helper()
	scans := map[string][]Scan{}
	o := history.Options{Seed: 77, Repos: 24, ScansPerRepo: 25, FindingsPerScan: 25, Disturb: history.Disturbances{Shifts: 0.2, Renames: 0.1, Algorithm: 0.5, ShortHashes: 0.5,
		PathFingerprints: 0.3, NoFingerprints: 0.1, Edits: 0.02, Duplicates: 0.2, WithoutFindings: 0.1, ScopeReduced: 0.1, Reopenings: 0.5, Late: 0.1, Missing: 0.1}}
	for key, list := range generated(t, o) {
		for _, s := range list {
			scans[key] = append(scans[key], s.Scan)
		}
	}
	if os.Getenv("REAL_RUNS") == "" {
		t.Log("SKIPPED: real records: REAL_RUNS is not set")
	} else {
		for name, rec := range realRecords(t) {
			if rec.Kind == telemetry.KindScan {
				scans[rec.Repo.Key()] = append(scans[rec.Repo.Key()], scanOf(name, rec))
			}
		}
	}
	for _, list := range scans {
		slices.SortFunc(list, func(a, b Scan) int { return a.Compare(b.ScanPosition) })
	}
	return scans
}

// TestReplayEqualsIncremental: applying scan by scan, with everything between
// kept in a store, is the same as applying all; so is applying them twice, and
// from records that arrived in any order. A newer scan changes no older
// outcome.
func TestReplayEqualsIncremental(t *testing.T) {
	d := rand.New(rand.NewPCG(1, 1))
	for key, scans := range allScans(t) {
		outcomes, issues := applyAll(t, key, scans)
		again, issuesAgain := applyAll(t, key, scans)
		if !slices.Equal(outcomes, again) || issues != issuesAgain {
			t.Errorf("%s: two replays differ", key)
		}
		stored, issuesStored := applyStored(t, key, scans, d)
		for n := range outcomes {
			if outcomes[n] != stored[n] {
				t.Fatalf("%s: %s, scan %d: incremental and replay differ:\n%s\n%s", key, scans[n].File, n, stored[n], outcomes[n])
			}
		}
		if issues != issuesStored {
			t.Errorf("%s: the issues of incremental and replay differ", key)
		}
		arrived := slices.Clone(scans)
		d.Shuffle(len(arrived), func(a, b int) { arrived[a], arrived[b] = arrived[b], arrived[a] })
		slices.SortFunc(arrived, func(a, b Scan) int { return a.Compare(b.ScanPosition) })
		if shuffled, issuesShuffled := applyAll(t, key, arrived); !slices.Equal(outcomes, shuffled) || issues != issuesShuffled {
			t.Errorf("%s: the order of arrival matters", key)
		}
		for _, n := range []int{len(scans) / 3, len(scans) - 1} {
			if older, _ := applyAll(t, key, scans[:n]); !slices.Equal(older, outcomes[:n]) {
				t.Errorf("%s: a newer scan changed an outcome among the first %d", key, n)
			}
		}
	}
}

// TestInvariants holds after every scan of every repository.
func TestInvariants(t *testing.T) {
	for key, scans := range allScans(t) {
		l := &Ledger{Repo: telemetry.RepoName(key)}
		every := map[*telemetry.Issue]bool{}
		ids := map[string]bool{}
		found := map[string]int{} // by file of the scan
		newSince := 0             // issues that reduced scans named anew since the reference scan
		for _, s := range scans {
			out, err := l.Apply(s)
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Matches) != len(s.Findings) {
				t.Fatalf("%s: %d findings, %d matches", s.File, len(s.Findings), len(out.Matches))
			}
			inScan := map[*telemetry.Issue]bool{}
			for f, m := range out.Matches {
				if inScan[m.Issue] {
					t.Errorf("%s: two findings are issue %s", s.File, m.Issue.PublicID)
				}
				inScan[m.Issue] = true
				if !every[m.Issue] && ids[m.Issue.PublicID] {
					t.Errorf("%s: two issues are called %s", s.File, m.Issue.PublicID)
				}
				every[m.Issue], ids[m.Issue.PublicID] = true, true
				if m.Issue.Fingerprint != s.Findings[f].Fingerprint || m.Issue.File != s.Findings[f].File || m.Issue.Line != s.Findings[f].Line {
					t.Errorf("%s: issue %s is not where its finding is", s.File, m.Issue.PublicID)
				}
			}
			if !s.HasFindings {
				continue
			}
			found[s.File] = len(s.Findings)
			newSince = (newSince + out.New + out.Reopened) * b2i(out.Reduced)
			waiting := 0 // issues of languages that the reference scan, or one since, did not look at
			for _, i := range l.Open {
				waiting += b2i(l.Languages[telemetry.RuleLanguage(i.Rule)].Lost > 0 && telemetry.ScanPosition(i.LastSeen).Compare(l.Reference) < 0)
			}
			open, fixed := 0, 0
			for i := range every {
				open += b2i(i.Status.Open())
				fixed += b2i(i.Status == telemetry.StatusFixed)
				if i.Status != l.StatusOf(i) || int64(len(i.Runs)) != i.Appearances {
					t.Errorf("%s: issue %s is %s, kept as %s; %d runs, %d appearances", s.File, i.PublicID, l.StatusOf(i), i.Status, len(i.Runs), i.Appearances)
				}
			}
			if open != len(l.Open) || open+fixed != len(every) {
				t.Errorf("%s: %d open (list %d) + %d fixed, %d in all", s.File, open, len(l.Open), fixed, len(every))
			}
			if l.Reference.File != "" && open != found[l.Reference.File]+newSince+waiting {
				t.Errorf("%s: %d open, the reference scan %s found %d, %d are new since", s.File, open, l.Reference.File, found[l.Reference.File], newSince)
			}
		}
	}
}

// TestRealFigures holds the figures of the real records, counted by hand.
func TestRealFigures(t *testing.T) {
	records := realRecords(t)
	scans := map[string][]Scan{}
	for name, rec := range records {
		if rec.Kind == telemetry.KindScan {
			scans[rec.Repo.Key()] = append(scans[rec.Repo.Key()], scanOf(name, rec))
			if rec.HasFindings() && len(rec.Findings) != int(rec.IssuesFound) {
				t.Errorf("%s names %d findings, issues_found is %d", name, len(rec.Findings), rec.IssuesFound)
			}
		}
	}
	statuses, open := map[telemetry.Status]int{}, map[string]int{}
	var reduced []int64
	withoutFindings := 0
	for key, list := range scans {
		slices.SortFunc(list, func(a, b Scan) int { return a.Compare(b.ScanPosition) })
		l, every := &Ledger{Repo: telemetry.RepoName(key)}, map[*telemetry.Issue]bool{}
		for _, s := range list {
			out, err := l.Apply(s)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range out.Matches {
				every[m.Issue] = true
			}
			if out.Reduced {
				reduced = append(reduced, s.Run)
			}
			withoutFindings += b2i(!s.HasFindings)
		}
		for i := range every {
			statuses[i.Status]++
		}
		open[key] = len(l.Open)
	}
	all := 0
	for _, n := range statuses {
		all += n
	}
	if len(records) != 54 || all != 132 || statuses[telemetry.StatusFixed] != 34 || statuses[telemetry.StatusReopened] != 0 || statuses[telemetry.StatusNotScanned] != 0 {
		t.Errorf("%d files, %d issues, by status %v; want 54, 132, 34 fixed, 0 reopened", len(records), all, statuses)
	}
	want := map[string]int{"marius-posa/codeql-devin-fixer": 10, "marius-posa/juice-shop": 87, "marius-posa/dvpwa": 1, "marius-posa/hypnospy": 0}
	if fmt.Sprint(open) != fmt.Sprint(want) {
		t.Errorf("open %v, want %v", open, want)
	}
	if !slices.Equal(reduced, []int64{29}) || withoutFindings != 3 {
		t.Errorf("reduced runs %v, want run 29; %d scans without findings data, want 3", reduced, withoutFindings)
	}
}
