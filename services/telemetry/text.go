package telemetry

import (
	"crypto/rand"
	"encoding/hex"
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

// shownMost is how many bytes of what a caller named an error repeats.
const shownMost = 100

// Shown is what an error repeats of a name that a caller gave.
func Shown(name string) string { return Shorten(name, shownMost) }

// IsHex reports whether s is hexadecimal, in lower case.
func IsHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }

// NewID returns a random id: 16 hexadecimal digits.
func NewID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
