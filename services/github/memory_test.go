package github

import (
	"fmt"
	"strings"
	"testing"
)

// TestMemoryIsBounded: values go, the ones unused for longest first, before
// they take more bytes than they may.
func TestMemoryIsBounded(t *testing.T) {
	m := newMemory[string](10, 100)
	for i := range 30 {
		m.put(fmt.Sprint(i), strings.Repeat("x", i), i)
		if _, ok := m.get("1"); i >= 1 && i < 20 && !ok {
			t.Fatalf("at %d the value that is used is gone", i)
		}
	}
	sum := 0
	for _, key := range m.lru.Keys() {
		v, _ := m.lru.Peek(key)
		sum += v.bytes
	}
	if sum != m.bytes || sum > 100 || sum < 50 {
		t.Errorf("%d bytes are kept and %d counted, want the same, at most 100", sum, m.bytes)
	}
	m.put("29", "short", 5)
	if v, ok := m.get("29"); !ok || v != "short" || m.bytes > 100-24 {
		t.Errorf("replaced: %q, %v, %d bytes", v, ok, m.bytes)
	}
	m.put("huge", "", 101)
	if _, ok := m.get("huge"); ok || m.lru.Len() == 0 {
		t.Errorf("a value over the limit: kept %v, %d others", ok, m.lru.Len())
	}
	m.remove("29")
	for range 40 {
		m.lru.RemoveOldest()
	}
	if m.bytes != 0 {
		t.Errorf("%d bytes are counted of nothing", m.bytes)
	}
}
