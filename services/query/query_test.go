package query_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
)

// TestParseQuery: text and its canonical spelling.
func TestParseQuery(t *testing.T) {
	tests := []struct {
		list string
		text string
		want string // canonical
	}{
		{list: "issues", text: "", want: ""},
		{list: "issues", text: "   ", want: ""},
		{list: "issues", text: `is:open severity:critical,high family:xss repo:o/r age:>30d -path:test/ "free text"`, want: `is:open severity:critical,high family:xss repo:o/r age:>30d -path:test/ "free text"`},
		{list: "issues", text: "STATUS:Not-Scanned", want: "status:not_scanned"},
		{list: "issues", text: "severity:high,high,low", want: "severity:high,low"},
		{list: "issues", text: `family:"cross site","a,b"`, want: `family:"cross site","a,b"`},
		{list: "issues", text: `family:"plain"`, want: `family:plain`},
		{list: "issues", text: `"say \"hi\" \\ \n"`, want: `"say \"hi\" \\ \\n"`},
		{list: "issues", text: `"is:open"`, want: `"is:open"`},
		{list: "issues", text: `-"-x" -y "-z"`, want: `-"-x" -y "-z"`},
		{list: "issues", text: "a,b js/sql-injection src/app.js:12", want: "a,b js/sql-injection src/app.js:12"},
		{list: "issues", text: "https://github.com/o/r/pull/1", want: "https://github.com/o/r/pull/1"},
		{list: "issues", text: "repo:https://github.com/O/R.git repo:o/*", want: "repo:https://github.com/O/R.git repo:o/*"},
		{list: "issues", text: "run:007 appearances:=3 appearances:2..*", want: "run:7 appearances:3 appearances:2..*"},
		{list: "issues", text: "age:2W..4w first:2026-01 seen:>=2026-01-31t10:00:00+02:00", want: "age:2w..4w first:2026-01 seen:>=2026-01-31T08:00:00Z"},
		{list: "issues", text: "seen:<30d seen:2026-01-01..2026-02-01", want: "seen:<30d seen:2026-01-01..2026-02-01"},
		{list: "issues", text: "path:../x path:<a>", want: "path:../x path:<a>"},
		{list: "issues", text: "größe:1 ümlaut", want: "größe:1 ümlaut"},
		{list: "sessions", text: "is:active,waiting has:pr age:>2h id:devin-0123", want: "is:active,waiting has:pr age:>2h id:devin-0123"},
		{list: "pulls", text: "is:open is:draft pr:#12 number:o/r#3 waiting:>7d", want: "is:open is:draft pr:#12 pr:o/r#3 age:>7d"},
		{list: "runs", text: "kind:scan is:reduced found:>0 date:2026", want: "kind:scan is:reduced found:>0 date:2026"},
		{list: "repos", text: "open:>0 is:clean name:o/r", want: "open:>0 is:clean repo:o/r"},
	}
	for _, tc := range tests {
		q, err := schema(tc.list).Parse(tc.text)
		if err != nil || q.String() != tc.want {
			t.Errorf("%s %.60q: %q, %v, want %q", tc.list, tc.text, q.String(), err, tc.want)
			continue
		}
		again(t, q)
	}
}

func TestParseQueryFaults(t *testing.T) {
	tests := []struct {
		list  string
		text  string
		fault string // part of the error
	}{
		{list: "issues", text: "sevrity:high", fault: `Unknown qualifier "sevrity" for issues: want one of is, severity`},
		{list: "pulls", text: "severity:high", fault: `Unknown qualifier "severity" for pull requests`},
		{list: "issues", text: "is:opne", fault: `Invalid is "opne": want one of open, recurring`},
		{list: "issues", text: "severity:high,severe", fault: `Invalid severity "severe": want one of critical, high, medium, low, other`},
		{list: "issues", text: "severity:", fault: "Invalid severity: a value is missing; want one of critical"},
		{list: "issues", text: "severity:high,,low", fault: "severity: a value is missing"},
		{list: "issues", text: `family:""`, fault: "family: a value is missing"},
		{list: "issues", text: `"free`, fault: `The quote before "free" is never closed`},
		{list: "issues", text: `family:"x`, fault: "never closed"},
		{list: "issues", text: `"`, fault: "never closed"},
		{list: "issues", text: `fo"o bar"`, fault: `Unexpected quote in "fo\"o"`},
		{list: "issues", text: `"a"b`, fault: "Unexpected quote in"},
		{list: "issues", text: `family:"a"b`, fault: "Unexpected quote in"},
		{list: "issues", text: `""`, fault: "has no text"},
		{list: "issues", text: `-`, fault: "has no text"},
		{list: "issues", text: "age:30", fault: "Invalid age \"30\": want a time in hours, days or weeks"},
		{list: "issues", text: "age:>2026-01-01", fault: "Invalid age \">2026-01-01\""},
		{list: "issues", text: "age:><3d", fault: "Invalid age"},
		{list: "issues", text: "age:4w..2w", fault: "Invalid age"},
		{list: "issues", text: "age:*..*", fault: "Invalid age"},
		{list: "issues", text: "seen:2026-13-01", fault: "want a date or a time ago"},
		{list: "issues", text: "seen:2026-01-01..30d", fault: "want a date or a time ago"},
		{list: "issues", text: "run:>3", fault: "want one whole number"},
		{list: "issues", text: "run:-1", fault: "want one whole number"},
		{list: "issues", text: "run:99999999999999999999", fault: "want one whole number"},
		{list: "issues", text: "repo:name", fault: `Invalid repo "name": want owner/name`},
		{list: "issues", text: "fingerprint:ab", fault: "want at least its first 4 characters"},
		{list: "pulls", text: "pr:x", fault: `Invalid pr "x": want its number`},
		{list: "issues", text: "a\x00b", fault: "control character (U+0000)"},
		{list: "issues", text: "a\nb", fault: "control character (U+000A)"},
		{list: "issues", text: "a\u009bb", fault: "control character"},
		{list: "issues", text: "a\xffb", fault: "not valid UTF-8"},
		{list: "issues", text: strings.Repeat("x", 10_000), fault: "10000 characters; the limit is 1000"},
		{list: "issues", text: strings.Repeat("x ", 400), fault: "400 terms; the limit is 30"},
		{list: "runs", text: "run:" + strings.Repeat("1,", 60) + "1", fault: "Invalid run: 61 values"},
	}
	for _, tc := range tests {
		_, err := schema(tc.list).Parse(tc.text)
		if !isFault(err) || !strings.Contains(err.Error(), tc.fault) {
			t.Errorf("%s %.60q: error %v, want one with %q", tc.list, tc.text, err, tc.fault)
		}
	}
}

// again: canonical text means the query that it is the text of.
func again(t *testing.T, q query.Query) {
	t.Helper()
	back, err := q.Schema.Parse(q.String())
	if err != nil || !reflect.DeepEqual(back, q) || back.String() != q.String() {
		t.Errorf("%s: %q is read as %+v (%v), and was %+v", q.Schema.Name, q.String(), back, err, q)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, text := range []string{`is:open severity:critical,high -path:"a b",c "x\"y"`, "age:>30d seen:2026-01-01..*", "repo:o/r run:1..5", `"`, `a"b`, "-", "https://x/y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range schemas() {
			q, err := s.Parse(text)
			switch {
			case err == nil:
				again(t, q)
				edited(t, q)
			case !isFault(err):
				t.Errorf("%q: %v", text, err)
			}
			for caret := range len(text) + 2 {
				if p, ok := s.At(text, caret); ok {
					p.Choices([]string{"o/r", "a b"})
				}
			}
		}
	})
}

// edited changes a query as pages do: what comes of it is a query too, and
// holds what was put in.
func edited(t *testing.T, q query.Query) {
	t.Helper()
	for _, term := range q.Terms {
		values := make([]string, len(term.Values))
		for i, v := range term.Values {
			values[i] = v.Text
		}
		if term.Field == "" {
			values = values[:1]
		}
		with, err := q.With(term.Field, values...)
		if err != nil || !slices.Equal(with.Values(term.Field), values) {
			t.Errorf("%q with %s %q is %q, %v", q, term.Field, values, with, err)
			continue
		}
		again(t, with)
		if without := with.Without(term.Field); len(without.Values(term.Field)) > 0 || len(without.Terms) >= len(with.Terms) {
			t.Errorf("%q without %s is %q", with, term.Field, without)
		}
	}
	if quoted, note := query.QuoteUnknown(schemas(), q.String()); quoted != q.String() || note != "" {
		t.Errorf("%q is understood, and quoted as %q: %s", q, quoted, note)
	}
}

// TestSpans: which numbers a comparison holds for.
func TestSpans(t *testing.T) {
	const hour, day = 3_600_000, 86_400_000
	jan, feb := int64(1767225600000), int64(1769904000000) // 2026-01-01, 2026-02-01 UTC
	tests := []struct {
		list    string
		text    string
		in, out []int64
	}{
		{"repos", "open:3", []int64{3}, []int64{2, 4}},
		{"repos", "open:>3", []int64{4}, []int64{3}},
		{"repos", "open:>=3", []int64{3, 4}, []int64{2}},
		{"repos", "open:<3", []int64{2, 0}, []int64{3}},
		{"repos", "open:<=3", []int64{3}, []int64{4}},
		{"repos", "open:3..5", []int64{3, 5}, []int64{2, 6}},
		{"repos", "open:*..5", []int64{0, 5}, []int64{6}},
		{"repos", "open:3..*", []int64{3, 1 << 40}, []int64{2}},
		{"issues", "age:>1d", []int64{day + 1}, []int64{day, hour}},
		{"issues", "age:>=1d", []int64{day}, []int64{day - 1}},
		{"issues", "age:<1d", []int64{day - 1}, []int64{day}},
		{"issues", "age:<=1d", []int64{day}, []int64{day + 1}},
		{"issues", "age:1d", []int64{day, 2*day - 1}, []int64{day - 1, 2 * day}},
		{"issues", "age:1d..2d", []int64{day, 2 * day}, []int64{day - 1, 2*day + 1}},
		{"issues", "age:1w", []int64{7 * day}, []int64{14 * day}},
		{"issues", "seen:2026-01", []int64{jan, feb - 1}, []int64{jan - 1, feb}},
		{"issues", "seen:>2026-01", []int64{feb}, []int64{feb - 1}},
		{"issues", "seen:<2026-01", []int64{jan - 1}, []int64{jan}},
		{"issues", "seen:<=2026-01-01", []int64{jan + day - 1}, []int64{jan + day}},
		{"issues", "seen:2026-01-01..2026-01-31", []int64{jan, feb - 1}, []int64{feb}},
	}
	for _, tc := range tests {
		q, err := schema(tc.list).Parse(tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		span := q.Terms[0].Values[0].Span
		contains := func(n int64) bool { return (!span.HasLow || n >= span.Low) && (!span.HasHigh || n < span.High) }
		for _, n := range tc.in {
			if !contains(n) {
				t.Errorf("%s holds for %d", tc.text, n)
			}
		}
		for _, n := range tc.out {
			if contains(n) {
				t.Errorf("%s does not hold for %d", tc.text, n)
			}
		}
		if ago := strings.HasPrefix(tc.text, "age"); span.Ago != ago {
			t.Errorf("%s: ago %v", tc.text, span.Ago)
		}
	}
}

func TestQueryEdits(t *testing.T) {
	q, err := schema("issues").Parse(`severity:high -severity:low "free text" is:open`)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got query.Query, err error, want string) {
		t.Helper()
		if err != nil || got.String() != want {
			t.Errorf("%s: %q, %v, want %q", what, got.String(), err, want)
		}
	}
	got, err := q.With("severity", "critical", "high")
	check("replace", got, err, `"free text" is:open severity:critical,high`)
	got, err = q.With("severity")
	check("remove", got, err, `"free text" is:open`)
	got, err = q.And("family", "cross site")
	check("add", got, err, q.String()+` family:"cross site"`)
	got, err = q.And("", "is:it")
	check("add text", got, err, q.String()+` "is:it"`)
	check("without text", q.Without(""), nil, "severity:high -severity:low is:open")
	check("unchanged", q, nil, `severity:high -severity:low "free text" is:open`)
	if _, err := q.With("severity", "severe"); !isFault(err) {
		t.Errorf("an unknown value: %v", err)
	}
	if values := q.Values("severity"); !slices.Equal(values, []string{"high"}) {
		t.Errorf("chosen: %q", values)
	}
}

func TestCompletion(t *testing.T) {
	dynamic := []string{"acme/shop", "acme/site", "other/acme"}
	tests := []struct {
		text  string // | is the caret
		want  string // the first choices, as text
		query string // after the first, | its caret
	}{
		{"|", "is: severity: family:", "is:|"},
		{"sev|", "severity:", "severity:|"},
		{"-sev| x", "severity:", "-severity:| x"},
		{"stat|", "is:", "is:|"},
		{"is:open |", "is: severity:", "is:open is:|"},
		{"severity:|", "critical high medium low other", "severity:critical |"},
		{"severity:high,|", "critical medium low other", "severity:high,critical |"},
		{"severity:hi| is:open", "high", "severity:high| is:open"},
		{"severity:h|ig,low", "high", "severity:high|,low"},
		{"repo:ac|", "acme/shop acme/site other/acme", "repo:acme/shop |"},
		{`repo:"ac|`, "acme/shop acme/site other/acme", "repo:acme/shop |"},
		{`family:"a|b" x`, "acme/shop acme/site", "family:acme/shop| x"},
		{"𝄞 sev|", "severity:", "𝄞 severity:|"},
		{"nothing:|", "", ""},
		{`"free te|`, "", ""},
	}
	for _, tc := range tests {
		before, after, _ := strings.Cut(tc.text, "|")
		p, ok := schema("issues").At(before+after, units(before))
		var texts []string
		choices := []query.Completion{}
		if ok {
			choices = p.Choices(dynamic)
		}
		for _, c := range choices {
			texts = append(texts, c.Text)
		}
		if got := strings.Join(texts, " "); tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.text, got, tc.want)
			continue
		}
		if len(choices) > 0 {
			c, want := choices[0], strings.Replace(tc.query, "|", "", 1)
			wantBefore, _, _ := strings.Cut(tc.query, "|")
			if c.Query != want || c.Caret != units(wantBefore) {
				t.Errorf("%s: chosen %q caret %d, want %q", tc.text, c.Query, c.Caret, tc.query)
			}
		}
	}
}

// units is the length of s as browsers count.
func units(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// TestVocabularies: each qualifier is distinguished, explained, and its own
// values are understood.
func TestVocabularies(t *testing.T) {
	for _, s := range schemas() {
		seen := map[string]bool{}
		for _, f := range s.Fields {
			for _, name := range append([]string{f.Name}, f.Aliases...) {
				if seen[name] {
					t.Errorf("%s: %s has two meanings", s.Name, name)
				}
				seen[name] = true
			}
			if f.Help == "" || f.Kind.Wants == "" && !f.OneOf() {
				t.Errorf("%s: %s is not explained", s.Name, f.Name)
			}
			for _, value := range f.Words {
				if _, err := s.Parse(f.Name + ":" + value); err != nil {
					t.Errorf("%s: %s:%s: %v", s.Name, f.Name, value, err)
				}
			}
		}
		for _, v := range append(s.Views, query.View{Name: "the example", Query: s.Example}) {
			if q, err := s.Parse(v.Query); err != nil || q.String() != v.Query || v.Name == "" {
				t.Errorf("%s: %s: %q, %v", s.Name, v.Name, v.Query, err)
			}
		}
	}
}

// schemas are those of all lists.
func schemas() []*query.Schema {
	return []*query.Schema{
		lists.Issues(nil).Schema(), lists.Sessions(nil).Schema(), lists.Pulls(nil).Schema(), lists.Runs(nil).Schema(), lists.Repos(nil).Schema(),
		lists.Files(nil).Schema(), lists.Verifications(nil).Schema(), lists.Changes(nil).Schema(), lists.Jobs(nil).Schema(),
	}
}

func schema(name string) *query.Schema {
	all := schemas()
	return all[slices.IndexFunc(all, func(s *query.Schema) bool { return s.Name == name })]
}

// isFault reports whether an error is a sentence about a query.
func isFault(err error) bool {
	fault, ok := errors.AsType[*query.Error](err)
	return ok && fault.Message != ""
}
