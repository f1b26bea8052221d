package devintest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// ask sends one request and returns the status and the answer.
func ask(t *testing.T, p http.Handler, key, method, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Errorf("%s %s: %v: %s", method, path, err, w.Body)
	}
	return w.Code, answer
}

// TestWhoIsAnswered: each key on its own version, its own organization only.
func TestWhoIsAnswered(t *testing.T) {
	for _, tc := range []struct {
		only, key, path string
		want            int
	}{
		{"apk_1", "apk_1", "/v1/sessions", 200},
		{"apk_1", "apk_2", "/v1/sessions", 401},
		{"apk_1", "", "/v1/sessions", 401},
		{"apk_1", "apk_1", "/v3/self", 401},
		{"cog_1", "cog_1", "/v3/self", 200},
		{"cog_1", "cog_1", "/v1/sessions", 401},
		{"cog_1", "cog_1", "/v3/organizations/org-demo/sessions", 200},
		{"cog_1", "cog_1", "/v3/organizations/org-other/sessions", 403},
		{"cog_1", "cog_1", "/v3/organizations/org-demo/knowledge", 404},
		{"", "cog_any", "/v3/self", 200},
		{"", "apk_any", "/v1/sessions", 200},
		{"", "cog_any", "/v1/sessions", 401},
	} {
		p := devintest.New(devintest.Options{Key: tc.only})
		if got, _ := ask(t, p, tc.key, "GET", tc.path, ""); got != tc.want {
			t.Errorf("%s asks %s of a player for %q: %d, want %d", tc.key, tc.path, tc.only, got, tc.want)
		}
	}
}

// TestMessageWakes: a session that sleeps, waits or ended continues; an archived one does not.
func TestMessageWakes(t *testing.T) {
	for _, tc := range []struct {
		s    devintest.Session
		want int
	}{
		{devintest.Session{Status: "suspended", Detail: "inactivity"}, 200},
		{devintest.Session{Status: "running", Detail: "waiting_for_user"}, 200},
		{devintest.Session{Status: "exit", StatusEnum: "finished"}, 200},
		{devintest.Session{Status: "exit", Archived: true}, 409},
	} {
		tc.s.ID = "devin-a1"
		p := devintest.New(devintest.Options{})
		p.Put(tc.s)
		var told []string
		p.OnMessage(func(id, text string) { told = append(told, id+": "+text) })
		status, _ := ask(t, p, "cog_1", "POST", "/v3/organizations/org-demo/sessions/devin-a1/messages", `{"message":"go on"}`)
		s, _ := p.Session("a1")
		awake := s.Status == "running" && s.Detail == "working" && len(s.Messages) == 1 && s.Messages[0].Text == "go on" && strings.Join(told, "") == "a1: go on"
		if status != tc.want || awake != (tc.want == 200) {
			t.Errorf("%+v: %d, then %+v, told %q", tc.s, status, s, told)
		}
	}
	p := devintest.New(devintest.Options{})
	p.Put(devintest.Session{ID: "a1", Status: "running"})
	for _, body := range []string{``, `{}`, `{"message":""}`, `{"message":7}`, `[`} {
		if status, _ := ask(t, p, "apk_1", "POST", "/v1/sessions/devin-a1/message", body); status != 422 {
			t.Errorf("message %q: %d, want 422", body, status)
		}
	}
}

// TestPut replaces a session, and keeps what the new one leaves out.
func TestPut(t *testing.T) {
	p := devintest.New(devintest.Options{})
	p.Put(devintest.Session{ID: "devin-A1", Status: "new", Messages: []telemetry.Message{{From: "user", Text: "Fix it"}}})
	first, _ := p.Session("a1")
	p.Put(devintest.Session{ID: "a1", Status: "running"})
	second, ok := p.Session("devin-a1")
	if !ok || second.Status != "running" || len(second.Messages) != 1 || second.Messages[0].ID == "" || !second.CreatedAt.Equal(first.CreatedAt) {
		t.Errorf("%+v, then %+v", first, second)
	}
	if p.Say("other", "devin", "x") || !p.Say("a1", "devin", "x") {
		t.Error("Say knows other sessions than were put")
	}
	p.Remove("a1")
	if _, ok := p.Session("a1"); ok {
		t.Error("a removed session is there")
	}
}

// TestFaultsEnd: after so many requests, or when they are taken back.
func TestFaultsEnd(t *testing.T) {
	p := devintest.New(devintest.Options{})
	p.Fail(devintest.KindAny, devintest.Fault{Status: 500})
	p.Fail(devintest.KindList, devintest.Fault{Status: 503, Times: 2})
	var got []int
	for range 3 {
		status, _ := ask(t, p, "apk_1", "GET", "/v1/sessions", "")
		got = append(got, status)
	}
	p.Fail(devintest.KindAny, devintest.Fault{})
	status, _ := ask(t, p, "apk_1", "GET", "/v1/sessions", "")
	if got = append(got, status); got[0] != 503 || got[1] != 503 || got[2] != 500 || got[3] != 200 {
		t.Errorf("%v, want 503 503 500 200", got)
	}
	if n := p.Counts()[devintest.KindList]; n != 4 {
		t.Errorf("%d requests were counted, want 4", n)
	}
}

// TestFaultsOnTheWire: how answers are replaced and mangled.
func TestFaultsOnTheWire(t *testing.T) {
	p := devintest.New(devintest.Options{})
	p.Put(devintest.Session{ID: "a1", Status: "running"})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	get := func() (body, location string, err error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/sessions", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer apk_1")
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return "", "", err
		}
		defer res.Body.Close()
		read, err := io.ReadAll(res.Body)
		return string(read), res.Header.Get("Location"), err
	}
	whole, _, err := get()
	if err != nil {
		t.Fatal(err)
	}
	half := whole[:len(whole)/2]
	for name, tc := range map[string]struct {
		f        devintest.Fault
		want     string
		location string
		ends     bool // without the whole body
	}{
		"a body":         {devintest.Fault{Body: "no {n}"}, "no 2", "", false},
		"packed":         {devintest.Fault{Gzip: true}, whole, "", false},
		"dripped":        {devintest.Fault{Drip: time.Microsecond}, whole, "", false},
		"short":          {devintest.Fault{Short: true}, half, "", false},
		"short, packed":  {devintest.Fault{Short: true, Gzip: true}, half, "", false},
		"cut":            {devintest.Fault{Cut: true}, half, "", true},
		"redirected":     {devintest.Fault{Status: 302, Location: "/x", Body: "-"}, "-", "/x", false},
		"nothing at all": {devintest.Fault{Status: 204}, "", "", false},
	} {
		p.ResetCounts()
		p.Fail(devintest.KindList, devintest.Fault{})
		_, _, _ = get()
		p.Fail(devintest.KindList, tc.f)
		got, location, err := get()
		if got != tc.want || (err != nil) != tc.ends || location != tc.location {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tc.want)
		}
	}
}

// TestChangesWhileAsked is for the race detector.
func TestChangesWhileAsked(t *testing.T) {
	p := devintest.New(devintest.Options{})
	p.OnMessage(func(id, _ string) { p.Say(id, "devin", "Thank you.") })
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for n := range 50 {
				id := strconv.Itoa(n % 10)
				p.Put(devintest.Session{ID: id, Status: "running", Tags: []string{"a"}})
				p.Update(id, func(s *devintest.Session) { s.Tags[0] = strconv.Itoa(worker) })
				if status, _ := ask(t, p, "cog_1", "GET", "/v3/organizations/org-demo/sessions", ""); status != 200 {
					t.Errorf("list: %d", status)
				}
				if status, _ := ask(t, p, "cog_1", "POST", "/v3/organizations/org-demo/sessions/devin-"+id+"/messages", `{"message":"x"}`); status != 200 {
					t.Errorf("message: %d", status)
				}
			}
		})
	}
	all.Wait()
}
