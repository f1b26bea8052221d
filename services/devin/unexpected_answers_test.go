package devin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/telemetry"
)

// strange is a server that is like Devin, and not quite.
type strange struct {
	name   string
	answer func(r *http.Request) (int, string)
	wanted []string
	want   telemetry.SessionAnswer // of Sessions, the ids are compared
	asked  int                     // requests
	said   string                  // in the error, "" for none
}

func (tc strange) run(t *testing.T, key string) {
	t.Parallel()
	s := &scripted{answer: tc.answer}
	c := connect(t, s, devin.Options{Key: key, OrgID: org})
	answer, err := c.Sessions(t.Context(), tc.wanted)
	if (err == nil) != (tc.said == "") || (err != nil && !strings.Contains(err.Error(), tc.said)) {
		t.Fatalf("error %v, want %q", err, tc.said)
	}
	same(t, "found", idsOf(tc.want.Sessions), idsOf(answer.Sessions))
	same(t, "unknown", tc.want.Unknown, answer.Unknown)
	same(t, "skipped", tc.want.Skipped, answer.Skipped)
	if asked := s.requests(); len(asked) != tc.asked {
		t.Errorf("%d requests, want %d:\n%s", len(asked), tc.asked, strings.Join(asked, "\n"))
	}
}

// one is a session's row, in either vocabulary.
func one(id string) string {
	return fmt.Sprintf(`{"session_id":%q,"status":"running","status_enum":"working"}`, id)
}

func rows(ids []string) (rows []string) {
	for _, id := range ids {
		rows = append(rows, one(id))
	}
	return rows
}

func list(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/sessions") }

// TestUnexpectedAnswersV1: what else may speak v1.
func TestUnexpectedAnswersV1(t *testing.T) {
	for _, tc := range []strange{
		{"bare ids", func(*http.Request) (int, string) { return 200, items("sessions", rows(hexes(0, 3)), "") },
			hexes(0, 3), found(hexes(0, 3)), 1, ""},
		{"an empty list that answers by id", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, `{"sessions":[]}`
			}
			return 200, one(strings.TrimPrefix(r.URL.Path, "/v1/sessions/"))
		}, hexes(0, 3), found(hexes(0, 3)), 4, ""},
		{"a list of null", func(*http.Request) (int, string) {
			return 200, `{"sessions":null}`
		}, hexes(0, 1), telemetry.SessionAnswer{Skipped: hexes(0, 1)}, 1, "names no sessions"},
		{"paths with bare ids", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, `{"sessions":[]}`
			}
			if strings.Contains(r.URL.Path, "devin-") {
				return 404, `{"detail":"no"}`
			}
			return 200, one(strings.TrimPrefix(r.URL.Path, "/v1/sessions/"))
		}, hexes(0, 1), found(hexes(0, 1)), 3, ""},
		{"everything on one page", func(*http.Request) (int, string) { return 200, items("sessions", rows(hexes(0, 400)), "") },
			hexes(0, 400), found(hexes(0, 400)), 1, ""},
		{"offset is not known", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, items("sessions", rows(hexes(0, 100)), "")
			}
			return 404, ``
		}, hexes(99, 101), telemetry.SessionAnswer{Sessions: sessions(hexes(99, 100)), Unknown: hexes(100, 101)}, 4, "repeats its pages"},
		{"a list without end", func(r *http.Request) (int, string) {
			offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
			if list(r) {
				return 200, items("sessions", rows(hexes(1000+offset, 1100+offset)), "")
			}
			return 404, ``
		}, hexes(0, 1), telemetry.SessionAnswer{Unknown: hexes(0, 1)}, 12, ""},
		{"odd rows cost themselves", func(*http.Request) (int, string) {
			return 200, items("sessions", []string{`7`, `null`, `"x"`, `[]`, `{}`, `{"session_id":9,"status":"working"}`,
				`{"session_id":"devin-` + hex(0) + `"}`, `{"session_id":"` + hex(1) + `","status":7,"status_enum":[]}`, one(hex(2)),
				`{"session_id":"` + hex(3) + `","status":"dreaming","status_enum":null,"title":{},"created_at":[],"updated_at":"soon","pull_request":"x","structured_output":[1]}`}, "")
		}, hexes(0, 4), telemetry.SessionAnswer{Sessions: sessions(hexes(2, 4)), Skipped: hexes(0, 2)}, 1, "8 rows of 10"},
		{"odd rows of sessions that are not wanted", func(*http.Request) (int, string) {
			return 200, items("sessions", []string{`{"session_id":"` + hex(1) + `","status":7}`, one(hex(0))}, "")
		}, hexes(0, 1), found(hexes(0, 1)), 1, ""},
		{"a page of odd rows", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, items("sessions", slices.Repeat([]string{`{"id":"x"}`}, 100), "")
			}
			return 404, `{}`
		}, hexes(0, 1), telemetry.SessionAnswer{Unknown: hexes(0, 1)}, 3, "100 rows of 100"},
		{"no such session, says a web page", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, `{"sessions":[]}`
			}
			return 404, `<!doctype html><html>Not here</html>`
		}, hexes(0, 1), telemetry.SessionAnswer{Skipped: hexes(0, 1)}, 2, "web page (404)"},
		{"another session's answer", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, `{"sessions":[]}`
			}
			return 200, one(hex(5))
		}, hexes(0, 1), telemetry.SessionAnswer{Skipped: hexes(0, 1)}, 2, "about another session"},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, keyV1) })
	}
}

// TestUnexpectedAnswersV3: what else may speak v3.
func TestUnexpectedAnswersV3(t *testing.T) {
	for _, tc := range []strange{
		{"session_ids is ignored", pagesOf(rows(hexes(0, 1000)), nil), hexes(0, 1000), found(hexes(0, 1000)), 5, ""},
		{"ignored, and one is missing", pagesOf(rows(hexes(0, 250)), nil), hexes(249, 251),
			telemetry.SessionAnswer{Sessions: sessions(hexes(249, 250)), Unknown: hexes(250, 251)}, 4, ""},
		{"session_ids without devin-", func(r *http.Request) (int, string) {
			var got []string
			for _, id := range r.URL.Query()["session_ids"] {
				if !strings.HasPrefix(id, "devin-") {
					got = append(got, id)
				}
			}
			return 200, items("items", rows(got), `,"has_next_page":false`)
		}, hexes(0, 1000), found(hexes(0, 1000)), 9, ""},
		{"one row a page, session_ids ignored", func(r *http.Request) (int, string) {
			after, _ := strconv.Atoi(r.URL.Query().Get("after"))
			return 200, items("items", rows(hexes(after, after+1)), fmt.Sprintf(`,"has_next_page":%t,"end_cursor":"%d"`, after < 49, after+1))
		}, hexes(0, 50), found(hexes(0, 50)), 50, ""},
		{"session_ids is refused", pagesOf(rows(hexes(0, 300)), func(r *http.Request) bool { return r.URL.Query().Has("session_ids") }),
			hexes(0, 300), found(hexes(0, 300)), 3, ""},
		{"a session of another organization", func(r *http.Request) (int, string) {
			foreign := strings.Replace(one(hex(0)), "{", `{"org_id":"org-of-others",`, 1)
			own := strings.Replace(one(hex(1)), "{", `{"org_id":"`+org+`",`, 1)
			if list(r) {
				return 200, items("items", []string{foreign, own}, `,"has_next_page":false`)
			}
			return 200, foreign
		}, hexes(0, 2), telemetry.SessionAnswer{Sessions: sessions(hexes(1, 2)), Skipped: hexes(0, 1)}, 1, "it belongs to another organization"},
		{"a cursor that repeats", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, items("items", rows(hexes(500, 600)), `,"has_next_page":true,"end_cursor":"again"`)
			}
			return 404, `{}`
		}, hexes(0, 1), telemetry.SessionAnswer{Unknown: hexes(0, 1)}, 4, "repeats its pages"},
		{"a next page without a cursor", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, items("items", rows(hexes(500, 600)), `,"has_next_page":true,"end_cursor":null`)
			}
			return 404, `{}`
		}, hexes(0, 1), telemetry.SessionAnswer{Unknown: hexes(0, 1)}, 3, "repeats its pages"},
		{"a list without end", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, items("items", rows(hexes(500, 600)), `,"has_next_page":true,"end_cursor":"x`+r.URL.Query().Get("after")+`"`)
			}
			return 404, `{}`
		}, hexes(0, 1), telemetry.SessionAnswer{Unknown: hexes(0, 1)}, 13, "has more than 11 pages"},
		{"the same rows without end", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, items("items", rows(hexes(0, 1)), `,"has_next_page":true,"end_cursor":"x`+r.URL.Query().Get("after")+`"`)
			}
			return 404, `{}`
		}, hexes(0, 2), telemetry.SessionAnswer{Sessions: sessions(hexes(0, 1)), Unknown: hexes(1, 2)}, 4, ""},
		{"an empty list that answers by id", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, `{"items":[]}`
			}
			return 200, one(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		}, hexes(0, 3), found(hexes(0, 3)), 5, ""},
		{"odd rows cost themselves", func(*http.Request) (int, string) {
			return 200, items("items", []string{`null`, `{"session_id":"` + hex(0) + `","status":{}}`,
				`{"session_id":"devin-` + hex(1) + `","status":"dreaming","status_detail":5,"pull_requests":[3,{"pr_url":7},{"pr_url":"javascript:1"}],"updated_at":"x"}`}, "")
		}, hexes(0, 2), telemetry.SessionAnswer{Sessions: sessions(hexes(1, 2)), Skipped: hexes(0, 1)}, 1, "2 rows of 3"},
		{"a page of odd rows", func(r *http.Request) (int, string) {
			if list(r) {
				return 200, items("items", slices.Repeat([]string{`[]`}, 96), "")
			}
			return 404, `{}`
		}, hexes(0, 1), telemetry.SessionAnswer{Unknown: hexes(0, 1)}, 3, "96 rows of 96"},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, keyV3) })
	}
}

func sessions(ids []string) (list []telemetry.UpstreamSession) {
	for _, id := range ids {
		list = append(list, telemetry.UpstreamSession{ID: id})
	}
	return list
}

func found(ids []string) telemetry.SessionAnswer {
	return telemetry.SessionAnswer{Sessions: sessions(ids)}
}

// pagesOf pages all rows on v3, whatever session_ids says, unless refuse is
// true of the request; it answers 404 by id.
func pagesOf(rows []string, refuse func(*http.Request) bool) func(*http.Request) (int, string) {
	return func(r *http.Request) (int, string) {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/sessions"):
			return 404, `{}`
		case refuse != nil && refuse(r):
			return 422, `{"title":"Unprocessable Content","status":422}`
		}
		first, _ := strconv.Atoi(r.URL.Query().Get("first"))
		after, _ := strconv.Atoi(r.URL.Query().Get("after"))
		end := min(after+first, len(rows))
		return 200, items("items", rows[after:end], fmt.Sprintf(`,"has_next_page":%t,"end_cursor":"%d"`, end < len(rows), end))
	}
}

// TestWhatWorkedComesFirst: the form of an id that a server takes is found
// once, not at every turn.
func TestWhatWorkedComesFirst(t *testing.T) {
	s := &scripted{answer: func(r *http.Request) (int, string) {
		if strings.Contains(r.URL.String(), "devin-") {
			if strings.HasSuffix(r.URL.Path, "/sessions") {
				return 200, `{"items":[]}`
			}
			return 404, `{}`
		}
		if ids := r.URL.Query()["session_ids"]; len(ids) > 0 {
			return 200, items("items", []string{`{"session_id":"` + ids[0] + `","status":"new"}`}, "")
		}
		return 200, `{"session_id":"` + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] + `","status":"new"}`
	}}
	c := connect(t, s, devin.Options{Key: keyV3, OrgID: org})
	for turn, want := range []int{4, 2} { // the list and, for the second, by id: each in both forms at first
		before := len(s.requests())
		answer, err := c.Sessions(t.Context(), hexes(0, 2))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "found", hexes(0, 2), idsOf(answer.Sessions))
		if got := len(s.requests()) - before; got != want {
			t.Errorf("turn %d: %d requests, want %d: %q", turn, got, want, s.requests())
		}
	}
}
