package telemetry

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestPatch(t *testing.T) {
	body := with("sessions", `[{"session_id":"devin-a","issue_ids":["","CQLF-R7-0001"],"kept":{"x":1}},{"session_id":"devin-b","issue_ids":[],"pr_url":"old"}]`)
	ids := Change{Field: IssueIDsField(0), Old: []string{"", "CQLF-R7-0001"}, New: []string{"CQLF-R7-0001"}}
	url := Change{Field: PRURLField(1), Old: "old", New: "https://github.com/o/r/pull/4"}
	stored := func(c Change) Change { // as a database gives it back
		var out Change
		text, _ := json.Marshal(c)
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, changes := range map[string][]Change{"fresh": {ids, url}, "stored": {stored(ids), stored(url)}} {
		rec := parse(t, body)
		rec.Patch([]byte(body), changes)
		if !reflect.DeepEqual(rec.Sessions[0].IssueIDs, []string{"CQLF-R7-0001"}) || rec.Sessions[1].PRURL != "https://github.com/o/r/pull/4" || rec.Sessions[0].PRURL != "" {
			t.Errorf("%s: %+v", name, rec.Sessions)
		}
		again := parse(t, string(rec.Item))
		if !reflect.DeepEqual(again.Sessions, rec.Sessions) || !strings.Contains(string(rec.Item), `"kept":{"x":1}`) || !strings.Contains(string(rec.Item), `"later_field"`) {
			t.Errorf("%s: item %s", name, rec.Item)
		}
		if !rec.PRFilled(1) || rec.PRFilled(0) || again.PRFilled(1) {
			t.Errorf("%s: which pull requests were filled in is not told", name)
		}
		item := string(rec.Item)
		if rec.Patch([]byte(body), changes); string(rec.Item) != item {
			t.Errorf("%s: applied twice, it changed again", name)
		}
	}
}

// TestPatchPassesOver what its record no longer has, or never had.
func TestPatchPassesOver(t *testing.T) {
	for name, c := range map[string]Change{
		"mended at its source": {Field: PRURLField(0), Old: "", New: "x"},
		"other ids by now":     {Field: IssueIDsField(0), Old: []string{""}, New: []string{"x"}},
		"no such session":      {Field: PRURLField(9), Old: "", New: "x"},
		"another field":        {Field: SessionField(0, "status"), Old: "finished", New: "x"},
		"another type":         {Field: PRURLField(0), Old: "p", New: 4},
		"ids of another type":  {Field: IssueIDsField(0), Old: []string{"CQLF-R7-0001"}, New: []any{1}},
	} {
		rec, before := parse(t, goodScan), parse(t, goodScan)
		if rec.Patch([]byte(goodScan), []Change{c}); !reflect.DeepEqual(rec, before) {
			t.Errorf("%s: %+v", name, rec)
		}
	}
}

// TestPatchRewritten corrects a record that clients do not get as it was.
func TestPatchRewritten(t *testing.T) {
	body := "\ufeff" + with("run_number", `"12"`)
	rec := parse(t, body)
	rec.Patch([]byte(body), []Change{{Field: PRURLField(0), Old: "p", New: "q"}})
	again := parse(t, string(rec.Item))
	if again.Sessions[0].PRURL != "q" || again.RunNumber != 12 || !strings.Contains(string(rec.Item), `"run_number":12`) {
		t.Errorf("%s", rec.Item)
	}
}
