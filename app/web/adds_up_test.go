package web_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// told is a generated history that a site is told by and by, and what people
// decide meanwhile.
type told struct {
	*webtest.Site
	t     *testing.T
	dice  *rand.Rand
	clock *atomic.Int64   // seconds
	times []time.Time     // moments of the history
	made  []string        // decisions
	found map[string]bool // states in which some issue was
}

func tell(t *testing.T, seed uint64) *told {
	t.Helper()
	h := &told{t: t, dice: rand.New(rand.NewPCG(seed, 11)), clock: &atomic.Int64{}, found: map[string]bool{}}
	h.clock.Store(storetest.DisturbedFiles(seed)[0].Record.Timestamp.Unix())
	h.Site = webtest.OpenAt(t, h.now)
	return h
}

func (h *told) now() time.Time { return time.Unix(h.clock.Load(), 0).UTC() }

func (h *told) pass(d time.Duration) { h.clock.Add(int64(d / time.Second)) }

// TestIssuesAddUpAtAnyTime: for generated sequences of scans, decisions and late
// records, at any time open (not scanned ones included) + dismissed + accepted +
// fixed are all issues, with the same numbers on pages, in the API, in exports
// and in trends.
func TestIssuesAddUpAtAnyTime(t *testing.T) {
	for seed := range uint64(testsize.Of(t, "histories", 1, 3)) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			h := tell(t, seed+40)
			var late []telemetry.FetchedFile
			for _, f := range storetest.DisturbedFiles(seed + 40) {
				switch {
				case f.Record == nil || f.Record.Timestamp.Before(h.now()):
				case h.dice.IntN(7) == 0:
					late = append(late, f)
				default:
					h.clock.Store(f.Record.Timestamp.Unix() + 60)
					storetest.Put(t, h.Store, f)
					h.times = append(h.times, h.now())
					for range h.dice.IntN(4) {
						h.pass(time.Duration(h.dice.IntN(5400)) * time.Second)
						h.decide()
					}
				}
			}
			h.check("the history went on")
			storetest.PutEach(t, h.Store, late)
			h.pass(48 * time.Hour)
			h.check("late records came")
			for _, state := range []string{"open", "dismissed", "accepted", "fixed"} {
				if !h.found[state] {
					t.Errorf("at no time checked was an issue %s", state)
				}
			}
			if len(h.made) < 8 || len(late) == 0 {
				t.Errorf("only %d decisions and %d late records", len(h.made), len(late))
			}
		})
	}
}

// decide decides about one issue, about several, or undoes a decision.
func (h *told) decide() {
	h.t.Helper()
	if len(h.made) > 0 && h.dice.IntN(6) == 0 {
		id := h.made[h.dice.IntN(len(h.made))]
		if a := h.Send(http.MethodDelete, "/api/decisions/"+id, ""); a.Status != http.StatusOK {
			h.t.Fatal(a.Status, a.HTML)
		}
		return
	}
	body := map[string]any{"action": "dismiss", "reason": "wont_fix"}
	switch h.dice.IntN(5) {
	case 0, 1:
		until := h.now().Add(time.Duration(1+h.dice.IntN(900)) * time.Hour)
		body = map[string]any{"action": "accept", "comment": "until then", "until": until.Format(time.RFC3339)}
	case 2:
		body = map[string]any{"action": "reopen"}
	}
	open := h.object("/api/issues", "status:open", time.Time{})["items"].([]any)
	if len(open) == 0 {
		return
	}
	one := open[h.dice.IntN(len(open))].(map[string]any)
	if body["issues"] = []any{one["id"]}; h.dice.IntN(4) == 0 {
		q := fmt.Sprintf("status:open rule:%v", one["rule_id"])
		delete(body, "issues")
		body["q"], body["expect"] = q, h.total(q, time.Time{})
	}
	text, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	a := h.Send(http.MethodPost, "/api/decisions", string(text))
	var made struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal([]byte(a.HTML), &made); err != nil || a.Status != http.StatusCreated {
		h.t.Fatal(string(text), a.Status, a.HTML, err)
	}
	h.made, h.times = append(h.made, strconv.FormatInt(made.ID, 10)), append(h.times, h.now())
}

// at is an address that asks a query as of a time, zero for now.
func at(path, q string, then time.Time) string {
	v := url.Values{"q": {q}}
	if !then.IsZero() {
		v.Set("as_of", then.Format(time.RFC3339))
	}
	return path + "?" + v.Encode()
}

func (h *told) object(path, q string, then time.Time) map[string]any {
	h.t.Helper()
	return h.json(at(path, q, then))
}

func (h *told) json(address string) map[string]any {
	h.t.Helper()
	address, _, _ = strings.Cut(address, "#")
	a := h.Get(address)
	var v map[string]any
	if err := json.Unmarshal([]byte(a.HTML), &v); err != nil || a.Status != http.StatusOK {
		h.t.Fatalf("%s: %d %.300s", address, a.Status, a.HTML)
	}
	return v
}

func (h *told) total(q string, then time.Time) int64 {
	h.t.Helper()
	return int64(h.object("/api/issues", q, then)["total"].(float64))
}

var counter = regexp.MustCompile(`<h2 id="issues-title">Issues</h2><span class="counter[^"]*">([0-9,]+)<`)

// counted is the number of issues of a page.
func (h *told) counted(address string) int64 {
	h.t.Helper()
	a := h.Get(html.UnescapeString(address))
	m := counter.FindStringSubmatch(a.HTML)
	if m == nil {
		h.t.Fatalf("%s: %d, no number of issues in %.300s", address, a.Status, a.Text())
	}
	return number(h.t, m[1])
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (h *told) check(when string) {
	h.t.Helper()
	h.addUp(when, time.Time{})
	for range 4 {
		then := h.times[h.dice.IntN(len(h.times))].Add(time.Duration(h.dice.IntN(7200)) * time.Second)
		if then.Before(h.now()) {
			h.addUp(when, then)
		}
	}
}

// addUp holds all that counts issues as of a time against the list's totals.
func (h *told) addUp(when string, then time.Time) {
	h.t.Helper()
	want := map[string]int64{}
	for _, state := range []string{"open", "dismissed", "accepted", "fixed", "new", "recurring", "reopened", "not_scanned"} {
		want[state] = h.total("is:"+state, then)
		h.found[state] = h.found[state] || want[state] > 0
	}
	all := h.total("", then)
	same := func(what string, got, want int64) {
		h.t.Helper()
		if got != want {
			h.t.Errorf("%s, as of %v: %s %d, want %d", when, then, what, got, want)
		}
	}
	same("open, dismissed, accepted and fixed are", want["open"]+want["dismissed"]+want["accepted"]+want["fixed"], all)
	same("the open states are", want["new"]+want["recurring"]+want["reopened"]+want["not_scanned"], want["open"])
	for _, state := range []string{"open", "dismissed", "accepted", "fixed"} {
		same("the page has "+state, h.counted(at("/issues", "is:"+state, then)), want[state])
	}
	same("the page of all has", h.counted(at("/issues", "", then)), all)

	stats := h.object("/api/stats", "", then)
	for place, state := range map[string]string{"open": "open", "dismissed": "dismissed", "accepted": "accepted"} {
		n := int64(stats[place].(float64))
		if place == "open" {
			n -= int64(stats["latest_unlisted"].(float64))
		}
		same("/api/stats has "+place, n, want[state])
	}
	exported := h.exported(then)
	for _, state := range []string{"new", "recurring", "reopened", "not_scanned", "dismissed", "accepted", "fixed"} {
		same("the CSV file has "+state, exported[state], want[state])
		delete(exported, state)
	}
	if len(exported) > 0 {
		same(fmt.Sprintf("the CSV file has %v,", exported), 1, 0)
	}
	h.trends(same, want, then)
	h.overview(same, want["open"], int64(stats["latest_unlisted"].(float64)), then)
}

// exported counts the rows of the CSV file by state.
func (h *told) exported(then time.Time) map[string]int64 {
	h.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(h.Get(at("/api/issues.csv", "", then)).HTML)).ReadAll()
	if err != nil || len(rows) == 0 {
		h.t.Fatal(err, len(rows))
	}
	count := map[string]int64{}
	for column, name := range rows[0] {
		for _, row := range rows[1:] {
			if name == "state" {
				count[row[column]]++
			}
		}
	}
	return count
}

// trends: the trend ends with what the list has, and each of its points is what
// the list of its day has.
func (h *told) trends(same func(string, int64, int64), want map[string]int64, then time.Time) {
	h.t.Helper()
	trends := h.json(at("/api/trends", "", then) + "&period=all")
	links := trends["links"].(map[string]any)
	now := trends["open_now"].(map[string]any)
	for place, state := range map[string]string{"listed": "open", "dismissed": "dismissed", "accepted": "accepted"} {
		same("/api/trends ends with "+place, int64(now[place].(float64)), want[state])
	}
	points := trends["open"].([]any)
	for _, i := range []int{h.dice.IntN(len(points)), len(points) - 1} {
		for _, part := range []string{"listed", "dismissed", "accepted"} {
			link := links[fmt.Sprintf("open/%d/%s", i, part)].(string)
			list := int64(h.json(link)["total"].(float64))
			same(fmt.Sprintf("/api/trends, point %d, has %s", i, part), int64(points[i].(map[string]any)[part].(float64)), list)
		}
	}
}

var (
	openTile  = regexp.MustCompile(`(?s)>Open issues</span>.*?<a class="tile-value" href="([^"]*)">([0-9,]+)</a>`)
	openPoint = regexp.MustCompile(`<th scope="row">[^<]*</th><td><a class="" href="(/issues[^"]*)">([0-9,]+)</a>`)
)

// overview: the tile of the overview and the rows of its trend are what the
// pages to which they lead count.
func (h *told) overview(same func(string, int64, int64), open, unlisted int64, then time.Time) {
	h.t.Helper()
	page := h.Get(at("/", "", then) + "&period=all").HTML
	tile := openTile.FindStringSubmatch(page)
	if tile == nil {
		h.t.Fatal("the overview has no tile of open issues")
	}
	same("the tile has", number(h.t, tile[2])-unlisted, open)
	same("the tile leads to", h.counted(tile[1]), open)
	points := map[string]string{}
	for _, m := range openPoint.FindAllStringSubmatch(page, -1) {
		points[m[1]] = m[2]
	}
	if len(points) == 0 {
		h.t.Error("no row of the trend's table leads to its issues")
	}
	for link := range maps.Keys(points) {
		if len(points) > 3 { // any three of them
			delete(points, link)
		}
	}
	for link, n := range points {
		if unlisted == 0 {
			same("the trend's table, "+link+",", number(h.t, n), h.counted(link))
		}
	}
}
