package devin

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// object reads a JSON object field by field, so that a field of an unexpected
// type costs only itself.
type object map[string]json.RawMessage

// readObject returns nil for what is no object; its fields all read as absent.
func readObject(raw json.RawMessage) object {
	var o object
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// text returns a string field, "" if it is absent or no string.
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

// list returns the items of an array field, nil if it is absent or no array.
func (o object) list(name string) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(o[name], &list) != nil {
		return nil
	}
	return list
}

// lists tells whether a field is an array, or null, which is an empty one.
func (o object) lists(name string) bool {
	var list []json.RawMessage
	return json.Unmarshal(o[name], &list) == nil
}

// flag returns a boolean field, false if it is absent or no boolean.
func (o object) flag(name string) bool {
	var b bool
	return json.Unmarshal(o[name], &b) == nil && b
}

// at returns a time in UTC: ISO 8601 (v1; without a zone it is UTC) or unix
// seconds (v3), whichever the field holds. What is neither is the zero time.
func (o object) at(name string) time.Time {
	var seconds float64
	if json.Unmarshal(o[name], &seconds) == nil {
		const year10000 = 253402300800
		if seconds <= 0 || seconds >= year10000 {
			return time.Time{}
		}
		return time.UnixMilli(int64(seconds * 1000)).UTC()
	}
	return parseTime(o.text(name))
}

func parseTime(s string) time.Time {
	s = strings.Replace(s, " ", "T", 1)
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly,
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// pulls collects pull requests, each address once.
type pulls []telemetry.UpstreamPR

func (p *pulls) add(address, state string) {
	same := func(pr telemetry.UpstreamPR) bool { return pr.URL == address }
	web := strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
	if web && !slices.ContainsFunc(*p, same) {
		*p = append(*p, telemetry.UpstreamPR{URL: address, State: state})
	}
}
