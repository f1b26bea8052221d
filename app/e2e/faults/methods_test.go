package faults

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"telemetry-dashboard/services/devin"
	githubclient "telemetry-dashboard/services/github"
)

// TestEveryClientMethodHasARow: a method that asks an upstream is in the
// table.
func TestEveryClientMethodHasARow(t *testing.T) {
	var rows []string
	for _, c := range calls() {
		rows = append(rows, c.methods...)
	}
	asks := reflect.TypeFor[context.Context]()
	// An Action has the methods of its Client.
	for name, client := range map[string]reflect.Type{"github": reflect.TypeFor[*githubclient.Action](),
		"devin": reflect.TypeFor[*devin.Client]()} {
		for i := range client.NumMethod() {
			m := client.Method(i)
			if m.Type.NumIn() < 2 || m.Type.In(1) != asks {
				continue
			}
			if full := name + "." + m.Name; !slices.Contains(rows, full) {
				t.Errorf("%s asks an upstream, and no call in calls() names it; add what it asks for", full)
			}
		}
	}
	for _, row := range rows {
		if row == "" {
			t.Error("a call names no method")
		}
	}
}
