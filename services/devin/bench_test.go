package devin_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
)

// BenchmarkPoll asks for 1,000 sessions of an organization that has no others,
// at 50 ms an answer. Budget: 10 requests and 1 s.
func BenchmarkPoll(b *testing.B) {
	for _, key := range []string{keyV1, keyV3} {
		b.Run(key[:3], func(b *testing.B) {
			p := devintest.New(devintest.Options{Key: key, OrgID: org})
			wanted := hexes(0, 1000)
			fill(p, wanted)
			p.Fail(devintest.KindAny, devintest.Fault{Delay: 50 * time.Millisecond})
			server := httptest.NewServer(p)
			defer server.Close()
			c, err := devin.New(devin.Options{BaseURL: server.URL, Key: key}) // v3 asks for its organization too
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				answer, err := c.Sessions(b.Context(), wanted)
				if err != nil || len(answer.Sessions) != len(wanted) {
					b.Fatalf("%d sessions, %v", len(answer.Sessions), err)
				}
			}
			b.ReportMetric(float64(total(p))/float64(b.N), "requests/op")
		})
	}
}
