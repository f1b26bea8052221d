package shell

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// TestDurations: a duration in its largest unit.
func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 min", 59 * time.Minute: "59 min", time.Hour: "1 h", 47 * time.Hour: "47 h", 48 * time.Hour: "2 d", 400 * 24 * time.Hour: "400 d",
	} {
		if got := DaysText(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "under 1 s", 12 * time.Second: "12 s", 80 * time.Second: "1:20 min"} {
		if got := TookText(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if a, b := secondsText(0.25), secondsText(75); a != "0.2 s" || b != "1:15" {
		t.Errorf("%q, %q", a, b)
	}
}

// TestNames: runs, sessions and bases as people call them.
func TestNames(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{RunName(0, 0), "dispatch"}, {RunName(0, 2), "dispatch · batch 2"}, {RunName(7, 2), "run 7 · batch 2"},
		{ShortID("devin-0123456789abcdef"), "01234567"}, {ShortID("r-1"), "r-1"},
		{StatusText("running", "working"), "running + working"}, {StatusText("finished", ""), "finished"},
		{BasisText(telemetry.LinkDevin), "Devin’s answer"}, {BasisText(telemetry.LinkVerification), "verification record"},
		{BasisText(telemetry.LinkRecorded), "run record"}, {BasisText(telemetry.LinkSessionID), "session id in the PR"},
		{BasisText(telemetry.LinkIssueID), "issue id in the title"}, {BasisText(""), ""},
		{PercentText(33.33), "33.3 %"}, {parts.Number(1234567), "1,234,567"}, {SpotText("a.ts", 0), "a.ts"}, {SpotText("a.ts", 7), "a.ts:7"},
		{ValueText(nil), "empty"}, {ValueText(""), "empty"}, {ValueText([]any{}), "empty"}, {ValueText([]any{"a", 2.0}), "a, 2"},
		{ValueText("https://github.com/octo/shop/pull/7"), "octo/shop#7"}, {ValueText("text"), "text"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
	if got := Named([]string{"a", " ", "b"}); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q", got)
	}
}

// TestSentences: only what was written for people is shown of an error.
func TestSentences(t *testing.T) {
	if got := telemetry.Sentence(telemetry.Errorf(telemetry.CodeInvalid, "Too long.").Because(errors.New("secret"))); got != "Too long." {
		t.Errorf("%q", got)
	}
	if got := telemetry.Sentence(errors.New("secret")); strings.Contains(got, "secret") || !strings.Contains(got, "See the log") {
		t.Errorf("%q", got)
	}
}

// TestAddresses: a query that cannot be asked has no address.
func TestAddresses(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.FixedZone("", 3600))
	for _, tc := range []struct{ got, want string }{
		{TermText("family", "path traversal"), `family:"path traversal"`}, {TermText("family", "a", "b"), "family:a,b"},
		{TermText("family", " "), ""},
		{TermText("family", "a\x00"), ""}, {TermURL("/issues", "rule", "js/xss"), "/issues?q=rule%3Ajs%2Fxss"},
		{TermURL("/issues", "rule", ""), ""},
		{QueryFor("is:open", "is:open"), ""}, {QueryFor("", "is:open"), parts.Blank}, {QueryFor("xss", "is:open"), "xss"},
		{ChangesURL(View{Scope: "octo/shop"}, "closed", at, at),
			"/changes?event=closed&repo=octo%2Fshop&since=2026-03-01T11%3A00%3A00.005Z&until=2026-03-01T11%3A00%3A00.005Z"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}

// TestPaging: numbers out of range are clamped, what is no number is refused,
// and the order is that of the column where none is named.
func TestPaging(t *testing.T) {
	down := parts.Sort{Key: "time", Desc: true}
	for text, want := range map[string]query.Page{
		"":                           {Number: 1, Size: 50, Sort: "time", Order: "desc"},
		"order=asc":                  {Number: 1, Size: 50, Sort: "time", Order: "asc"},
		"sort=repo":                  {Number: 1, Size: 50, Sort: "repo", Order: "asc"},
		"sort=repo&order=desc":       {Number: 1, Size: 50, Sort: "repo", Order: "desc"},
		"page=-3&per_page=1":         {Number: 1, Size: 25, Sort: "time", Order: "desc"},
		"page=7&per_page=1000":       {Number: 7, Size: 200, Sort: "time", Order: "desc"},
		"page=99999999999999&sort=x": {Number: 1 << 40, Size: 50, Sort: "x", Order: "asc"},
	} {
		asked, _ := url.ParseQuery(text)
		if got, err := (View{Query: asked}).Paging(down); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"page=x", "per_page=1.5", "order=up", "page=99999999999999999999"} {
		asked, _ := url.ParseQuery(text)
		name, _, _ := strings.Cut(text, "=")
		if _, err := (View{Query: asked}).Paging(down); telemetry.CodeOf(err) != telemetry.CodeInvalid ||
			!strings.HasPrefix(telemetry.Sentence(err), "Invalid "+name+":") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestTableStopsAtAFault: what a list answers with instead of rows is handed
// on, also on the second question for its last page.
func TestTableStopsAtAFault(t *testing.T) {
	fault := errors.New("away")
	asked := 0
	from := func(context.Context, query.Page) (telemetry.List[int], error) {
		if asked++; asked > 1 {
			return telemetry.List[int]{}, fault
		}
		return telemetry.List[int]{Total: 60}, nil
	}
	v := View{Query: url.Values{"page": {"9"}}}
	if _, err := Table(t.Context(), v, parts.Sort{Key: "x"}, Source[int](from)); !errors.Is(err, fault) || asked != 2 {
		t.Errorf("%v after %d questions", err, asked)
	}
	if _, err := Short(t.Context(), v, 5, parts.Sort{Key: "x"}, Source[int](from)); !errors.Is(err, fault) {
		t.Errorf("short: %v", err)
	}
	more := Joined(Source[int](from), func(context.Context, []int) ([]string, error) { return nil, nil })
	if _, err := more(t.Context(), query.Page{}); !errors.Is(err, fault) {
		t.Errorf("joined: %v", err)
	}
}

// TestBrokenPanel: a panel that cannot be drawn says so in its place.
func TestBrokenPanel(t *testing.T) {
	broken := Panel{Name: "tiles", Title: "Figures", Page: "/", Draw: func(context.Context, View) (templ.Component, error) {
		return nil, telemetry.Errorf(telemetry.CodeUnavailable, "The database is away.")
	}}
	var out strings.Builder
	if err := broken.Within(t.Context(), View{}).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"The database is away.", `id="tiles"`, `hx-get="/panels/tiles"`} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("no %q in %s", text, out.String())
		}
	}
}

// TestFormsThatAreShownAgain: the status says whether anyone knows what became
// of the form, and the token whether it may be sent once more.
func TestFormsThatAreShownAgain(t *testing.T) {
	for code, want := range map[telemetry.Code]struct {
		status int
		token  string
	}{
		telemetry.CodeInvalid: {400, "fresh"}, telemetry.CodeOutcomeUnknown: {409, "fresh"}, telemetry.CodeConflict: {409, "own"},
	} {
		v := View{Form: url.Values{"token": {"own"}}, Fault: telemetry.Errorf(code, "x")}
		if status, token := FaultStatus(v.Fault), TokenAfter(v, "fresh"); status != want.status || token != want.token {
			t.Errorf("%s: %d, %q", code, status, token)
		}
	}
}
