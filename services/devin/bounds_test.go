package devin_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// bomb packs before, 64 MB of unit, and what never comes.
func bomb(t *testing.T, before, unit string) []byte {
	t.Helper()
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // a known level
	chunk := []byte(strings.Repeat(unit, 1<<20/len(unit)))
	_, err := io.WriteString(z, before)
	for range 64 {
		if err == nil {
			_, err = z.Write(chunk)
		}
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestLargeAnswersCostLittle: 64 MB of anything, packed, are an error of each
// call, and take less than 50 MB while they are read.
func TestLargeAnswersCostLittle(t *testing.T) {
	for name, packed := range map[string][]byte{
		"rows":             bomb(t, `{"sessions":[{}`, ",{}"),
		"items":            bomb(t, `{"items":[{}`, ",{}"),
		"messages":         bomb(t, `{"session_id":"x","messages":[{}`, ",{}"),
		"rows of no list":  bomb(t, `[{}`, ",{}"),
		"rows of a field":  bomb(t, `{"x":[{}`, ",{}"),
		"rows of a row":    bomb(t, `{"sessions":[{"x":[{}`, ",{}"),
		"fields":           bomb(t, `{"a":1`, `,"status":"aaaaaaa"`),
		"fields of a row":  bomb(t, `{"items":[{"a":1`, `,"status":"aaaaaaa"`),
		"spaces":           bomb(t, ``, " "),
		"spaces in a list": bomb(t, `{"items":[`, " "),
		"a text":           bomb(t, `{"items":[{"message":"`, "x"),
		"texts":            bomb(t, `{"items":[`, `{"event_id":"","source":"devin","message":"`+strings.Repeat("x", 60_000)+`"},`),
		"depth":            bomb(t, ``, "["),
		"a page":           bomb(t, `<html>`, "x"),
	} {
		t.Run(name, func(t *testing.T) {
			server := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Encoding", "gzip")
				_, _ = w.Write(packed)
			})
			for _, call := range calls() {
				c := connect(t, server, devin.Options{Key: call.key, OrgID: call.org, HTTPTimeout: time.Minute})
				var err error
				if most := peak(func() { _, err = call.ask(t.Context(), c) }); most > 50<<20 {
					t.Errorf("%s: %d MB", call.name, most>>20)
				}
				if code := telemetry.CodeOf(err); err == nil || code != broken && code != unknown {
					t.Errorf("%s: %v", call.name, err)
				}
			}
		})
	}
}

// peak returns by how many bytes the heap grew at most while do ran.
func peak(do func()) (most uint64) {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-ticker.C:
		}
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
	}
	return most
}

// TestManyInvalidRowsAreLoggedOnce a page.
func TestManyInvalidRowsAreLoggedOnce(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p := devintest.New(devintest.Options{Key: key, OrgID: org})
		var lines log
		c := connect(t, p, devin.Options{Key: key, OrgID: org, Log: lines.logger()})
		p.Fail(devintest.KindList, body(lists("[null"+strings.Repeat(",7", 1000)+"]")))
		if _, err := c.Sessions(t.Context(), hexes(0, 1)); telemetry.CodeOf(err) != broken {
			t.Error(err)
		}
		if n := strings.Count(lines.String(), "\n"); n != 1 {
			t.Errorf("%d lines:\n%.1000s", n, &lines)
		}
	})
}

// TestAnAnswerThatIsCutLaterCountsForNothing: rows are taken when their page
// was read whole, and a page that is read again counts once.
func TestAnAnswerThatIsCutLaterCountsForNothing(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		fill(p, hexes(0, 3))
		p.Fail(devintest.KindList, devintest.Fault{Short: true})
		answer, err := c.Sessions(t.Context(), hexes(0, 3))
		if telemetry.CodeOf(err) != broken {
			t.Error(err)
		}
		same(t, "skipped", hexes(0, 3), answer.Skipped)
		p.Fail(devintest.KindList, devintest.Fault{Cut: true, Times: 1})
		answer, err = c.Sessions(t.Context(), hexes(0, 3))
		if err != nil || p.Counts()[devintest.KindList] != 3 {
			t.Errorf("%v after %v", err, p.Counts())
		}
		same(t, "found", hexes(0, 3), idsOf(answer.Sessions))
	})
}

// TestTextsAreBounded and hold no NUL, which PostgreSQL refuses.
func TestTextsAreBounded(t *testing.T) {
	long := strings.Repeat("ä", 100_000)
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		row := `[{"session_id":"` + hex(0) + `","status":"working","title":"a\u0000b` + long + `","status_detail":"` + long + `",` +
			`"url":"javascript:alert(1)","pull_requests":[{"pr_url":"https://h/` + long + `"}]}]`
		p.Fail(devintest.KindList, body(lists(row)))
		answer, err := c.Sessions(t.Context(), hexes(0, 1))
		if err != nil || len(answer.Sessions) != 1 {
			t.Fatalf("%+v, %v", answer, err)
		}
		if s := answer.Sessions[0]; len(s.Title) > 510 || !strings.HasPrefix(s.Title, "a\uFFFDbä") || !strings.HasSuffix(s.Title, "ä…") ||
			len(s.Detail) > 110 || s.URL != "" || len(s.PRs) != 0 {
			t.Errorf("%+v", s)
		}
		kind := map[string]devintest.Kind{keyV1: devintest.KindSession, keyV3: devintest.KindMessages}[key]
		p.Fail(kind, body(lists(`[{"event_id":"e","message":"a\u0000b`+long+`"}]`)))
		msgs, err := c.Messages(t.Context(), hex(0))
		if err != nil || len(msgs) != 1 || !strings.HasPrefix(msgs[0].Text, "a\uFFFDb") || len(msgs[0].Text) > 65<<10 {
			t.Errorf("%d messages, %v", len(msgs), err)
		}
	})
}

// TestIDsAreReadOnce: hostile ids reach no path, and each session has one id.
func TestIDsAreReadOnce(t *testing.T) {
	hostile := []string{"../self", "a/b", "a?b=1", "a#b", "%2e%2e", "a b", "a\nb", "a\x00b", "ä", ".", "..", strings.Repeat("a", 200)}
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		answer, err := c.Sessions(t.Context(), hostile)
		if err != nil || len(answer.Unknown) != len(hostile) {
			t.Errorf("%+v, %v", answer, err)
		}
		for _, id := range hostile {
			_, asked := c.Messages(t.Context(), id)
			_, fresh := c.FreshMessages(t.Context(), id)
			for _, err := range []error{asked, fresh, c.Send(t.Context(), id, "x")} {
				if telemetry.CodeOf(err) != telemetry.CodeInvalid {
					t.Errorf("%q: %v", id, err)
				}
			}
		}
		if n := total(p); n != 0 {
			t.Errorf("Devin was asked %d times", n)
		}
		fill(p, hexes(0, 1))
		for _, id := range []string{hex(0), "devin-" + hex(0), " DEVIN-" + strings.ToUpper(hex(0))} {
			answer, err := c.Sessions(t.Context(), []string{id})
			if err != nil || len(answer.Sessions) != 1 || answer.Sessions[0].ID != hex(0) {
				t.Errorf("%q: %+v, %v", id, answer, err)
			}
		}
	})
}

// TestManyLargeAnswersAtATime: they wait for each other, and none for ever.
func TestManyLargeAnswersAtATime(t *testing.T) {
	p := devintest.New(devintest.Options{Key: keyV1})
	c := connect(t, p, devin.Options{Key: keyV1, HTTPTimeout: time.Minute})
	text := `{"type":"devin_message","message":"` + strings.Repeat("x", 60_000) + `"},`
	p.Fail(devintest.KindSession, body(`{"messages":[`+strings.Repeat(text, 100)+`{"type":"devin_message","message":"last"}]}`))
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			if msgs, err := c.Messages(t.Context(), hex(n)); err != nil || len(msgs) != 100 || msgs[99].Text != "last" {
				t.Errorf("%d messages, %v", len(msgs), err)
			}
		})
	}
	all.Wait()
}
