package devin_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

const (
	keyV1 = "apk_user_s3cret"
	keyV3 = "cog_s3cret"
	org   = "org-1"
)

func monday() time.Time { return time.Date(2026, 5, 11, 9, 0, 0, 0, time.UTC) }

// log is what a client logs, safe for concurrent use.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *log) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// connect returns a client of a server, which it starts where o has none. When the test ends, the
// key must stand in no line of the log.
func connect(t *testing.T, handler http.Handler, o devin.Options) *devin.Client {
	t.Helper()
	if o.BaseURL == "" {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		o.BaseURL = server.URL
	}
	var lines log
	if o.Log == nil {
		o.Log = lines.logger()
	}
	c, err := devin.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if strings.Contains(lines.String(), "s3cret") {
			t.Errorf("the log holds the key:\n%s", &lines)
		}
	})
	return c
}

// played returns a player and a client of it.
func played(t *testing.T, key string, ttl time.Duration) (*devintest.Player, *devin.Client) {
	t.Helper()
	p := devintest.New(devintest.Options{Key: key, OrgID: org, Now: monday})
	return p, connect(t, p, devin.Options{Key: key, OrgID: org, CacheTTL: ttl})
}

// eachAPI runs a test on both versions.
func eachAPI(t *testing.T, test func(t *testing.T, key string)) {
	t.Helper()
	for _, key := range []string{keyV1, keyV3} {
		t.Run(key[:3], func(t *testing.T) {
			t.Parallel()
			test(t, key)
		})
	}
}

// hex returns the n-th of many ids as Devin gives them.
func hex(n int) string { return fmt.Sprintf("%032x", 0xabc0000+n) }

func hexes(from, to int) []string {
	var ids []string
	for n := from; n < to; n++ {
		ids = append(ids, hex(n))
	}
	return ids
}

// fill puts working sessions into a player, the first the oldest.
func fill(p *devintest.Player, ids []string) {
	for i, id := range ids {
		p.Put(devintest.Session{ID: id, Status: "running", Detail: "working", CreatedAt: monday().Add(time.Duration(i) * time.Second)})
	}
}

func idsOf(sessions []telemetry.UpstreamSession) []string {
	var ids []string
	for _, s := range sessions {
		ids = append(ids, s.ID)
	}
	return ids
}

// same compares, taking nil and empty for equal.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// scripted is a server that answers by path and records what it was asked.
type scripted struct {
	mu     sync.Mutex
	asked  []string // "GET /v1/sessions?…", decoded
	answer func(r *http.Request) (status int, body string)
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	line := r.Method + " " + r.URL.Path
	for _, name := range slices.Sorted(maps.Keys(query)) {
		line += " " + name + "=" + strings.Join(query[name], ",")
	}
	s.mu.Lock()
	s.asked = append(s.asked, line)
	s.mu.Unlock()
	status, body := s.answer(r)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func (s *scripted) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// items writes a list in the form of a version, with more as its other fields.
func items(name string, rows []string, more string) string {
	return `{"` + name + `":[` + strings.Join(rows, ",") + `]` + more + `}`
}

// sentence is what a reader is told of an error.
func sentence(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	return ""
}
