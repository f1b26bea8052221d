package telemetry

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNumberParam(t *testing.T) {
	for text, want := range map[string]int64{"7": 7, "-1": 1, "900": 200, "+5": 5} {
		if got, err := NumberParam("page", text, 50, 1, 200); got != want || err != nil {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "1.5", " 1", "99999999999999999999"} {
		_, err := NumberParam("page", text, 50, 1, 200)
		if CodeOf(err) != CodeInvalid || err.Error() != "Invalid page: want a whole number, for example page=50." {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTimeParam(t *testing.T) {
	day := time.Date(2026, 2, 7, 11, 31, 39, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                               {},
		"2026-02-07T11:31:39Z":           day,
		"2026-02-07T12:31:39.0019+01:00": day.Add(time.Millisecond),
		"2026-02-07T11:31:39.123456789Z": day.Add(123 * time.Millisecond),
	} {
		if got, err := TimeParam("as_of", text); !got.Equal(want) || err != nil {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "1", "2026-02-30T00:00:00Z", "2026-02-07", "1970-01-01T00:00:00Z"} {
		if _, err := TimeParam("as_of", text); CodeOf(err) != CodeInvalid || !strings.HasPrefix(err.Error(), "Invalid as_of: want a time") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAsOfParam(t *testing.T) {
	now := time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"2026-02-09":                time.Date(2026, 2, 9, 23, 59, 59, 999e6, time.UTC),
		"2026-02-10":                {}, // today: now
		"2026-02-10T12:00:00Z":      now,
		"2026-02-10T13:00:00+02:00": now.Add(-time.Hour),
	} {
		if got, err := AsOfParam(text, now); !got.Equal(want) || err != nil {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"2026-02-11": "in the future", "2026-02-10T12:00:01Z": "in the future", "2026-02-10T12:00:00-01:00": "in the future",
		"2026-02-30": "want a time", "soon": "want a time", "2026-2-9": "want a time", "1970-01-01T00:00:00Z": "want a time",
	} {
		if _, err := AsOfParam(text, now); CodeOf(err) != CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestWordsParam(t *testing.T) {
	allowed := []Need{NeedStuck, NeedScan}
	for text, want := range map[string][]Need{"": nil, "stuck": {NeedStuck}, "overdue,stuck": {NeedScan, NeedStuck}} {
		if got, err := WordsParam("group", text, allowed); !slices.Equal(got, want) || err != nil {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"Stuck", "stuck,", ",", "stuck,nonsense"} {
		_, err := WordsParam("group", text, allowed)
		if CodeOf(err) != CodeInvalid || !strings.HasSuffix(err.Error(), ": want one of stuck, overdue.") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOrderParam(t *testing.T) {
	for _, text := range []string{"", "asc", "desc"} {
		if got, err := OrderParam(text); got != text || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := OrderParam("ASC"); CodeOf(err) != CodeInvalid {
		t.Errorf("ASC: %v", err)
	}
}
