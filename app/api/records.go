package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// runItems are runs as their records have them, with what polling has learned
// of their sessions since.
func (a *API) runItems(ctx context.Context, asked query.Ask, runs []telemetry.RunRow) ([]json.RawMessage, error) {
	items := make([]json.RawMessage, len(runs))
	named := make([][]map[string]json.RawMessage, len(runs)) // sessions by run
	var keys []string
	for i, r := range runs {
		items[i] = runItem(r)
		if r.Sessions == 0 {
			continue
		}
		from, to := sessionsIn(items[i])
		if from == to {
			continue // the list is overwritten by null
		}
		if err := json.Unmarshal(items[i][from:to], &named[i]); err != nil {
			return nil, fmt.Errorf("read the sessions of %s: %w", r.File, err)
		}
		for _, s := range named[i] {
			keys = append(keys, recordedKey(s))
		}
	}
	if len(keys) == 0 {
		return items, nil
	}
	rows, err := a.Dashboard.SessionsByKey(ctx, keys, asked.AsOf)
	if err != nil {
		return nil, err
	}
	for i, sessions := range named {
		if items[i], err = withPolled(items[i], sessions, rows); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func recordedKey(session map[string]json.RawMessage) string {
	var id string
	_ = json.Unmarshal(session["session_id"], &id) // the record was read before: it is a text, null or absent
	return telemetry.SessionKey(id)
}

// withPolled gives the sessions of a run the status and the pull request that
// a poll has learned; recorded_status is what the record says.
func withPolled(
	item json.RawMessage, sessions []map[string]json.RawMessage, rows map[string]telemetry.SessionRow,
) (json.RawMessage, error) {
	polled := false
	for _, s := range sessions {
		row := rows[recordedKey(s)]
		if row.PolledAt.IsZero() {
			continue
		}
		polled = true
		if s["recorded_status"] = s["status"]; s["status"] == nil {
			s["recorded_status"] = json.RawMessage("null")
		}
		s["status"], _ = json.Marshal(row.Status) // texts: it cannot fail
		if row.PRURL != "" {
			s["pr_url"], _ = json.Marshal(row.PRURL)
		}
	}
	if !polled {
		return item, nil
	}
	body, err := json.Marshal(sessions)
	if err != nil {
		return nil, err
	}
	from, to := sessionsIn(item)
	return bytes.Join([][]byte{item[:from], body, item[to:]}, nil), nil
}

// sessionsIn is where the list of sessions stands in a record of compact JSON:
// the last one, which is the one that counts.
func sessionsIn(item []byte) (from, to int) {
	depth, start := 0, 0
	for at := 0; at < len(item); at++ {
		switch item[at] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 1 && start > 0 {
				from, to, start = start, at+1, 0
			}
		case '"':
			end := at + textEnd(item[at:])
			if depth == 1 && bytes.HasPrefix(item[end:], []byte(":[")) && string(item[at:end]) == `"sessions"` {
				start = end + 1
			}
			at = end - 1
		}
	}
	return from, to
}

// runItem is the record's own JSON with the fields that the program adds,
// spliced on: decoding and encoding a whole scan again would cost more than
// reading it.
func runItem(r telemetry.RunRow) json.RawMessage {
	extra, _ := json.Marshal(struct { // plain values: it cannot fail
		File    string   `json:"_file"`
		Kind    string   `json:"kind"`
		Source  string   `json:"_source"`
		Reduced bool     `json:"_scope_reduced"`
		Lost    []string `json:"_languages_not_scanned"`
		New     *int64   `json:"_new"`
		Gone    *int64   `json:"_gone"`

		CountedAt telemetry.Time `json:"_counted_at"`
	}{r.File, string(r.Kind), r.Source, r.Reduced, r.Lost, r.New, r.Gone, r.CountedAt})
	end := len(r.Item) - 1
	for end > 0 && r.Item[end] != '}' {
		end--
	}
	out := make([]byte, 0, end+len(extra)+1)
	out = append(appendCompact(out, r.Item[:end]), ',')
	return append(out, extra[1:]...)
}

// sendRecords answers with JSON in which records replace the one list of
// items that is null. They are JSON already: encoding/json would read
// each of them again, which costs more than all else of such an answer.
func sendRecords(c *fiber.Ctx, v any, records []json.RawMessage) error {
	around, err := json.Marshal(v)
	if err != nil {
		return err
	}
	head, tail, found := bytes.Cut(around, []byte(`"items":null`))
	if !found {
		return fmt.Errorf("the answer %T has no place for records", v)
	}
	size := len(around) + len(records) + 2
	for _, r := range records {
		size += len(r)
	}
	body := append(append(make([]byte, 0, size), head...), `"items":[`...)
	for i, r := range records {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, r...)
	}
	body = append(append(body, ']'), tail...)
	c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	return c.Status(fiber.StatusOK).Send(body)
}

// appendCompact appends JSON, which must be valid, without the white space
// between its tokens.
func appendCompact(out, body []byte) []byte {
	for len(body) > 0 {
		next := bytes.IndexByte(body, '"')
		if next < 0 {
			next = len(body)
		}
		for _, b := range body[:next] {
			if b > ' ' {
				out = append(out, b)
			}
		}
		body = body[next:]
		end := textEnd(body)
		out, body = append(out, body[:end]...), body[end:]
	}
	return out
}

// textEnd is the length of the JSON text that begins here, with its quotes.
func textEnd(body []byte) int {
	for at := 1; at < len(body); at++ {
		switch body[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(body)
}
