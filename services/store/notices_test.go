package store_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestEveryEventCanBeAsked of a real history, for any repository and owner and for one,
// at once and as a digest. What was found when a rule was made is not queued.
func TestEveryEventCanBeAsked(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.RealFiles(t)...)
		plan := notify.Plan{NewIDs: telemetry.NewID}
		total := int64(0)
		for _, event := range telemetry.NotifyEvents() {
			for _, digest := range []string{"", "08:00"} {
				r := telemetry.NotifyRule{Name: string(event), Event: event, Channel: telemetry.ChannelSlack, DigestAt: digest, On: true, Zone: "UTC",
					Addresses: []string{}, NextAt: telemetry.At(time.Unix(1, 0))}
				_, made, err := s.PutNotifyRule(t.Context(), r)
				if err != nil {
					t.Fatalf("%s: %v", event, err)
				}
				count, items, err := s.FoundNow(t.Context(), made, 5)
				if err != nil || int64(len(items)) > 5 || count > 0 && len(items) == 0 {
					t.Errorf("%s: %d, %v, %v", event, count, items, err)
				}
				total += count
				if queued, err := s.Tell(t.Context(), made.ID, plan); err != nil || queued != 0 {
					t.Errorf("%s: queued %d of what was there, %v", event, queued, err)
				}
				made.Repo, made.Owner = "octo/none", "@octo/none"
				if count, _, err = s.FoundNow(t.Context(), made, 5); err != nil || count != 0 && event.OfRepo() {
					t.Errorf("%s of no repository: %d, %v", event, count, err)
				}
			}
		}
		if total == 0 {
			t.Error("nothing was found")
		}
	})
}
