package devin_test

import (
	"net/http"
	"strings"
	"testing"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/telemetry"
)

// TestWhatASessionSaysIsBounded: whatever stands in the fields beside a
// state costs only itself.
func TestWhatASessionSaysIsBounded(t *testing.T) {
	long := strings.Repeat("x", telemetry.MaxOutput)
	for _, tc := range []struct {
		name, fields string
		want         telemetry.UpstreamSession
	}{
		{"nothing", `"tags":[]`, telemetry.UpstreamSession{}},
		{"nulls", `"tags":null,"playbook_id":null,"acus_consumed":null,"structured_output":null`, telemetry.UpstreamSession{}},
		{"other types", `"tags":{"a":1},"playbook_id":7,"acus_consumed":"3","structured_output":"done"`,
			telemetry.UpstreamSession{Output: []byte(`"done"`)}},
		{"some tags are texts", `"tags":["a",1,null,"b","a",""]`, telemetry.UpstreamSession{Tags: []string{"a", "b"}}},
		{"no cost", `"acus_consumed":0`, telemetry.UpstreamSession{}},
		{"below zero", `"acus_consumed":-3`, telemetry.UpstreamSession{}},
		{"beyond all bounds", `"acus_consumed":1e300`, telemetry.UpstreamSession{}},
		{"a part of an ACU", `"acus_consumed":0.0305`, telemetry.UpstreamSession{MilliACUs: 31}},
		{"spaces", `"structured_output": { "status" : "done" } `, telemetry.UpstreamSession{Output: []byte(`{"status":"done"}`)}},
		{"a NUL", `"tags":["a\u0000b"],"structured_output":{"x":"\u0000"}`,
			telemetry.UpstreamSession{Tags: []string{"a\uFFFDb"}, Output: []byte(`{"x":"\u0000"}`)}},
		{"too long", `"structured_output":{"status":"done","issues_fixed":["A"],"more":"` + long + `"}`, telemetry.UpstreamSession{Output: []byte(
			`{"status":"done","issues_attempted":[],"issues_fixed":["A"],"issues_blocked":[],` +
				`"pull_request_url":"","files_changed":null,"tests_passing":null}`)}},
		{"too long, and no object", `"structured_output":"` + long + `"`, telemetry.UpstreamSession{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			row := `{"session_id":"` + hex(0) + `","status":"working",` + tc.fields + `}`
			c := connect(t, &scripted{answer: func(*http.Request) (int, string) {
				return 200, `{"items":[` + row + `]}`
			}}, devin.Options{Key: keyV3, OrgID: org})
			answer, err := c.Sessions(t.Context(), hexes(0, 1))
			if err != nil || len(answer.Sessions) != 1 {
				t.Fatalf("%+v, %v", answer, err)
			}
			want := tc.want
			want.ID, want.API, want.Status = hex(0), "v3", "working"
			same(t, "session", want, answer.Sessions[0])
		})
	}
}
