package faults

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// full answers a page that is full, and promises another: with rows that no
// page had, or with the same rows each time.
func (x *exchange) full(news bool) {
	number := x.page()
	q := x.r.URL.Query()
	for _, name := range []string{"page", "offset", "after"} {
		q.Del(name)
	}
	x.r.URL.RawQuery = q.Encode()
	truth := x.truth()
	shape := decode(truth.Body.Bytes())
	model := map[string]any{}
	if rows := x.call.rowsOf(shape); len(rows) > 0 {
		model, _ = rows[0].(map[string]any)
	}
	first := 0
	if news {
		first = number
	}
	size := 20 // the pages are what has no end; full ones only take longer
	if x.call.api == v3 {
		size = 200
	}
	rows := make([]any, size)
	for i := range rows {
		rows[i] = numbered(model, first*size+i)
	}
	body := x.call.withRows(shape, rows)
	if o, ok := body.(map[string]any); ok && x.call.api == v3 {
		o["has_next_page"], o["end_cursor"] = true, fmt.Sprint("cursor-", first)
	}
	if x.call.api == gh {
		q.Set("page", strconv.Itoa(number+1))
		truth.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, x.r.Host, x.r.URL.EscapedPath(), q.Encode()))
	}
	x.answer(truth, encode(body), false)
}

// numbered is a row like another, with its own identity, and without what
// only makes it long.
func numbered(model map[string]any, n int) map[string]any {
	row := map[string]any{}
	for k, v := range model {
		if _, object := v.(map[string]any); !object {
			row[k] = v
		}
	}
	for _, key := range []string{"number", "id"} {
		if _, ok := row[key]; ok {
			row[key] = json.Number(strconv.Itoa(1000 + n))
		}
	}
	for _, key := range []string{"session_id", "event_id"} {
		if _, ok := row[key]; ok {
			row[key] = fmt.Sprintf("%032x", 1000+n)
		}
	}
	return row
}

// page is the number of the page that is asked for, from 1.
func (x *exchange) page() int {
	q := x.r.URL.Query()
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		return n
	}
	if n, err := strconv.Atoi(q.Get("offset")); err == nil {
		return 1 + n/100
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(q.Get("after"), "cursor-")); err == nil {
		return n + 1
	}
	return 1
}

func itoa(n int) string { return strconv.Itoa(n) }
