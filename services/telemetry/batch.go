package telemetry

import "strconv"

// Batch is the number of a batch in its run. NoBatch, null in JSON, is that of
// a session whose record gives none.
type Batch int64

// NoBatch stands for a batch that is not recorded.
const NoBatch Batch = -1

// MarshalJSON implements json.Marshaler.
func (b Batch) MarshalJSON() ([]byte, error) {
	if b == NoBatch {
		return []byte("null"), nil
	}
	return []byte(b.String()), nil
}

// String is the number, "" for NoBatch.
func (b Batch) String() string {
	if b == NoBatch {
		return ""
	}
	return strconv.FormatInt(int64(b), 10)
}
