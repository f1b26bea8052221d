package telemetry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

func campaignDay(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

// TestThePaceOfACampaign: over the last 14 days, or since it began; a forecast needs
// a week and three issues gone.
func TestThePaceOfACampaign(t *testing.T) {
	for name, tc := range map[string]struct {
		left []int64 // day by day
		due  int     // a day of March, 0 for none
		want string
		late string
	}{
		"just begun":               {[]int64{10}, 30, "0 gone, 0 needed", "0s"},
		"too few days":             {[]int64{10, 8, 6, 4}, 30, "6 gone, 1 needed", "0s"},
		"too few issues":           {[]int64{10, 10, 10, 10, 10, 9, 9, 9, 8}, 30, "2 gone, 4 needed", "0s"},
		"in time":                  {[]int64{10, 9, 8, 7, 6, 5, 4, 4, 4, 4, 4}, 30, "6 gone, 3 needed, ends 18 Mar 04:00", "0s"},
		"late":                     {[]int64{10, 9, 8, 7, 6, 5, 4, 4, 4, 4, 4}, 13, "6 gone, 20 needed, ends 18 Mar 04:00", "112h0m0s"},
		"after the due date":       {[]int64{10, 9, 8, 7, 6, 5, 4, 4, 4, 4, 4}, 5, "6 gone, 0 needed, ends 18 Mar 04:00", "304h0m0s"},
		"without a due date":       {[]int64{10, 9, 8, 7, 6, 5, 4, 4, 4, 4, 4}, 0, "6 gone, 0 needed, ends 18 Mar 04:00", "0s"},
		"more than before":         {[]int64{4, 5, 6, 7, 8, 9, 10, 10, 10}, 30, "-6 gone, 4 needed", "0s"},
		"nothing is left":          {[]int64{8, 7, 6, 5, 4, 3, 2, 1, 0}, 30, "8 gone, 0 needed", "0s"},
		"the last 14 days of more": {[]int64{90, 70, 50, 30, 30, 30, 30, 30, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21}, 30, "9 gone, 25 needed, ends 20 Apr 04:00", "496h0m0s"},
	} {
		c := telemetry.Campaign{At: telemetry.At(campaignDay(1))}
		if tc.due > 0 {
			c.Due = telemetry.At(campaignDay(tc.due))
		}
		var days []telemetry.CampaignDay
		for i, left := range tc.left {
			days = append(days, telemetry.CampaignDay{At: telemetry.At(campaignDay(1 + i)), Left: left})
		}
		p := c.Paced(days)
		got := fmt.Sprintf("%d gone, %d needed", p.Gone, p.Needed)
		if !p.Ends.IsZero() {
			got += p.Ends.Format(", ends 2 Jan 15:04")
		}
		if late := c.Late(p).Round(time.Minute).String(); got != tc.want || late != tc.late {
			t.Errorf("%s: %s, %s late; want %s, %s", name, got, late, tc.want, tc.late)
		}
	}
}

// TestAPlanGoesEvenlyToTheDueDate and not below nothing.
func TestAPlanGoesEvenlyToTheDueDate(t *testing.T) {
	c := telemetry.Campaign{At: telemetry.At(campaignDay(1)), Due: telemetry.At(campaignDay(11))}
	for day, want := range map[int]float64{1: 20, 6: 10, 11: 0, 25: 0} {
		if got := c.Plan(20, campaignDay(day)); got != want {
			t.Errorf("on day %d: %v, want %v", day, got, want)
		}
	}
}

// TestWhatIsWrongWithACampaignIsSaid, with the field.
func TestWhatIsWrongWithACampaignIsSaid(t *testing.T) {
	now := campaignDay(1)
	good := telemetry.NewCampaign{Name: "  All  of them ", Query: "is:open", Expect: 3, Owner: "mona", Due: campaignDay(5), MaxSessions: 5}
	known := func(name string) bool { return name == "mona" }
	if c, err := good.Check(now, known); err != nil || c.Name != "All of them" {
		t.Errorf("%+v %v", c, err)
	}
	for field, change := range map[string]func(*telemetry.NewCampaign){
		"name":         func(c *telemetry.NewCampaign) { c.Name = " " },
		"q":            func(c *telemetry.NewCampaign) { c.Query = strings.Repeat("x", 5000) },
		"q ":           func(c *telemetry.NewCampaign) { c.Expect = 10_001 },
		"expect":       func(c *telemetry.NewCampaign) { c.Expect = 0 },
		"owner":        func(c *telemetry.NewCampaign) { c.Owner = "nobody here" },
		"due":          func(c *telemetry.NewCampaign) { c.Due = now },
		"due ":         func(c *telemetry.NewCampaign) { c.Due = now.AddDate(11, 0, 0) },
		"max_sessions": func(c *telemetry.NewCampaign) { c.MaxSessions = -1 },
		"max_acus":     func(c *telemetry.NewCampaign) { c.MaxACUs = 1 << 40 },
	} {
		c := good
		change(&c)
		_, err := c.Check(now, known)
		if e, ok := errors.AsType[*telemetry.Error](err); !ok || e.Code != telemetry.CodeInvalid || e.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for text, want := range map[string]string{"2026-06-30": "2026-06-30T23:59:59.999Z", "2026-06-30T10:00:00Z": "2026-06-30T10:00:00Z", "": "0001-01-01T00:00:00Z"} {
		if due, err := telemetry.DueParam(text); err != nil || due.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v %v", text, due, err)
		}
	}
}
