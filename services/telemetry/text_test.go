package telemetry

import (
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"": "", "four": "four", "fives": "five…", "abcé": "abc…", "日本": "日…"} {
		if got := Shorten(text, 4); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := Shown(strings.Repeat("x", 101)); got != strings.Repeat("x", 100)+"…" {
		t.Errorf("shown: %q", got)
	}
}

func TestIsHex(t *testing.T) {
	for text, want := range map[string]bool{"": false, "0af9": true, "0AF9": false, "0g": false, "１": false} {
		if got := IsHex(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestNewIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if len(id) != 16 || !IsHex(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}
