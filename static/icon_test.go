package static

import (
	"strings"
	"testing"
)

// TestCountedIcon: the icon says a number that has two digits, and no more.
func TestCountedIcon(t *testing.T) {
	for n, want := range map[int64]string{-1: "", 0: "", 7: ">7</text>", 99: ">99</text>", 100: ">99+</text>", 4000: ">99+</text>"} {
		icon, err := New().CountedIcon(n)
		if text := string(icon); err != nil || !strings.Contains(text, want) || strings.Contains(text, "<text") != (want != "") || strings.Count(text, "</svg>") != 1 {
			t.Errorf("%d: %s, %v", n, icon, err)
		}
	}
}
