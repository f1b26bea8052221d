package devin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// object is a JSON object of which some fields are kept. They are read one by
// one, so that a field of an unexpected type costs only itself.
type object map[string]json.RawMessage

// logField is the list in v1's answer about one session.
const logField = "messages"

// readObject reads an object from in and keeps the named fields. The rows of its
// message log are handed to take; nil is for an object that need not have one.
func readObject(in io.Reader, take func(json.RawMessage) error, names ...string) (object, error) {
	o, needed := object{}, take != nil
	if !needed {
		take = func(json.RawMessage) error { return nil }
	}
	err := upstream.Object(in, logField, maxLog, take, func(name string, value json.RawMessage) error {
		if slices.Contains(names, name) {
			o[name] = value
		}
		return nil
	})
	if !needed && errors.Is(err, upstream.ErrListMissing) {
		err = nil
	}
	return o, err
}

func readRow(raw json.RawMessage, names ...string) (object, error) {
	return readObject(bytes.NewReader(raw), nil, names...)
}

// inner returns a text within the object of a field, "" if there is none.
func (o object) inner(name, within string) string {
	object, err := readRow(o[name], within)
	if err != nil {
		return ""
	}
	return object.text(within)
}

func (o object) text(name string) string {
	s, _ := o.read(name)
	return s
}

// read returns a string field, and whether it is one. PostgreSQL stores no NUL.
func (o object) read(name string) (s string, ok bool) {
	var p *string
	if json.Unmarshal(o[name], &p) != nil || p == nil {
		return "", false
	}
	return strings.TrimSpace(strings.ReplaceAll(*p, "\x00", "\uFFFD")), true
}

// at returns a time in UTC: ISO 8601 (v1; without a zone it is UTC) or unix
// seconds (v3). A time after now is now, since clocks differ. What is not a time,
// or one before there was a Devin, is the zero time.
func (o object) at(name string, now time.Time) time.Time {
	const year2000, year10000 = 946684800, 253402300800
	var t time.Time
	var seconds float64
	if json.Unmarshal(o[name], &seconds) != nil {
		t = parseTime(o.text(name))
	} else if seconds < year10000 && seconds > 0 {
		t = time.UnixMilli(int64(seconds * 1000)).UTC()
	}
	switch {
	case t.Unix() < year2000:
		return time.Time{}
	case t.After(now):
		return now.UTC()
	}
	return t
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

const (
	maxTags = 100 // of one session; Devin takes 50
	maxACUs = 1e9 // more is no cost
)

// tags returns the texts of the field tags, each once.
func (o object) tags() []string {
	tags := []string{}
	// What is beyond maxTags, or no list, costs only itself.
	_ = upstream.Rows(bytes.NewReader(o["tags"]), maxTags, func(raw json.RawMessage) error {
		tag := telemetry.Shorten(object{"tag": raw}.text("tag"), maxText)
		if tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
		return nil
	})
	return tags
}

// acus returns the field acus_consumed in thousandths, 0 if it is no cost.
func (o object) acus() int64 {
	var n float64
	if json.Unmarshal(o["acus_consumed"], &n) != nil || n < 0 || n > maxACUs {
		return 0
	}
	return int64(math.Round(n * 1000))
}

const (
	maxAddress = 2000 // bytes of an address that is kept
	maxPulls   = 100  // pull requests of one session
)

// webAddress returns an address, "" for what is none of the web's.
func webAddress(s string) string {
	if len(s) > maxAddress || !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		return ""
	}
	return s
}

// pulls collects pull requests, each address once.
type pulls []telemetry.UpstreamPR

func (p *pulls) add(address, state string) {
	same := func(pr telemetry.UpstreamPR) bool { return pr.URL == address }
	if webAddress(address) != "" && len(*p) < maxPulls && !slices.ContainsFunc(*p, same) {
		*p = append(*p, telemetry.UpstreamPR{URL: address, State: telemetry.Shorten(state, maxWord)})
	}
}
