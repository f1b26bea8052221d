package telemetry

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Shorten returns at most the first so many bytes of s: whole characters, and
// an ellipsis where something is left out.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Shown is what an error repeats of a name that a caller gave.
func Shown(name string) string { return Shorten(name, 100) }

// IsHex reports whether s is hexadecimal, in lower case.
func IsHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }

// NewID returns a random id: 16 hexadecimal digits.
func NewID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// Optional is a text that is null in JSON where there is none.
type Optional string

// MarshalJSON implements json.Marshaler.
func (o Optional) MarshalJSON() ([]byte, error) { return textOrNull(string(o)) }

func textOrNull(s string) ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return json.Marshal(s)
}

// distanceMost bounds the work of one comparison: an address can be long.
const distanceMost = 120

// Distance returns how many letters of a must be changed, added or taken out to
// get b; distanceMost where either is longer than that.
func Distance(a, b string) int {
	if len(a) > distanceMost || len(b) > distanceMost {
		return distanceMost
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
