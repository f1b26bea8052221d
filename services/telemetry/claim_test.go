package telemetry_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// TestParseClaim: what is of the prescribed kind is read, and the rest costs
// only itself.
func TestParseClaim(t *testing.T) {
	empty := telemetry.Claim{Attempted: []string{}, Fixed: []string{}, Blocked: []telemetry.BlockedIssue{}}
	with := func(change func(*telemetry.Claim)) telemetry.Claim {
		c := empty
		change(&c)
		return c
	}
	two, passing := int64(2), true
	for _, tc := range []struct {
		output string
		want   telemetry.Claim
		ok     bool
	}{
		{`{}`, empty, true},
		{``, telemetry.Claim{}, false},
		{`null`, telemetry.Claim{}, false},
		{`"done"`, telemetry.Claim{}, false},
		{`[1]`, telemetry.Claim{}, false},
		{`{"status":5,"issues_fixed":"all","issues_blocked":{},"files_changed":"two","tests_passing":"yes","pull_request_url":[]}`, empty, true},
		{`{"issues_fixed":["A",1,null,"B","A"," "],"files_changed":-1}`, with(func(c *telemetry.Claim) { c.Fixed = []string{"A", "B"} }), true},
		{`{"issues_blocked":[{"id":"A","reason":"no rights"},"B",{"reason":"none"},7,{"id":" C "}]}`, with(func(c *telemetry.Claim) {
			c.Blocked = []telemetry.BlockedIssue{{ID: "A", Reason: "no rights"}, {ID: "B"}, {ID: "C"}}
		}), true},
		{`{"status":"done","files_changed":2,"tests_passing":true,"pull_request_url":"https://github.com/o/r/pull/1"}`,
			with(func(c *telemetry.Claim) {
				c.Status, c.FilesChanged, c.TestsPassing, c.PRURL = "done", &two, &passing, "https://github.com/o/r/pull/1"
			}), true},
		{`{"files_changed":["a.js","b.js"]}`, with(func(c *telemetry.Claim) { c.FilesChanged = &two }), true},
		{`{"status":"a\u0000b"}`, with(func(c *telemetry.Claim) { c.Status = "a\uFFFDb" }), true},
	} {
		got, ok := telemetry.ParseClaim([]byte(tc.output))
		if ok != tc.ok || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %+v, %t, want %+v, %t", tc.output, got, ok, tc.want, tc.ok)
		}
	}
}

// TestClaimOfAnIssue: an id is compared as a session's ids are, and blocked
// goes before fixed.
func TestClaimOfAnIssue(t *testing.T) {
	c, _ := telemetry.ParseClaim([]byte(`{"issues_attempted":["A","B","C","D"],"issues_fixed":["a","B"],"issues_blocked":[{"id":"b","reason":"no tests"},{"id":"C"}]}`))
	for id, want := range map[string][2]string{"A": {"fixed", ""}, "B": {"blocked", "no tests"}, "C": {"blocked", ""}, "D": {"nothing", ""}, "E": {"nothing", ""}} {
		if said, why := c.Of([]string{"X", id}); string(said) != want[0] || why != want[1] {
			t.Errorf("%s: %s %q, want %v", id, said, why, want)
		}
	}
	if said, _ := c.Of(nil); said != telemetry.SaidNothing {
		t.Errorf("an issue without an id: %s", said)
	}
}

// TestKeepOutput: what is kept is JSON within its bound, of whatever comes.
func TestKeepOutput(t *testing.T) {
	ids := `"` + strings.Repeat(`CQLF-R1-0001","x`, 20000) + `"`
	for name, tc := range map[string]struct{ in, want string }{
		"nothing":           {"", ""},
		"null":              {" null ", ""},
		"no JSON":           {"{", ""},
		"spaces":            {"{ \"a\" : [ 1 ] }", `{"a":[1]}`},
		"no UTF-8":          {"{\"a\":\"\xff\"}", "{\"a\":\"\uFFFD\"}"},
		"too long a text":   {`"` + strings.Repeat("x", telemetry.MaxOutput) + `"`, ""},
		"too long an array": {`[` + strings.Repeat("1,", telemetry.MaxOutput) + `1]`, ""},
	} {
		if got := string(telemetry.KeepOutput([]byte(tc.in))); got != tc.want {
			t.Errorf("%s: %.80q, want %q", name, got, tc.want)
		}
	}
	long := telemetry.KeepOutput([]byte(`{"status":"done","issues_fixed":[` + ids + `],"issues_blocked":[{"id":"A","reason":"` + strings.Repeat("<", 70000) + `"}]}`))
	if c, ok := telemetry.ParseClaim(long); !ok || len(long) > telemetry.MaxOutput || c.Status != "done" || len(c.Fixed) == 0 {
		t.Errorf("%d bytes are kept of a long one: %+v", len(long), c.Status)
	}
}

// TestWhatScansFound: each attempt comes to one end, by its pull request and
// the scans since.
func TestWhatScansFound(t *testing.T) {
	for name, tc := range map[string]struct {
		facts  telemetry.AttemptFacts
		want   telemetry.Found
		unsure bool
	}{
		"merged, gone":                {telemetry.AttemptFacts{Pull: "merged", Merged: 10, Since: 5, Scanned: 11, Fixed: true}, telemetry.FoundGone, false},
		"merged, still there":         {telemetry.AttemptFacts{Pull: "merged", Merged: 10, Since: 5, Scanned: 11}, telemetry.FoundStillThere, false},
		"merged after the scan":       {telemetry.AttemptFacts{Pull: "merged", Merged: 10, Since: 5, Scanned: 9, Fixed: true}, telemetry.FoundNotScanned, false},
		"merged with the scan":        {telemetry.AttemptFacts{Pull: "merged", Merged: 10, Scanned: 10}, telemetry.FoundNotScanned, false},
		"open":                        {telemetry.AttemptFacts{Pull: "open", Since: 5, Scanned: 11, Fixed: true}, telemetry.FoundOpen, false},
		"closed":                      {telemetry.AttemptFacts{Pull: "closed", Since: 5, Scanned: 11, Fixed: true}, telemetry.FoundThrownAway, false},
		"merge unknown, gone":         {telemetry.AttemptFacts{Since: 5, Scanned: 11, Fixed: true}, telemetry.FoundGone, true},
		"merge unknown, still there":  {telemetry.AttemptFacts{Since: 5, Scanned: 11}, telemetry.FoundStillThere, true},
		"merge unknown, no scan":      {telemetry.AttemptFacts{Since: 5, Scanned: 4}, telemetry.FoundNotScanned, true},
		"taken again, and gone later": {telemetry.AttemptFacts{Pull: "merged", Merged: 10, Next: 20, Scanned: 15, Fixed: true}, telemetry.FoundStillThere, false},
		"taken again without a scan":  {telemetry.AttemptFacts{Pull: "merged", Merged: 10, Next: 20, Scanned: 8, Fixed: true}, telemetry.FoundNotScanned, false},
		"never scanned":               {telemetry.AttemptFacts{Since: 5}, telemetry.FoundNotScanned, true},
	} {
		if got, unsure := tc.facts.Found(); got != tc.want || unsure != tc.unsure {
			t.Errorf("%s: %s %t, want %s %t", name, got, unsure, tc.want, tc.unsure)
		}
	}
}

// TestEffectivenessAddsUp: each issue is in one cell, by its latest attempt;
// each known cost is in one part; and every group has the same sums.
func TestEffectivenessAddsUp(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		attempts := randomAttempts(dice)
		e := telemetry.NewEffectiveness(telemetry.Period{Name: "all", Until: time.Unix(0, 0)}, attempts)
		issues, gone, acus := map[int64]bool{}, int64(0), int64(0)
		for _, a := range attempts {
			issues[a.Issue] = true
			acus += max(a.MilliACUs, 0)
			if a.Last && a.Found == telemetry.FoundGone {
				gone++
			}
		}
		if e.Issues != int64(len(issues)) || e.Count(nil) != e.Issues || e.All().Gone != gone || e.All().MilliACUs != acus {
			t.Fatalf("%d issues, %d in cells, %d gone, %d ACUs; want %d, %d, %d", e.Issues, e.Count(nil), e.All().Gone, e.All().MilliACUs, len(issues), gone, acus)
		}
		cells := int64(0)
		for _, said := range telemetry.Saids() {
			for _, found := range telemetry.Founds() {
				cells += e.Count([]telemetry.Said{said}, found)
			}
		}
		if cells != e.Issues || e.Costed+e.CostUnknown != e.Sessions {
			t.Fatalf("%d in all cells of %d; %d + %d sessions of %d", cells, e.Issues, e.Costed, e.CostUnknown, e.Sessions)
		}
		for _, group := range telemetry.RateGroups() {
			var sum telemetry.Rate
			for _, r := range e.Rates[group] {
				sum.Issues, sum.Gone, sum.MilliACUs = sum.Issues+r.Issues, sum.Gone+r.Gone, sum.MilliACUs+r.MilliACUs
			}
			if group == telemetry.RateByAttempt {
				sum.Issues = e.Rates[group][0].Issues // each issue had a first attempt
			}
			if sum.Issues != e.Issues || sum.Gone != gone || sum.MilliACUs != acus {
				t.Fatalf("by %s: %d of %d issues, %d of %d gone, %d of %d ACUs", group, sum.Issues, e.Issues, sum.Gone, gone, sum.MilliACUs, acus)
			}
		}
		var blocked int64
		for _, b := range e.Blocked {
			blocked += b.Issues
		}
		if blocked != e.Count([]telemetry.Said{telemetry.SaidBlocked}) {
			t.Fatalf("%d issues have a reason, %d are blocked", blocked, e.Count([]telemetry.Said{telemetry.SaidBlocked}))
		}
	}
}

// randomAttempts are attempts at some issues, each session's cost known or
// not.
func randomAttempts(dice *rand.Rand) []telemetry.AttemptResult {
	pick := func(list ...string) string { return list[dice.IntN(len(list))] }
	var all []telemetry.AttemptResult
	for issue := range 1 + dice.IntN(12) {
		family, rule, repo, severity := pick("xss", "", "sqli"), pick("js/a", "js/b"), pick("o/a", "o/b"), pick("critical", "low", "weird")
		n := 1 + dice.IntN(6)
		for nth := range n {
			session := pick("a", "b", "c", "d")
			a := telemetry.AttemptResult{Session: session, Known: true, Issue: int64(issue), Nth: int64(nth + 1), Last: nth+1 == n, Family: family, Rule: rule,
				Repo: repo, Severity: severity, Playbook: pick("", "v1", "v2"), MilliACUs: -1,
				Said: telemetry.Saids()[dice.IntN(3)], Found: telemetry.Founds()[dice.IntN(5)]}
			if !a.Last && a.Found == telemetry.FoundGone {
				a.Found = telemetry.FoundStillThere
			}
			if a.Said == telemetry.SaidBlocked {
				a.Reason = pick("", "Cannot push to a/b.yml.", "cannot push to c/d.yml", "The tests fail")
			}
			if session < "c" {
				a.MilliACUs = int64(dice.IntN(5000))
			}
			all = append(all, a)
		}
	}
	return all
}

// TestAlikeReasonsAreCountedTogether: what differs only in the files that it
// names is one reason.
func TestAlikeReasonsAreCountedTogether(t *testing.T) {
	var attempts []telemetry.AttemptResult
	for i, reason := range []string{"main.py is generated by the build.", "The tests fail", "lib/a.js is generated by the build", "lib/a.js is generated by the build", ""} {
		attempts = append(attempts, telemetry.AttemptResult{Session: "s", Known: true, Issue: int64(i), Nth: 1, Last: true,
			Said: telemetry.SaidBlocked, Found: telemetry.FoundOpen, Reason: reason})
	}
	got, _ := json.Marshal(telemetry.NewEffectiveness(telemetry.Period{}, attempts).Blocked)
	want := `[{"Reason":"lib/a.js is generated by the build","Issues":3,"Alike":["lib/a.js is generated by the build","main.py is generated by the build."]},{"Reason":"","Issues":1,"Alike":[""]},{"Reason":"The tests fail","Issues":1,"Alike":["The tests fail"]}]`
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}
