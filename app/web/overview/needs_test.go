package overview

import (
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// TestNeedActions: each row that waits for a person has the one action of its
// need, in the same words as the API, and it leads to where that is done.
func TestNeedActions(t *testing.T) {
	row := telemetry.NeedRow{
		Repo: "octo/shop", SessionID: "devin-0123456789", PullRepo: "octo/shop", PullNumber: 7, RunFile: "a.json", RunNumber: 3, BatchID: 1,
	}
	leads := map[telemetry.Need][2]string{ // the action, and what opens in place
		telemetry.NeedWaiting:      {"/sessions/0123456789#reply-form", "/panels/reply?id=0123456789"},
		telemetry.NeedReview:       {"https://github.com/octo/shop/pull/7", ""},
		telemetry.NeedMerge:        {"https://github.com/octo/shop/pull/7", ""},
		telemetry.NeedNeverStarted: {"/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		telemetry.NeedStuck:        {"https://app.devin.ai/sessions/0123456789", ""},
		telemetry.NeedScan:         {"/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
	}
	for _, need := range telemetry.Needs() {
		row.Need = need
		_, label := need.Action()
		got, want := site().needRow(row), leads[need]
		if got.Action.Text != label || got.Action.URL != want[0] || got.Dialog != want[1] {
			t.Errorf("%s: %q leads to %s, in place %q; want %q to %s, in place %q",
				need, got.Action.Text, got.Action.URL, got.Dialog, label, want[0], want[1])
		}
	}
}

// TestNeedLabels: every need has words of its own on pages.
func TestNeedLabels(t *testing.T) {
	seen := map[string]bool{}
	for _, need := range telemetry.Needs() {
		if label := need.Label(); label == string(need) || seen[label] || strings.Contains(label, "_") {
			t.Errorf("%s: %q", need, label)
		}
		seen[need.Label()] = true
	}
}
