package ingest_test

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestACampaignStopsAfterThreeFailures in a row, until somebody switches it on again.
func TestACampaignStopsAfterThreeFailures(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(6))
		c := p.begin(telemetry.NewCampaign{})
		p.paces(c.ID, 24, 30)
		p.devin.Fail(devintest.KindCreate, devintest.Fault{Status: 422})
		for range 5 {
			p.turn(time.Hour)
		}
		p.devin.Fail(devintest.KindCreate, devintest.Fault{})
		p.turn(time.Hour)
		if got := p.says(c.ID); !strings.Contains(got, "stopped: Its last 3 batches did not start a session") {
			t.Error(got)
		}
		if n, err := p.db.Texts(t.Context(), `SELECT action FROM audit ORDER BY id`); err != nil || strings.Join(n, " ") !=
			"auto-send auto-send auto-send auto-send auto-send auto-send auto-send-stop" {
			t.Errorf("the audit log has %q, %v", n, err)
		}
		before := p.devin.Counts()[devintest.KindCreate]
		p.paces(c.ID, 24, 30)
		p.turn(time.Hour)
		if n := p.devin.Counts()[devintest.KindCreate] - before; n != 1 {
			t.Errorf("%d sessions after it was switched on: %s", n, p.says(c.ID))
		}
	})
}

// TestACampaignWaitsForRunFiles: who works on its issues must be known.
func TestACampaignWaitsForRunFiles(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(4))
		c := p.begin(telemetry.NewCampaign{})
		p.paces(c.ID, 4, 30)
		read := func() {
			if err := p.db.SaveSource(t.Context(), telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(p.clock.now())}); err != nil {
				t.Fatal(err)
			}
		}
		read()
		p.turn(2 * time.Hour)
		p.want(c.ID, "0 started, waiting: The run files have not been read for an hour. It sends once they have: somebody else may work on its issues.")
		read()
		p.turn(0)
		p.want(c.ID, "1 started, waiting: It has sent, and waits for its next turn.")
	})
}
