package api

import (
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// TestNeedActions: each item that waits for a person has the one action of its
// need, in the same words as the pages, and how it is done.
func TestNeedActions(t *testing.T) {
	row := telemetry.NeedRow{
		Repo: "octo/shop", SessionID: "devin-01/?", SessionURL: "https://devin.example/s", PullRepo: "octo/shop", PullNumber: 7,
		PullURL: "https://github.example/p", RunFile: "a b.json",
	}
	done := map[telemetry.Need][2]string{
		telemetry.NeedWaiting:      {"POST", "/api/sessions/devin-01%2F%3F/messages"},
		telemetry.NeedReview:       {"GET", "https://github.example/p"},
		telemetry.NeedMerge:        {"GET", "https://github.example/p"},
		telemetry.NeedNeverStarted: {"POST", "/api/dispatch"},
		telemetry.NeedNew:          {"POST", "/api/dispatch"},
		telemetry.NeedStillThere:   {"POST", "/api/dispatch"},
		telemetry.NeedGaveUp:       {"POST", "/api/dispatch"},
		telemetry.NeedStuck:        {"GET", "https://devin.example/s"},
		telemetry.NeedScan:         {"POST", "/api/dispatch"},
	}
	for _, need := range telemetry.Needs() {
		row.Need = need
		name, label := row.Action()
		if got, want := needActionOf(row), (needAction{name, label, done[need][0], done[need][1]}); got != want {
			t.Errorf("%s: %+v, want %+v", need, got, want)
		}
	}
}

// TestNeedActionOfChecks: where checks failed, the action leads to them.
func TestNeedActionOfChecks(t *testing.T) {
	got := needActionOf(telemetry.NeedRow{Need: telemetry.NeedMerge, PullURL: "https://github.example/p",
		PullStatus: telemetry.PullStatus{Checks: telemetry.ChecksFailure}})
	if want := (needAction{"checks", "See checks", "GET", "https://github.example/p/checks"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestNeedLinks: an item links to the answers that there are about it.
func TestNeedLinks(t *testing.T) {
	got := needLinks(telemetry.NeedRow{Repo: "octo/shop", PullRepo: "octo/shop", PullNumber: 7, RunFile: "a b.json"})
	want := map[string]string{"pr": "/api/prs/octo/shop/7", "run": "/api/runs/a%20b.json", "repo": "/api/repo/octo/shop"}
	if len(got) != len(want) {
		t.Errorf("%v, want %v", got, want)
	}
	for name, address := range want {
		if got[name] != address {
			t.Errorf("%s: %q, want %q", name, got[name], address)
		}
	}
}
