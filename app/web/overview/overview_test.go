package overview

import (
	"testing"

	"telemetry-dashboard/services/dashboard"
)

func TestRateTile(t *testing.T) {
	var o dashboard.Overview
	if got := rateTile(o).Value; got != "–" {
		t.Errorf("of no pull request: %q", got)
	}
	o.PRs.Total, o.PRs.Merged = 4, 1
	if got := rateTile(o).Value; got != "25.0 %" {
		t.Errorf("one of four: %q", got)
	}
}
