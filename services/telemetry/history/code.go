package history

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sourceFile is a file with findings.
type sourceFile struct {
	path  string
	lines int
	order int
}

// issue is a flaw in the code, from its first appearance to the end: the
// truth behind the findings that scans report.
type issue struct {
	truth string
	rule  *rule
	file  *sourceFile
	line  int
	print uint64 // what the fingerprint is made of: equal code has equal prints

	hex      string // the fingerprint, 20 digits
	hexMaker int    // the algorithm that made hex, from 1; 0: to be made

	taken    bool // a session works on it
	attempts int
	named    bool // the last full record named it, at its present path
	wake     int  // while it sleeps: scans until it comes back
	ref      issueRef
}

// repository is a code base, its open issues, and its place in time.
type repository struct {
	index   int
	name    string
	url     string // JSON text
	forkURL string // JSON text
	fork    string
	dice    dice
	lang    *language
	weights int
	profile profile

	files    []*sourceFile
	open     []*issue // by rule, file and line
	sleeping []*issue // fixed, and to come back
	born     int      // issues so far

	base             float64 // wanted number of open issues at the start
	algorithmAt      time.Time
	algorithm        int // 1, from algorithmAt on 2
	short            bool
	pathFingerprints bool
	noFingerprints   bool

	interval     time.Duration
	pulls        int
	baseline     int // findings of the last full record that named them
	reduced      bool
	scanned      bool
	lastDispatch int64 // unix seconds of the last dispatch record
}

func (r *repository) sort() {
	slices.SortFunc(r.open, func(a, b *issue) int {
		return cmp.Or(cmp.Compare(a.rule.order, b.rule.order), cmp.Compare(a.file.order, b.file.order),
			cmp.Compare(a.line, b.line), cmp.Compare(a.truth, b.truth))
	})
}

// fingerprint returns the issue's 20 digits under the repository's present
// algorithm.
func (r *repository) fingerprint(i *issue) string {
	if i.hexMaker == r.algorithm {
		return i.hex
	}
	var raw [16]byte
	a := i.print
	if r.pathFingerprints {
		for _, c := range []byte(i.file.path) {
			a = mix(a ^ uint64(c))
		}
	}
	a = mix(a ^ mix(uint64(r.algorithm)))
	b := mix(a + 1)
	for k := range 8 {
		raw[k], raw[8+k] = byte(a>>(8*k)), byte(b>>(8*k))
	}
	i.hex, i.hexMaker = hex.EncodeToString(raw[:10]), r.algorithm
	return i.hex
}

// evolve lets the code live until the next scan: edits, renames, fixes by
// people, new flaws and old ones that come back.
func (r *repository) evolve(o *Options, at time.Time) {
	changed := r.algorithm == 1 && !r.algorithmAt.IsZero() && !at.Before(r.algorithmAt)
	if changed {
		r.algorithm = 2
	}
	r.edit(o.Disturb.Shifts)
	// A finding whose path and fingerprint change at once can be told by
	// nobody, so the algorithm stays when a file is renamed.
	if !changed && r.dice.chance(o.Disturb.Renames) {
		r.rename()
	} else if o.Disturb.Edits > 0 {
		r.rewrite(o.Disturb.Edits)
	}
	r.wake()
	span := float64(o.End.Sub(o.Start))
	frac := min(max(float64(at.Sub(o.Start))/span, 0), 1)
	r.drift(o, r.base*(1-o.Trend*frac))
	r.sort()
}

// drift brings the number of open issues towards the wanted one.
func (r *repository) drift(o *Options, want float64) {
	if !r.scanned {
		for len(r.open) < int(want+0.5) {
			r.add(o.Disturb.Duplicates)
		}
		return
	}
	if want == 0 {
		return
	}
	gap := want - float64(len(r.open))
	switch {
	case gap > 0:
		for range r.dice.about(min(gap*0.5, 4)) {
			r.add(o.Disturb.Duplicates)
		}
	case gap < -0.05*want:
		for range r.dice.about(min(-gap*0.3, 3)) {
			r.fixByPeople(o)
		}
	}
	if r.dice.chance(0.12) {
		r.add(o.Disturb.Duplicates)
	}
}

// add puts a new flaw into the code.
func (r *repository) add(duplicates float64) {
	r.born++
	kind := r.rollRule()
	i := &issue{truth: "r" + strconv.Itoa(r.index) + "-" + strconv.Itoa(r.born), rule: kind, print: r.dice.Uint64(), file: r.rollFile(kind)}
	i.line = r.freeLine(i.file)
	if r.dice.chance(duplicates) {
		if twin := r.sameRule(kind); twin != nil {
			i.print = twin.print
		}
	}
	r.open = append(r.open, i)
}

func (r *repository) rollRule() *rule {
	n := r.dice.IntN(r.weights)
	for i := range r.lang.rules {
		if n -= r.lang.rules[i].weight; n < 0 {
			return &r.lang.rules[i]
		}
	}
	return &r.lang.rules[0]
}

func (r *repository) sameRule(kind *rule) *issue {
	for _, i := range r.open {
		if i.rule == kind {
			return i
		}
	}
	return nil
}

const maxFiles = 60

// rollFile returns where a new flaw stands. Missing rate limits gather in the
// file that sets up the routes.
func (r *repository) rollFile(kind *rule) *sourceFile {
	if len(r.files) > 0 && kind.family == "missing-rate-limiting" {
		return r.files[0]
	}
	if len(r.files) == 0 {
		r.files = append(r.files, &sourceFile{path: r.lang.hub, lines: 600 + r.dice.IntN(400)})
	}
	if len(r.files) >= maxFiles || (len(r.files) > 3 && r.dice.chance(0.6)) {
		return pick(r.dice, r.files)
	}
	f := &sourceFile{path: r.freePath(), lines: 60 + r.dice.IntN(420), order: len(r.files)}
	r.files = append(r.files, f)
	return f
}

func (r *repository) freePath() string {
	for try := 0; ; try++ {
		stem := pick(r.dice, r.lang.stems)
		if r.lang.camel {
			if r.dice.chance(0.3) {
				stem = pick(r.dice, []string{"Legacy", "Batch", "Admin", "Public"}) + stem
			}
		} else if r.dice.chance(0.25) {
			stem += pick(r.dice, []string{"_v2", "_admin", "_helpers", "_public"})
		}
		if try > 20 {
			stem += strconv.Itoa(try)
		}
		path := pick(r.dice, r.lang.dirs) + "/" + stem + pick(r.dice, r.lang.ext)
		if !slices.ContainsFunc(r.files, func(f *sourceFile) bool { return f.path == path }) {
			return path
		}
	}
}

// freeLine returns a line of f at which no other flaw stands.
func (r *repository) freeLine(f *sourceFile) int {
	for {
		line := 4 + r.dice.IntN(f.lines)
		if !r.occupied(f, line, 1) {
			return line
		}
		f.lines += 10
	}
}

func (r *repository) occupied(f *sourceFile, from, n int) bool {
	in := func(i *issue) bool { return i.file == f && i.line >= from && i.line < from+n }
	return slices.ContainsFunc(r.open, in) || slices.ContainsFunc(r.sleeping, in)
}

// edit inserts and deletes lines, never one with a flaw.
func (r *repository) edit(rate float64) {
	for _, f := range r.files {
		if !r.dice.chance(rate) {
			continue
		}
		at, n := 1+r.dice.IntN(f.lines), 1+r.dice.IntN(12)
		by := n
		if r.dice.chance(0.4) && at+n < f.lines && !r.occupied(f, at, n) {
			by = -n
		}
		f.lines = max(f.lines+by, 30)
		for _, list := range [][]*issue{r.open, r.sleeping} {
			for _, i := range list {
				if i.file == f && i.line >= at {
					i.line += by
				}
			}
		}
	}
}

// rename gives the file of one open issue another path.
func (r *repository) rename() {
	if len(r.open) == 0 {
		return
	}
	f := pick(r.dice, r.open).file
	f.path = r.freePath()
	for _, list := range [][]*issue{r.open, r.sleeping} {
		for _, i := range list {
			if i.file == f {
				i.named = false
				if r.pathFingerprints {
					i.hexMaker = 0
				}
			}
		}
	}
}

// rewrite edits the lines that some open issues stand on.
func (r *repository) rewrite(rate float64) {
	for _, i := range r.open {
		if r.dice.chance(rate) {
			i.print, i.hexMaker = r.dice.Uint64(), 0
		}
	}
}

// wake lets fixed issues come back when their time has come.
func (r *repository) wake() {
	kept := r.sleeping[:0]
	for _, i := range r.sleeping {
		if i.wake--; i.wake > 0 {
			kept = append(kept, i)
			continue
		}
		i.attempts = 0
		r.open = append(r.open, i)
	}
	clear(r.sleeping[len(kept):])
	r.sleeping = kept
}

// fixByPeople closes one issue that no session has.
func (r *repository) fixByPeople(o *Options) {
	if len(r.open) == 0 {
		return
	}
	if i := pick(r.dice, r.open); !i.taken {
		r.close(o, i)
	}
}

// close takes an issue out of the code, for good or for some scans.
func (r *repository) close(o *Options, i *issue) {
	k := slices.Index(r.open, i)
	if k < 0 {
		return
	}
	r.open = slices.Delete(r.open, k, k+1)
	i.taken, i.named = false, false
	if r.dice.chance(o.Disturb.Reopenings + r.profile.relapse) {
		i.wake = 2 + r.dice.IntN(12)
		r.sleeping = append(r.sleeping, i)
	}
}

// batches groups what a session could take by family, the severest first, at
// most five issues a batch and most batches.
func (r *repository) batches(most int) [][]*issue {
	var free []*issue
	for _, i := range r.open {
		if !i.taken && (i.attempts == 0 || i.attempts < 3 && r.dice.chance(0.5)) {
			free = append(free, i)
		}
	}
	slices.SortStableFunc(free, func(a, b *issue) int { return severityRank(a.rule.tier) - severityRank(b.rule.tier) })
	var out [][]*issue
	for _, i := range free {
		k := slices.IndexFunc(out, func(b []*issue) bool { return len(b) < 5 && b[0].rule.family == i.rule.family })
		switch {
		case k >= 0:
			out[k] = append(out[k], i)
		case len(out) < most:
			out = append(out, []*issue{i})
		}
	}
	return out
}

func severityRank(tier string) int {
	return strings.Index("critical high medium low", tier)
}
