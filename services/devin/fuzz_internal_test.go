package devin

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// FuzzRows: whatever a row holds, what is read of it fits into paths, times
// and both databases.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{
		`{"session_id":"devin-0a","status":"running","status_detail":"working","title":"t","url":"https://h","updated_at":4e9}`,
		`{"session_id":"DEVIN-devin-X","status_enum":"working","created_at":"2026-05-11T09:00:00.5+02:00","pull_request":{"url":"https://h/1"}}`,
		`{"session_id":"../x","status":"\u0000","pull_requests":[null,{"pr_url":"https://h"}],"structured_output":{"pull_request_url":"h"}}`,
		`{"event_id":"e","source":"user","message":"a\u0000\ud800b","created_at":1e300,"messages":[null]}`,
		`{"event_id":7,"type":"user_message","message":" ","timestamp":"9999-12-31"}`,
		`{"detail":[{"msg":"x"}],"title":null}`, `null`, `[]`, `42`, `{"a":{"a":{"a":[[[[]]]]}}}`, `{"session_id":"a","session_id":"b"}`, ``, `{`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 5, 11, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, key := range []string{"apk_1", "cog_1"} {
			c, err := New(Options{Key: key, Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.readSession(bytes.NewReader(raw))
			if s.ID != "" && !isID(s.ID) || err == nil && (s.ID == "" || s.Status == "") {
				t.Errorf("%q: %+v, %v", raw, s, err)
			}
			log := c.newTranscript()
			if err := log.add(raw); err != nil || log.rows != 1 || len(log.msgs)+log.unread > 1 {
				t.Errorf("%q: %+v, %v", raw, log, err)
			}
			texts, times := []string{s.Status, s.Detail, s.Title, s.URL, c.words(raw)}, []time.Time{s.CreatedAt, s.UpdatedAt}
			for _, m := range log.msgs {
				texts, times = append(texts, m.ID, m.Text), append(times, m.At.Time)
			}
			for _, text := range texts {
				if strings.ContainsRune(text, 0) || text != strings.ToValidUTF8(text, "") {
					t.Errorf("%q: holds %q", raw, text)
				}
			}
			for _, at := range times {
				if at.After(now) || !at.IsZero() && at.Year() < 2000 {
					t.Errorf("%q: the time %s", raw, at)
				}
			}
		}
	})
}
