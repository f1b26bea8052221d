package telemetry

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// NumberParam reads the parameter name of an address: a whole number, which
// is brought between low and high. The error is CodeInvalid and shows example.
func NumberParam(name, text string, example, low, high int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, Errorf(CodeInvalid, "Invalid %s: want a whole number, for example %s=%d.", name, name, example)
	}
	return min(max(n, low), high), nil
}

// idempotencyKeyMost bounds the keys by which requests that are sent again are
// known, in bytes.
const idempotencyKeyMost = 200

// IdempotencyKey checks the header of that name, "" for none. The error is CodeInvalid.
func IdempotencyKey(text string) (string, error) {
	if len(text) > idempotencyKeyMost {
		return "", Errorf(CodeInvalid, "The Idempotency-Key has %d bytes; the limit is %d. Nothing was done. Use a shorter one.",
			len(text), idempotencyKeyMost)
	}
	return text, nil
}

// TimeParam reads the parameter name of an address: a time in RFC 3339, to the
// millisecond, in UTC; zero for an empty text. The error is CodeInvalid.
func TimeParam(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.UnixMilli() == 0 {
		return time.Time{}, Errorf(CodeInvalid, "Invalid %s: want a time, for example %s=2026-02-07T11:31:39Z (write a + as %%2B).", name, name)
	}
	return t.UTC().Truncate(time.Millisecond), nil
}

// AsOfParam reads the parameter as_of of an address: a date, which means its
// end in UTC, or a time as TimeParam reads it. It is zero, which is now, for an
// empty text and for today's date. The error is CodeInvalid, for a time after
// now too.
func AsOfParam(text string, now time.Time) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t, err := TimeParam("as_of", text)
		if err == nil && t.After(now) {
			err = futureParam()
		}
		return t, err
	}
	end := day.AddDate(0, 0, 1).Add(-time.Millisecond)
	switch {
	case day.After(now):
		return time.Time{}, futureParam()
	case !end.Before(now):
		return time.Time{}, nil
	}
	return end, nil
}

func futureParam() error {
	return Errorf(CodeInvalid, "Invalid as_of: the time is in the future. Want a time that has passed, or leave it out for now.")
}

// WordsParam reads the parameter name of an address: allowed words separated by commas,
// none for an empty text. The error is CodeInvalid.
func WordsParam[W ~string](name, text string, allowed []W) (words []W, err error) {
	if text == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		if !slices.Contains(allowed, W(word)) {
			known := make([]string, len(allowed))
			for i, a := range allowed {
				known[i] = string(a)
			}
			return nil, Errorf(CodeInvalid, "Invalid %s %q: want one of %s.", name, Shown(word), strings.Join(known, ", "))
		}
		words = append(words, W(word))
	}
	return words, nil
}

// OrderParam reads the parameter order: asc, desc, or "" for a list's own. The
// error is CodeInvalid.
func OrderParam(text string) (string, error) {
	if text != "" && text != "asc" && text != "desc" {
		return "", Errorf(CodeInvalid, "Invalid order: want asc or desc.")
	}
	return text, nil
}
