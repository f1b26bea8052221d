package faults

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// far is the year that a clock or an attacker may write.
const far = "2099-01-01T00:00:00Z"

// farSeconds is far in unix seconds.
const farSeconds = 4070908800

// decode reads JSON as json.Unmarshal does, and numbers as they are written.
func decode(body []byte) any {
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return body
}

// each returns v with every scalar replaced by what change makes of it; key is
// the name of the field that holds it.
func each(v any, key string, change func(key string, v any) any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, item := range v {
			out[k] = each(item, k, change)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = each(item, key, change)
		}
		return out
	}
	return change(key, v)
}

// wrongTypes makes numbers of texts, texts of numbers, and lists of what may
// be true or false.
func wrongTypes(_ string, v any) any {
	switch v.(type) {
	case string:
		return 7
	case json.Number:
		return "seven"
	case bool:
		return []any{"maybe"}
	}
	return v
}

// datesOf2099 moves every time far ahead.
func datesOf2099(key string, v any) any {
	timed := strings.HasSuffix(key, "_at") || key == "timestamp"
	switch v.(type) {
	case string:
		if timed {
			return far
		}
	case json.Number:
		if timed {
			return farSeconds
		}
	}
	return v
}

// oddText puts what a database may refuse into each text that people write.
func oddText(key string, v any) any {
	text, ok := v.(string)
	if !ok || !slices.Contains([]string{"title", "body", "name", "message", "login"}, key) {
		return v
	}
	return text + "\x00\u202e\ufffe<script>'\"--"
}

// rowsOf returns the list that an answer is or holds.
func (c *call) rowsOf(v any) []any {
	if c.list == "" {
		rows, _ := v.([]any)
		return rows
	}
	o, _ := v.(map[string]any)
	rows, _ := o[c.list].([]any)
	return rows
}

// withRows returns the answer with another list.
func (c *call) withRows(v, rows any) any {
	if c.list == "" {
		return rows
	}
	o, _ := v.(map[string]any)
	out := map[string]any{}
	for k, item := range o {
		out[k] = item
	}
	out[c.list] = rows
	return out
}

// reshape answers with the true answer in another shape.
func reshape(sameDocument bool, change func(x *exchange, v any) any) func(*exchange) {
	return func(x *exchange) {
		truth := x.truth()
		if truth.Code == 204 || x.call.kind == kindSend && truth.Body.Len() < 8 {
			truth.Code = 200
			truth.Header().Set("Content-Type", "application/json")
			truth.Body = bytes.NewBufferString(`{"detail": "It runs.", "n": 1, "items": [{"a": 1}]}`)
		}
		x.answer(truth, encode(change(x, decode(truth.Body.Bytes()))), sameDocument)
	}
}

// reshapeRows is reshape of the list alone.
func reshapeRows(sameDocument bool, change func(rows []any) any) func(*exchange) {
	return reshape(sameDocument, func(x *exchange, v any) any { return x.call.withRows(v, change(x.call.rowsOf(v))) })
}
