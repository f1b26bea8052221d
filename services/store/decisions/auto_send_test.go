package decisions_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func autoNow() time.Time { return storetest.Day("2026-03-10 13:20") }

// autoCampaign is a campaign of the issues js/a to js/d, and their ids.
func autoCampaign(t *testing.T, s *storetest.Store, n telemetry.NewCampaign) (c telemetry.Campaign, ids []string) {
	t.Helper()
	storetest.Put(t, s, scanOf(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb", "js/c c.js 3 cc", "js/d d.js 4 dd", "js/e e.js 5 ee"))
	n.Name, n.Query, n.Expect = "March", "rule:js/a,js/b,js/c,js/d", 4
	c, err := begin(t, s, n)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"js/a", "js/b", "js/c", "js/d", "js/e"} {
		ids = append(ids, idOf(t, s, rule))
	}
	return c, ids
}

// orders orders a batch for each issue from a campaign.
func orders(t *testing.T, s *storetest.Store, campaign int64, token string, slot time.Time, issues ...string) error {
	t.Helper()
	o := telemetry.SendOrder{Token: token, By: "mona", MaxACUs: 5, PerDay: 20, Campaign: campaign, Slot: slot}
	for _, id := range issues {
		o.Batches = append(o.Batches, telemetry.NewBatch{ID: token + "-" + id, Repo: "acme/app", Issues: []string{id}})
	}
	list, err := s.OrderBatches(t.Context(), o)
	if err == nil && (len(list) != len(issues) || list[0].Campaign != campaign) {
		t.Errorf("ordered %+v", list)
	}
	return err
}

func refused(t *testing.T, err error, words string) {
	t.Helper()
	if telemetry.CodeOf(err) != telemetry.CodeConflict || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want %q", err, words)
	}
}

// TestTheBudgetBoundsWhatIsSent: what goes beyond the sessions or ACUs of a campaign is
// refused in the transaction that orders, with what is left; what was not started
// counts no longer, and what is not of the campaign is not sent from it.
func TestTheBudgetBoundsWhatIsSent(t *testing.T) {
	storetest.At(t, autoNow(), func(t *testing.T, s *storetest.Store) {
		c, ids := autoCampaign(t, s, telemetry.NewCampaign{MaxSessions: 3, MaxACUs: 100})
		none := time.Time{}
		refused(t, orders(t, s, c.ID, "all", none, ids[:4]...), "0 of 3 sessions are used, and 0 of 100 ACUs; these would be 4 sessions of up to 5 ACUs each.")
		refused(t, orders(t, s, c.ID, "other", none, ids[3:]...), "1 of these issues are not in the campaign.")
		if err := orders(t, s, c.ID, "two", none, ids[:2]...); err != nil {
			t.Fatal(err)
		}
		refused(t, orders(t, s, c.ID, "more", none, ids[2:4]...), "2 of 3 sessions are used, and 0 of 100 ACUs, and sessions under way may use 10 more")
		if err := s.EndBatch(t.Context(), telemetry.SentBatch{NewBatch: telemetry.NewBatch{ID: "two-" + ids[0]}, State: telemetry.BatchFailed}); err != nil {
			t.Fatal(err)
		}
		acus := int64(14)
		if _, _, err := s.EditCampaign(t.Context(), c.ID, telemetry.CampaignEdit{MaxACUs: &acus}); err != nil {
			t.Fatal(err)
		}
		refused(t, orders(t, s, c.ID, "more", none, ids[2:4]...), "0 of 14 ACUs, and sessions under way may use 5 more; these would be 2 sessions")
		var both errgroup.Group
		var sent, held int
		results := make([]error, 2)
		for n := range 2 { // there is room for one more
			both.Go(func() error {
				results[n] = orders(t, s, c.ID, "at-once-"+ids[2+n], none, ids[2+n])
				return nil
			})
		}
		_ = both.Wait()
		for _, err := range results {
			if err == nil {
				sent++
			} else if telemetry.CodeOf(err) == telemetry.CodeConflict {
				held++
			}
		}
		if sent != 1 || held != 1 {
			t.Errorf("%d were ordered at once, %d refused: %v", sent, held, results)
		}
		if _, _, err := s.CloseCampaign(t.Context(), c.ID, "mona"); err != nil {
			t.Fatal(err)
		}
		refused(t, orders(t, s, c.ID, "closed", none, ids[0]), "The campaign is closed.")
		if err := orders(t, s, 9, "unknown", none, ids[0]); telemetry.CodeOf(err) != telemetry.CodeNotFound {
			t.Error(err)
		}
	})
}

// TestWhatACampaignMaySendByItself is asked in the transaction that orders: it is
// switched on, all are not stopped, its sessions a day are those of the order. Each
// order is in the audit log.
func TestWhatACampaignMaySendByItself(t *testing.T) {
	storetest.At(t, autoNow(), func(t *testing.T, s *storetest.Store) {
		ctx := t.Context()
		c, ids := autoCampaign(t, s, telemetry.NewCampaign{})
		slot, _ := telemetry.AutoSend{PerDay: 2}.Slot(autoNow())
		refused(t, orders(t, s, c.ID, "a", slot, ids[0]), "The campaign does not send by itself any more.")
		on := func(perDay int64) {
			t.Helper()
			e := telemetry.CampaignEdit{PerDay: &perDay, By: "mona", At: autoNow()}
			if _, is, err := s.EditCampaign(ctx, c.ID, e); err != nil || is.PerDay != perDay || is.Floor != telemetry.AutoFloor {
				t.Fatal(is, err)
			}
		}
		on(3)
		refused(t, orders(t, s, c.ID, "a", slot, ids[0]), "sessions a day were changed")
		on(2)
		if was, is, err := s.StopSends(ctx, true, "ana"); err != nil || was.Stopped || !is.Stopped || is.By != "ana" || is.At.IsZero() {
			t.Error(was, is, err)
		}
		if _, is, err := s.StopSends(ctx, true, "jonas"); err != nil || is.By != "ana" {
			t.Error("stopped again", is, err)
		}
		refused(t, orders(t, s, c.ID, "a", slot, ids[0]), "All automatic sending was stopped by ana. Nothing was sent.")
		if err := orders(t, s, c.ID, "by-hand", time.Time{}, ids[3]); err != nil {
			t.Error("a person sends on:", err)
		}
		if _, is, err := s.StopSends(ctx, false, "ana"); err != nil || is.Stopped {
			t.Error(is, err)
		}
		for range 2 { // the second time is the same order
			if err := orders(t, s, c.ID, "a", slot, ids[0]); err != nil {
				t.Fatal(err)
			}
		}
		if err := orders(t, s, c.ID, "b", slot.Add(-12*time.Hour), ids[1]); err != nil {
			t.Fatal(err)
		}
		refused(t, orders(t, s, c.ID, "c", slot, ids[2]), "as many sessions as it may today")
		failed := telemetry.SentBatch{NewBatch: telemetry.NewBatch{ID: "b-" + ids[1]}, State: telemetry.BatchFailed}
		if err := s.EndBatch(ctx, failed); err != nil {
			t.Fatal(err)
		}
		refused(t, orders(t, s, c.ID, "d", slot.Add(24*time.Hour), ids[1], ids[2]), "sessions a day")
		entries, err := s.Texts(ctx, `SELECT person || '|' || name || '|' || subject || '|' || detail || '|' || becomes FROM audit WHERE action = 'auto-send' ORDER BY id`)
		want := `campaign:1|campaign March|batch-a-` + ids[0] + `|{"campaign":"1","switched_on_by":"mona"}|to be sent to Devin: ` + ids[0]
		if err != nil || len(entries) != 2 || entries[0] != want {
			t.Errorf("%q, %v", entries, err)
		}
		if err := s.HaltAutoSend(ctx, c, "Why."); err != nil { // as it was before it was switched on
			t.Fatal(err)
		}
		if err := orders(t, s, c.ID, "e", slot.Add(24*time.Hour), ids[1]); err != nil {
			t.Error("what was decided of it before stopped it:", err)
		}
	})
}
