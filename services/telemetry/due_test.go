package telemetry_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

func TestDueDaysAreReadOrRefusedInWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "critical=7,high=30,medium=90,low=180",
		"critical=7,high=30,medium=90,low=180": "critical=7,high=30,medium=90,low=180",
		"High = 14 , low=3650":                 "critical=7,high=14,medium=90,low=3650",
		"critical=0":                           `gives critical "0"; want whole days from 1 to 3650`,
		"critical=1.5":                         `gives critical "1.5"; want whole days`,
		"critical":                             `gives critical ""; want whole days`,
		"urgent=1":                             `names "urgent=1"; want critical, high, medium or low`,
		"high=1,HIGH=2":                        "names high twice",
		"high=3651":                            "want whole days from 1 to 3650",
		"high=30,":                             `names ""; want critical`,
	} {
		days, err := telemetry.ParseDueDays(text)
		got := days.Text()
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) && !(err != nil && strings.Contains(got, want)) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestTheFactorIsThatOfImportanceOrElseTheScore(t *testing.T) {
	for _, c := range []struct {
		importance string
		score      int64
		want       string
	}{
		{"critical", 10, "0.5"}, {"high", -1, "1"}, {"medium", -1, "1.5"}, {"low", 99, "2"},
		{"", 90, "0.5"}, {"", 89, "1"}, {"", 70, "1"}, {"", 69, "1.5"}, {"", 40, "1.5"}, {"", 39, "2"}, {"", 0, "2"},
		{"", -1, "1"}, {"unheard of", -1, "1"}, {"unheard of", 95, "0.5"},
	} {
		if got := telemetry.Tenth(telemetry.DueFactor(c.importance, c.score)).String(); got != c.want {
			t.Errorf("%q, %d: %s, want %s", c.importance, c.score, got, c.want)
		}
	}
}

// TestDueDatesAgainstANaiveFold compares the clock with one that is moved on one
// millisecond after the other, over random times in which it is to pause.
func TestDueDatesAgainstANaiveFold(t *testing.T) {
	for seed := range uint64(3000) {
		dice := rand.New(rand.NewPCG(seed, 1))
		open := telemetry.Stretch{From: 10 + dice.Int64N(20), To: telemetry.Never}
		if dice.IntN(2) == 0 {
			open.To = open.From + dice.Int64N(60)
		}
		var still []telemetry.Stretch
		for range dice.IntN(6) {
			s := telemetry.Stretch{From: dice.Int64N(80), To: telemetry.Never}
			if dice.IntN(4) > 0 {
				s.To = s.From + dice.Int64N(25)
			}
			still = append(still, s)
		}
		within := 1 + dice.Int64N(60)
		pauses := telemetry.DuePauses(open, still)
		left := within // of the clock's time
		for at := open.From; at < min(open.To, 120); at++ {
			paused := false
			for _, s := range still {
				paused = paused || s.From <= at && at < s.To
			}
			c := telemetry.DueClockAt(open.From, within, pauses, at)
			if due := c.At(at); due != at+left || (c.Paused != 0) != paused || c.Overdue(at) != (left < 0) {
				t.Fatalf("seed %d: at %d it is due at %d (%+v), want %d, paused %v", seed, at, due, c, at+left, paused)
			}
			if !paused {
				left--
			}
		}
		if open.To < 120 { // closed: its due date no longer moves
			closed, later := telemetry.DueClockAt(open.From, within, pauses, open.To), telemetry.DueClockAt(open.From, within, pauses, 200)
			if closed != later || later.Paused != 0 || later.Due != open.To+left {
				t.Fatalf("seed %d: closed at %d it was due at %+v, later %+v, want %d", seed, open.To, closed, later, open.To+left)
			}
		}
	}
}
