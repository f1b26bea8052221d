package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// findAsks are requests of search, completion, downloads and saved views.
func findAsks(w *world, repo string) []ask {
	q := url.QueryEscape
	asks := []ask{
		{"GET /api/search", "/api/search?q=js", "", 200}, {"GET /api/search", "/api/search", "", 200}, {"GET /api/search", "/api/search?q=" + q(repo), "", 200}, {"GET /api/search", "/api/search?q=is:open", "", 200},
		{"GET /api/search", "/api/search?q=" + q(`"open`), "", 400}, {"GET /api/search", "/api/search?q=%00", "", 400}, {"GET /api/search", "/api/search?q=" + strings.Repeat("x", 10_000), "", 400},
		{"GET /api/complete", "/api/complete?list=issues&q=sev", "", 200}, {"GET /api/complete", "/api/complete?list=issues&q=repo:&caret=5", "", 200}, {"GET /api/complete", "/api/complete?q=sev", "", 400}, {"GET /api/complete", "/api/complete?list=issues&caret=x", "", 400},
		{"POST /api/views", "/api/views", `{"name":"<b>old</b>","list":"issues","query":"q=is%3Aopen&page=3"}`, 201}, {"POST /api/views", "/api/views", `{"name":"<B>old</b>","list":"runs"}`, 409},
		{"GET /api/views", "/api/views", "", 200}, {"DELETE /api/views/{id}", "/api/views/none", "", 404}, {"PATCH /api/views/{id}", "/api/views/none", `{"name":"x"}`, 404},
	}
	for _, body := range []string{"", "{", "[]", `{"name":""}`, `{"name":"x"}`, `{"name":"x","list":"none"}`, `{"name":"x","list":"issues","query":"q=none:1"}`} {
		asks = append(asks, ask{"POST /api/views", "/api/views", body, 400})
	}
	made := w.json("POST", "/api/views", `{"name":"another","list":"repos"}`)
	asks = append(asks, ask{"PATCH /api/views/{id}", fmt.Sprint("/api/views/", made["id"]), `{"name":"<b>OLD</b>"}`, 409}, ask{"PATCH /api/views/{id}", fmt.Sprint("/api/views/", made["id"]), `{"name":" "}`, 400},
		ask{"PATCH /api/views/{id}", fmt.Sprint("/api/views/", made["id"]), `{"name":"Another  one"}`, 200}, ask{"POST /api/views", "/api/views", `{"name":"another ONE","list":"runs","replace":true}`, 201})
	asks = append(asks, ask{"DELETE /api/views/{id}", fmt.Sprint("/api/views/", made["id"]), "", 204})
	for _, list := range []string{"issues", "sessions", "prs", "runs", "repos"} {
		for _, kind := range []string{".csv", ".json"} {
			path := "/api/" + list + kind
			asks = append(asks, ask{"GET " + path, path, "", 200}, ask{"GET " + path, path + "?q=" + q("repo:no/such"), "", 200}, ask{"GET " + path, path + "?sort=repo&order=desc", "", 200},
				ask{"GET " + path, path + "?sort=colour", "", 400}, ask{"GET " + path, path + "?q=colour:red", "", 400}, ask{"GET " + path, path + "?q=" + strings.Repeat("x", 10_000), "", 400})
		}
	}
	for _, list := range []string{"verifications", "changes", "files", "jobs", "needs-attention", "deliveries", "audit"} {
		for _, kind := range []string{".csv", ".json"} {
			path := "/api/" + list + kind
			asks = append(asks, ask{"GET " + path, path, "", 200}, ask{"GET " + path, path + "?order=asc", "", 200}, ask{"GET " + path, path + "?sort=colour", "", 400})
		}
	}
	for _, list := range []string{"issues", "sessions", "prs", "runs", "repos"} {
		for _, bad := range []string{`"open`, "a\x00b", "a\nb", `a"b"`, "is:", "nothing:1", "\xff", strings.Repeat("x", 10_000)} {
			asks = append(asks, ask{"GET /api/" + list, "/api/" + list + "?q=" + q(bad), "", 400})
		}
	}
	return asks
}

// TestDownloads: a file has every row of the view, in its order, and parses
// back.
func TestDownloads(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.deliver()
	w.json("POST", "/api/refresh", "")
	for _, list := range []string{"issues", "sessions", "prs", "runs", "repos", "verifications", "changes", "files", "jobs", "needs-attention", "deliveries", "audit"} {
		var items []map[string]any
		got := w.do("GET", "/api/"+list+".json?order=asc", "")
		if err := json.Unmarshal(got.body, &items); err != nil || len(items) == 0 {
			t.Fatalf("%s: %v, %d items", list, err, len(items))
		}
		if list != "repos" { // whose own endpoint answers an array
			total := w.json("GET", "/api/"+list+"?order=asc", "")["total"]
			if fmt.Sprint(total) != fmt.Sprint(len(items)) {
				t.Errorf("%s: the file has %d items, the list %v", list, len(items), total)
			}
		}
		got = w.do("GET", "/api/"+list+".csv?order=asc", "")
		lines, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
		if err != nil || len(lines) != len(items)+1 {
			t.Errorf("%s: %v, %d lines for %d items", list, err, len(lines), len(items))
			continue
		}
		if strings.Count(string(got.body), "\n") != strings.Count(string(got.body), "\r\n") || !strings.HasSuffix(string(got.body), "\r\n") {
			t.Errorf("%s: lines do not end with CRLF", list)
		}
		if name := got.Header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename="[a-z-]+-\d{4}-\d\d-\d\d\.csv"$`).MatchString(name) {
			t.Errorf("%s: %s", list, name)
		}
		for i, item := range items {
			name := map[string]string{"changes": "file", "files": "file", "jobs": "id", "audit": "action"}[list]
			if name == "" {
				name = "repo"
			}
			value, _ := item[name].(string)
			if column := indexOf(lines[0], name); list != "runs" && list != "repos" && lines[i+1][column] != value {
				t.Errorf("%s: line %d is of %s, the item of %s", list, i+1, lines[i+1][column], value)
			}
		}
	}
}

func indexOf(list []string, name string) int {
	for i, v := range list {
		if v == name {
			return i
		}
	}
	return 0
}

// TestAgesOfThen: ages in a file of a past time are those of that time.
func TestAgesOfThen(t *testing.T) {
	w := newWorld(t, handmade(t), false)
	w.populate()
	w.json("POST", "/api/refresh", "")
	got := w.do("GET", "/api/issues.csv?repo=octo/widgets&as_of=2026-02-11T11:00:00Z", "")
	lines, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatalf("%v: %s", err, got.body)
	}
	for _, line := range lines[1:] {
		first, err := time.Parse(time.RFC3339, line[indexOf(lines[0], "first_seen")])
		if err != nil {
			t.Fatal(err)
		}
		want := time.Date(2026, 2, 11, 11, 0, 0, 0, time.UTC).Sub(first) / (24 * time.Hour)
		if age := line[indexOf(lines[0], "age_days")]; age != strconv.Itoa(int(want)) {
			t.Errorf("an issue of %s was %s days old, want %d", first, age, want)
		}
	}
}
