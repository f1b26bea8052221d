package devin_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// TestSessionsAreRead: every field of a session, in both vocabularies.
func TestSessionsAreRead(t *testing.T) {
	created, updated := monday(), monday().Add(time.Hour)
	put := devintest.Session{
		ID: "devin-" + hex(1), Status: "running", Detail: "waiting_for_user", Title: "Fix it", CreatedAt: created, UpdatedAt: updated,
		PRs:              []telemetry.UpstreamPR{{URL: "https://github.com/o/r/pull/7", State: "open"}},
		StructuredOutput: map[string]any{"pull_request_url": "https://github.com/o/r/pull/8"},
		Tags:             []string{"codeql-fix", "CQLF-R1-0001"}, Playbook: "playbook-1", ACUs: 2.4567,
	}
	tags, output := []string{"codeql-fix", "CQLF-R1-0001"}, []byte(`{"pull_request_url":"https://github.com/o/r/pull/8"}`)
	want := map[string]telemetry.UpstreamSession{
		keyV1: {ID: hex(1), API: "v1", Status: "blocked", Title: "Fix it", CreatedAt: created, UpdatedAt: updated,
			PRs:  []telemetry.UpstreamPR{{URL: "https://github.com/o/r/pull/7"}, {URL: "https://github.com/o/r/pull/8"}},
			Tags: tags, Playbook: "playbook-1", Output: output},
		keyV3: {ID: hex(1), API: "v3", Status: "running", Detail: "waiting_for_user", Title: "Fix it", CreatedAt: created, UpdatedAt: updated,
			URL: "https://app.devin.ai/sessions/" + hex(1), PRs: []telemetry.UpstreamPR{{URL: "https://github.com/o/r/pull/7", State: "open"}},
			Tags: tags, Playbook: "playbook-1", MilliACUs: 2457, Output: output},
	}
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		p.Put(put)
		answer, err := c.Sessions(t.Context(), []string{"DEVIN-" + strings.ToUpper(hex(1)), hex(1), "", "dry-run"})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "answer", telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{want[key]}}, answer)
		same(t, "API", want[key].API, c.API())
	})
}

// TestRequestCounts: how many requests which question takes.
func TestRequestCounts(t *testing.T) {
	for _, tc := range []struct {
		name       string
		key        string
		there      []string // in the organization, the oldest first
		wanted     []string
		found      []string
		unknown    []string
		skipped    []string
		list, byID int
	}{
		{"v1 nothing wanted", keyV1, hexes(0, 5), nil, nil, nil, nil, 0, 0},
		{"v1 one", keyV1, hexes(0, 5), hexes(3, 4), hexes(3, 4), nil, nil, 1, 0},
		{"v1 a thousand", keyV1, hexes(0, 1000), hexes(0, 1000), hexes(0, 1000), nil, nil, 10, 0},
		{"v1 905", keyV1, hexes(0, 905), hexes(0, 905), hexes(0, 905), nil, nil, 10, 0},
		{"v1 stops when all were seen", keyV1, hexes(0, 500), hexes(450, 500), hexes(450, 500), nil, nil, 1, 0},
		{"v1 one is gone", keyV1, hexes(0, 99), hexes(98, 100), hexes(98, 99), hexes(99, 100), nil, 1, 2},
		{"v1 a full last page", keyV1, hexes(0, 100), hexes(99, 101), hexes(99, 100), hexes(100, 101), nil, 2, 2},
		{"v1 beyond ten pages, by id", keyV1, hexes(0, 1200), hexes(0, 15), hexes(0, 15), nil, nil, 10, 15},
		{"v1 beyond ten pages, twenty a turn", keyV1, hexes(0, 1200), hexes(0, 30), hexes(0, 20), nil, hexes(20, 30), 10, 20},
		{"v1 more pages for more", keyV1, hexes(0, 1500), hexes(0, 500), hexes(0, 500), nil, nil, 15, 0},
		{"v3 nothing wanted", keyV3, hexes(0, 5), nil, nil, nil, nil, 0, 0},
		{"v3 one of many", keyV3, hexes(0, 900), hexes(3, 4), hexes(3, 4), nil, nil, 1, 0},
		{"v3 a thousand", keyV3, hexes(0, 1000), hexes(0, 1000), hexes(0, 1000), nil, nil, 8, 0},
		{"v3 a chunk and one more", keyV3, hexes(0, 200), hexes(0, 128), hexes(0, 128), nil, nil, 2, 0},
		{"v3 one is gone", keyV3, hexes(0, 99), hexes(98, 100), hexes(98, 99), hexes(99, 100), nil, 1, 2},
		{"v3 all gone, asked in both forms", keyV3, nil, hexes(0, 1), nil, hexes(0, 1), nil, 2, 2},
		{"v3 many gone, twenty a turn", keyV3, hexes(0, 1), hexes(0, 31), hexes(0, 1), hexes(1, 21), hexes(21, 31), 1, 40},
		{"no id at all", keyV3, hexes(0, 1), []string{"../self", "a b", strings.Repeat("a", 129)}, nil, []string{"../self", "a b", strings.Repeat("a", 129)}, nil, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, c := played(t, tc.key, 0)
			fill(p, tc.there)
			answer, err := c.Sessions(t.Context(), tc.wanted)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "found", tc.found, idsOf(answer.Sessions))
			same(t, "unknown", tc.unknown, answer.Unknown)
			same(t, "skipped", tc.skipped, answer.Skipped)
			counts := p.Counts()
			if counts[devintest.KindList] != tc.list || counts[devintest.KindSession] != tc.byID {
				t.Errorf("%d pages of lists and %d by id, want %d and %d", counts[devintest.KindList], counts[devintest.KindSession], tc.list, tc.byID)
			}
		})
	}
}

// TestPullRequestsAreRead: every place and form in which Devin names one.
func TestPullRequestsAreRead(t *testing.T) {
	const a, b = "https://github.com/o/r/pull/1", "https://github.com/o/r/pull/2"
	for _, tc := range []struct {
		key, fields string
		want        []telemetry.UpstreamPR
	}{
		{keyV1, `"pull_request":{"url":"` + a + `"}`, []telemetry.UpstreamPR{{URL: a}}},
		{keyV1, `"structured_output":{"pull_request_url":"` + a + `"}`, []telemetry.UpstreamPR{{URL: a}}},
		{keyV1, `"result":{"pull_request_url":"` + a + `"}`, []telemetry.UpstreamPR{{URL: a}}},
		{keyV1, `"pull_request":{"url":" ` + a + `"},"structured_output":{"pull_request_url":"` + a + `"},"result":{"pull_request_url":"` + b + `"}`,
			[]telemetry.UpstreamPR{{URL: a}, {URL: b}}},
		{keyV1, `"pull_request":null,"structured_output":"text","result":[]`, nil},
		{keyV1, `"pull_request":{"url":"o/r#1"}`, nil},
		{keyV3, `"pull_requests":[{"pr_url":"` + a + `","pr_state":"merged"},{"pr_url":"` + b + `","pr_state":null},{"pr_url":"` + a + `"}]`,
			[]telemetry.UpstreamPR{{URL: a, State: "merged"}, {URL: b}}},
		{keyV3, `"pull_requests":null`, nil},
		{keyV3, `"pull_requests":{"pr_url":"` + a + `"}`, nil},
	} {
		t.Run(tc.key[:3]+" "+tc.fields, func(t *testing.T) {
			t.Parallel()
			row := []string{`{"session_id":"` + hex(0) + `","status":"working",` + tc.fields + `}`}
			c := connect(t, &scripted{answer: func(*http.Request) (int, string) {
				return 200, `{"sessions":[` + row[0] + `],"items":[` + row[0] + `]}`
			}}, devin.Options{Key: tc.key, OrgID: org})
			answer, err := c.Sessions(t.Context(), hexes(0, 1))
			if err != nil || len(answer.Sessions) != 1 {
				t.Fatalf("%+v, %v", answer, err)
			}
			same(t, "pull requests", tc.want, answer.Sessions[0].PRs)
		})
	}
}

func later() time.Time { return monday().AddDate(1, 0, 0) }

// TestTimesAreRead: v1 writes text, v3 seconds; either is read, in UTC,
// and none is after now.
func TestTimesAreRead(t *testing.T) {
	at := monday()
	for raw, want := range map[string]time.Time{
		`"2026-05-11T09:00:00Z"`:             at,
		`"2026-05-11T09:00:00"`:              at,
		`"2026-05-11 09:00:00"`:              at,
		`"2026-05-11T09:00:00.250000"`:       at.Add(250 * time.Millisecond),
		`"2026-05-11T11:00:00.250+02:00"`:    at.Add(250 * time.Millisecond),
		`"2026-05-11T11:00:00+0200"`:         at,
		`"2026-05-11T09:00:00.123456+00:00"`: at.Add(123456 * time.Microsecond),
		`"2026-05-11"`:                       at.Truncate(24 * time.Hour),
		`1778490000`:                         at,
		`1778490000.5`:                       at.Add(500 * time.Millisecond),
		`1e10`:                               later(),
		`4070908800`:                         later(),
		`"2099-01-01T00:00:00Z"`:             later(),
		`"9999-12-31T23:59:59+23:59"`:        later(),
		`"0001-01-01T00:00:00Z"`:             {},
		`"1969-07-20T20:17:40Z"`:             {},
		`7`:                                  {},
		`253402300800`:                       {},
		`-1`:                                 {},
		`1e300`:                              {},
		`"yesterday"`:                        {},
		`null`:                               {},
		`{}`:                                 {},
	} {
		eachAPI(t, func(t *testing.T, key string) {
			row := `[{"session_id":"` + hex(0) + `","status":"working","updated_at":` + raw + `}]`
			c := connect(t, &scripted{answer: func(*http.Request) (int, string) { return 200, `{"sessions":` + row + `,"items":` + row + `}` }},
				devin.Options{Key: key, OrgID: org, Now: later})
			answer, err := c.Sessions(t.Context(), hexes(0, 1))
			if err != nil || len(answer.Sessions) != 1 {
				t.Fatalf("%+v, %v", answer, err)
			}
			same(t, raw, want, answer.Sessions[0].UpdatedAt)
		})
	}
}

// TestAListThatMoves shows a session twice: the newer of the two holds.
func TestAListThatMoves(t *testing.T) {
	row := func(status, at string) string {
		return `{"session_id":"` + hex(0) + `","status":"` + status + `","updated_at":"` + at + `"}`
	}
	for _, rows := range [][]string{
		{row("finished", "2026-05-11T10:00:00"), row("working", "2026-05-11T09:00:00")},
		{row("working", "2026-05-11T09:00:00"), row("finished", "2026-05-11T10:00:00")},
	} {
		c := connect(t, &scripted{answer: func(*http.Request) (int, string) { return 200, items("sessions", rows, "") }}, devin.Options{Key: keyV1})
		answer, err := c.Sessions(t.Context(), hexes(0, 1))
		if err != nil || len(answer.Sessions) != 1 || answer.Sessions[0].Status != "finished" {
			t.Errorf("%+v, %v", answer, err)
		}
	}
}

// TestOrganization: v3 asks whose the key is, once, unless it is told.
func TestOrganization(t *testing.T) {
	self := func(status int, body string) *scripted {
		return &scripted{answer: func(r *http.Request) (int, string) {
			if r.URL.Path == "/v3/self" {
				return status, body
			}
			return 200, `{"items":[{"session_id":"` + hex(0) + `","status":"new"}]}`
		}}
	}
	for _, tc := range []struct {
		name  string
		s     *scripted
		org   string
		want  telemetry.Code // "" for success
		asked []string
	}{
		{"told", self(500, ""), "org-7", "", []string{"/v3/organizations/org-7/sessions", "/v3/organizations/org-7/sessions"}},
		{"asked once", self(200, `{"org_id":"org-9"}`), "", "", []string{"/v3/self", "/v3/organizations/org-9/sessions", "/v3/organizations/org-9/sessions"}},
		{"hostile", self(200, `{"org_id":"org/../9"}`), "", telemetry.CodeUpstreamBroken, []string{"/v3/self", "/v3/self"}},
		{"no text", self(200, `{"org_id":9}`), "", telemetry.CodeUpstreamBroken, []string{"/v3/self", "/v3/self"}},
		{"a list", self(200, `[]`), "", telemetry.CodeUpstreamBroken, []string{"/v3/self", "/v3/self"}},
		{"not said", self(200, `{"org_id":null}`), "", telemetry.CodeMissingSetting, []string{"/v3/self", "/v3/self"}},
		{"not there", self(404, ``), "", telemetry.CodeMissingSetting, []string{"/v3/self", "/v3/self"}},
		{"not allowed", self(403, ``), "", telemetry.CodeMissingSetting, []string{"/v3/self", "/v3/self"}},
		{"key refused", self(401, ``), "", telemetry.CodeUpstreamToken, []string{"/v3/self", "/v3/self"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, tc.s, devin.Options{Key: keyV3, OrgID: tc.org})
			for range 2 {
				_, err := c.Sessions(t.Context(), hexes(0, 1))
				if err == nil && tc.want != "" || err != nil && telemetry.CodeOf(err) != tc.want {
					t.Errorf("error %v, want code %q", err, tc.want)
				}
				if tc.want == telemetry.CodeMissingSetting && !strings.Contains(sentence(err), "DEVIN_ORG_ID") {
					t.Errorf("%q does not name DEVIN_ORG_ID", sentence(err))
				}
			}
			var paths []string
			for _, line := range tc.s.requests() {
				paths = append(paths, strings.Fields(line)[1])
			}
			same(t, "asked", tc.asked, paths)
		})
	}
}

// TestAddresses: how the settings become addresses.
func TestAddresses(t *testing.T) {
	for suffix, want := range map[string]string{"": "", "/": "", "/v1": "", "/v3/": "", "/devin/v1/": "/devin", "/devin//": "/devin"} {
		eachAPI(t, func(t *testing.T, key string) {
			row := one(hex(0))
			s := &scripted{answer: func(*http.Request) (int, string) { return 200, `{"sessions":[` + row + `],"items":[` + row + `]}` }}
			server := httptest.NewServer(s)
			t.Cleanup(server.Close)
			c := connect(t, s, devin.Options{BaseURL: server.URL + suffix, Key: key, OrgID: org})
			if _, err := c.Sessions(t.Context(), hexes(0, 1)); err != nil {
				t.Fatal(err)
			}
			path := map[string]string{keyV1: want + "/v1/sessions", keyV3: want + "/v3/organizations/org-1/sessions"}[key]
			if first := s.requests()[0]; !slices.Contains(strings.Fields(first), path) {
				t.Errorf("%q asks %s, want %s", suffix, first, path)
			}
		})
	}
	for _, bad := range []string{"ftp://h", "://", "https://", "https://me:s3cret@h", "https://h?key=s3cret", "https://h/#x", "h"} {
		if _, err := devin.New(devin.Options{BaseURL: bad}); telemetry.CodeOf(err) != telemetry.CodeInvalid || !strings.Contains(sentence(err), "DEVIN_API_URL") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{"..", "org/x", "org x", "org-ä", strings.Repeat("o", 129)} {
		_, err := devin.New(devin.Options{OrgID: bad})
		if telemetry.CodeOf(err) != telemetry.CodeInvalid || !strings.Contains(sentence(err), "DEVIN_ORG_ID") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{"cog_s3cret x", "cog_s3cret\x00", "“cog_s3cret”"} {
		if _, err := devin.New(devin.Options{Key: bad}); telemetry.CodeOf(err) != telemetry.CodeInvalid || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
