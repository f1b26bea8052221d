package telemetry

import (
	"bytes"
	"encoding/json"
	"testing"

	"telemetry-dashboard/services/telemetry/history"
)

// agree holds the quick reading of an object against encoding/json's.
func agree(t *testing.T, text []byte) {
	t.Helper()
	if !json.Valid(text) {
		return
	}
	var want map[string]json.RawMessage
	err := json.Unmarshal(text, &want)
	got, bound := fieldsOf(text)
	if bound != nil {
		return
	}
	if (err == nil && want != nil) != (got != nil) || len(got) != len(want) {
		t.Errorf("%s: fields %q, want %q, %v", text, got, want, err)
	}
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s: field %q is %s, want %s", text, name, got[name], want[name])
		}
	}
}

func oddTexts() []string {
	return []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":1,"a":[{"b":"}"}]}`, "{\t\"a\" :\n{ \"b\" : [ ] } , \"c\":\"\\\"}\" }", `{"\u0061":1,"a":2}`, `{"":""}`, `{"a":"\\"}`, `{"a":"\\\"","b":null}`, `{"a":-1.5e+3,"b":true,"c":false }`,
		`{"a":[1,[2,{"x":"]"}],"["],"b":{}}`, `[]`, `[ ]`, `[{}]`, `null`, `"x"`, `12`, `[null]`, `[[]]`, `[{},{}]`, `[ { } , { } ]`, `{"\ud800":1}`,
		`[{"id":"a","id":null,"start_line":3,"start_line":null}]`, `[{"ID":"a"}]`, `[{"File":"x","file":"y"}]`, `[{"START_LINE":7}]`, `[{"\u0069d":"a"}]`, `[{"id":"\u00e9"}]`, `[{"id":"é","other":{"id":[1,2]},"list":[{"id":"q"}]}]`,
		`[{"start_line":-3},{"start_line":1.0},{"start_line":12}]`, `[{"start_line":1e2}]`, `[{"start_line":"1"}]`, `[{"start_line":1.5}]`, `[{"id":1}]`, `[{"id":{}}]`, `[{"id":true}]`, `[{"id":null,"file":null}]`, `[{"rule_id":"r","file":"f","start_line":-0}]`,
		`[1]`, `["id"]`, `[{"id":"a"},null]`, `{"id":"a"}`, `[{"a\"b":"c","id":"x"}]`, "[{\"\u017ftart_line\":4}]", `[{"start_line":99999999999999999999}]`, `[{"start_line":[1]}]`, `[{"id":"a" , "file" : "b" , "start_line" : 5 } ]`,
	}
}

// TestQuickReading: what is read without encoding/json is what it would read.
func TestQuickReading(t *testing.T) {
	for _, text := range oddTexts() {
		agree(t, []byte(text))
	}
	for f := range history.Generate(history.Options{Seed: 3, Repos: 10, ScansPerRepo: 10, Disturb: history.Believable()}) {
		agree(t, f.Body)
	}
}

func FuzzQuickReading(f *testing.F) {
	for _, text := range oddTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if json.Valid(text) && bytes.Equal(bytes.ToValidUTF8(text, nil), text) {
			agree(t, text)
		}
	})
}
