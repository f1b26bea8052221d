package feeds_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// feed is what a reader understands of Atom.
type feed struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Author  string   `xml:"author>name"`
	Links   []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"link"`
	Entries []struct {
		ID      string    `xml:"id"`
		Title   string    `xml:"title"`
		Updated time.Time `xml:"updated"`
		Summary string    `xml:"summary"`
		Link    struct {
			Href string `xml:"href,attr"`
		} `xml:"link"`
	} `xml:"entry"`
}

func read(t *testing.T, s *webtest.Site, path string) (f feed) {
	t.Helper()
	a := s.Get(path)
	if a.Status != 200 || a.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" {
		t.Fatalf("%s: %d %s %s", path, a.Status, a.Header.Get("Content-Type"), a.HTML)
	}
	if err := xml.Unmarshal([]byte(a.HTML), &f); err != nil {
		t.Fatalf("%s: %v in %s", path, err, a.HTML)
	}
	return f
}

// dueSoon has critical issues be due before the site's time.
func dueSoon(t *testing.T, s *webtest.Site) {
	t.Helper()
	if err := s.Store.SetDueDays(t.Context(), telemetry.DueDays{"critical": 2, "high": 30, "medium": 90, "low": 180}); err != nil {
		t.Fatal(err)
	}
}

// total is how many rows the API says that a list has.
func total(t *testing.T, s *webtest.Site, list, query, repo string) int {
	t.Helper()
	var page struct{ Total int }
	if err := json.Unmarshal([]byte(s.Get(links.With(links.APIList(list), "q", query, "repo", repo)).HTML), &page); err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// TestFeedsHaveTheRowsOfTheirList: as many as the list has, up to 50, the newest
// first, each with an id of its own and a page that answers.
func TestFeedsHaveTheRowsOfTheirList(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct{ list, query, repo, says string }{
		{"issues", "", "", "js/rule-"}, {"issues", "is:open severity:critical", "octo/shop", "Critical: "}, {"issues", "is:fixed", "", "It is fixed."},
		{"sessions", "", "", "Working"}, {"pulls", "", "", "fix(CQLF-R3-0003): check the path (open)"}, {"runs", "", "octo/shop", "Scan: run 4 of octo/shop"},
		{"verifications", "", "", "are fixed"}, {"changes", "", "octo/shop", "Opened: "}, {"needs-attention", "", "", "Devin waits"},
	} {
		f := read(t, s, links.With(links.Feed(tc.list), "q", tc.query, "repo", tc.repo))
		if want := min(50, total(t, s, tc.list, tc.query, tc.repo)); len(f.Entries) != want || want == 0 {
			t.Errorf("%s %s: %d entries, want %d", tc.list, tc.query, len(f.Entries), want)
		}
		ids, all := map[string]bool{}, ""
		for i, e := range f.Entries {
			if i > 0 && e.Updated.After(f.Entries[i-1].Updated) {
				t.Errorf("%s: %s is newer than what stands before it", tc.list, e.Title)
			}
			ids[e.ID] = true
			all += e.Title + " " + e.Summary + "\n"
			if e.Summary == "" || !strings.HasPrefix(e.ID, "tag:telemetry-dashboard,2026:") {
				t.Errorf("%s: entry %+v", tc.list, e)
			}
		}
		for _, i := range []int{0, len(f.Entries) - 1} {
			if address, ok := strings.CutPrefix(f.Entries[i].Link.Href, s.URL()); !ok || s.Get(address).Status != 200 {
				t.Errorf("%s: the entry leads to %q", tc.list, f.Entries[i].Link.Href)
			}
		}
		if len(ids) != len(f.Entries) || !strings.Contains(all, tc.says) || f.Author == "" || !strings.HasPrefix(f.Entries[0].Updated.Format(time.RFC3339), f.Updated) {
			t.Errorf("%s: %d ids of %d entries, updated %s: %s", tc.list, len(ids), len(f.Entries), f.Updated, all)
		}
		for _, l := range f.Links {
			if address, ok := strings.CutPrefix(l.Href, s.URL()); !ok || s.Get(address).Status != 200 {
				t.Errorf("%s: its %s is %q", tc.list, l.Rel, l.Href)
			}
		}
	}
}

// TestAFeedKeepsItsIDs when it is asked again, and is unchanged while its list is.
func TestAFeedKeepsItsIDs(t *testing.T) {
	s := webtest.Shop(t)
	first := s.Get("/issues.atom?q=is:open")
	if again := s.Get("/issues.atom?q=is:open", "If-None-Match", first.Header.Get("ETag")); again.Status != 304 {
		t.Errorf("unchanged: %d", again.Status)
	}
	before := read(t, s, "/issues.atom?q=rule:js/rule-12")
	s.Put("later.json", webtest.Scan("octo/shop", 5, webtest.Day(10), nil))
	if after := read(t, s, "/issues.atom?q=rule:js/rule-12"); len(after.Entries) == 0 || after.Entries[0].ID != before.Entries[0].ID || after.ID != before.ID {
		t.Errorf("ids %+v, and before %+v", after.Entries, before.Entries)
	}
	if again := s.Get("/issues.atom?q=is:open", "If-None-Match", first.Header.Get("ETag")); again.Status != 200 {
		t.Errorf("after a scan: %d", again.Status)
	}
}

func TestFeedsSayWhatIsWrong(t *testing.T) {
	s := webtest.Shop(t)
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/issues.atom?q=nonsense:1":             {400, "nonsense"},
		"/issues.atom?repo=x":                   {400, "Invalid repo"},
		"/issues.atom?as_of=2026-03-02":         {400, "A feed has no past"},
		"/issues.ics?q=due:never":               {400, "due"},
		"/badge/octo/none.svg":                  {404, "octo/none"},
		"/badge/octo/shop":                      {404, "want /badge/"},
		"/badge/owner/nobody.svg":               {404, "No issue is or was owned by nobody"},
		"/activity.atom":                        {404, "Not found"},
		"/issues.atom?token=tdashread_x&token=": {400, "several read tokens"},
	} {
		if a := s.Get(path); a.Status != want.status || !strings.Contains(a.HTML, want.says) {
			t.Errorf("%s: %d %s, want %d %s", path, a.Status, a.HTML, want.status, want.says)
		}
	}
}

// TestTheCalendarHasTheDueIssues: a day for each, as a calendar reads it.
func TestTheCalendarHasTheDueIssues(t *testing.T) {
	s := webtest.Shop(t)
	dueSoon(t, s)
	a := s.Get("/issues.ics?q=" + url.QueryEscape("is:open repo:octo/shop"))
	if a.Status != 200 || a.Header.Get("Content-Type") != "text/calendar; charset=utf-8" {
		t.Fatalf("%d %s", a.Status, a.HTML)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(a.HTML, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
	cal, err := ics.ParseCalendar(strings.NewReader(a.HTML))
	if err != nil {
		t.Fatal(err)
	}
	var rows struct {
		Items []struct {
			ID  string    `json:"id"`
			Due time.Time `json:"due_at"`
		}
	}
	if err := json.Unmarshal([]byte(s.Get("/api/issues?per_page=200&sort=due&q="+url.QueryEscape("is:open repo:octo/shop")).HTML), &rows); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, r := range rows.Items {
		if !r.Due.IsZero() {
			want = append(want, fmt.Sprintf("issue-%s@telemetry-dashboard %s", r.ID, r.Due.UTC().Format("20060102")))
		}
	}
	for _, e := range cal.Events() {
		begins, err := e.GetAllDayStartAt()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Id()+" "+begins.Format("20060102"))
		if page := e.GetProperty(ics.ComponentPropertyUrl).Value; s.Get(strings.TrimPrefix(page, s.URL())).Status != 200 {
			t.Errorf("an event leads to %s", page)
		}
		if e.GetProperty(ics.ComponentPropertySummary).Value == "" || e.GetProperty(ics.ComponentPropertyDtstamp).Value == "" {
			t.Errorf("event %s", e.Id())
		}
	}
	if !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("events %q, want %q", got, want)
	}
}

// TestABadgeCountsWhatTheListsCount, says it in words, and loads nothing.
func TestABadgeCountsWhatTheListsCount(t *testing.T) {
	s := webtest.Shop(t)
	worst := total(t, s, "issues", "is:open severity:critical,high", "octo/shop")
	says := func(path, want string) {
		t.Helper()
		a := s.Get(path)
		var svg struct {
			Title string   `xml:"title"`
			Texts []string `xml:"g>text"`
		}
		if err := xml.Unmarshal([]byte(a.HTML), &svg); err != nil || a.Status != 200 {
			t.Fatalf("%s: %d %v %s", path, a.Status, err, a.HTML)
		}
		if svg.Title != "code scanning: "+want || !slices.Equal(svg.Texts, []string{"code scanning", want}) {
			t.Errorf("%s says %q %q, want %q", path, svg.Title, svg.Texts, want)
		}
		if strings.Count(a.HTML, "http") != 1 || a.Header.Get("Cache-Control") != "max-age=60" || a.Header.Get("Etag") == "" {
			t.Errorf("%s: %v %s", path, a.Header, a.HTML)
		}
	}
	says("/badge/octo/shop.svg", fmt.Sprintf("%d critical or high", worst))
	says("/badge/octo/api.svg", "no scan with findings")
	dueSoon(t, s)
	late := total(t, s, "issues", "is:overdue", "octo/shop")
	says("/badge/octo/shop.svg", fmt.Sprintf("%d critical or high, %d overdue", worst, late))
	if worst == 0 || late == 0 {
		t.Errorf("%d critical or high, and %d overdue", worst, late)
	}
}
