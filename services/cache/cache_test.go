package cache

import (
	"fmt"
	"strings"
	"testing"
)

// TestCacheIsBounded: values go, the ones unused for longest first, before
// they take more bytes than they may.
func TestCacheIsBounded(t *testing.T) {
	c := New[string](10, 100, 60)
	for i := range 30 {
		c.Put(fmt.Sprint(i), strings.Repeat("x", i), i)
		if _, ok := c.Get("1"); i >= 1 && i < 20 && !ok {
			t.Fatalf("at %d the value that is used is gone", i)
		}
	}
	sum := 0
	for _, key := range c.lru.Keys() {
		v, _ := c.lru.Peek(key)
		sum += v.bytes
	}
	if sum != c.bytes || sum > 100 || sum < 50 {
		t.Errorf("%d bytes are kept and %d counted, want the same, at most 100", sum, c.bytes)
	}
	c.Put("29", "short", 5)
	if v, ok := c.Get("29"); !ok || v != "short" || c.bytes > 100-24 {
		t.Errorf("replaced: %q, %v, %d bytes", v, ok, c.bytes)
	}
	c.Put("huge", "", 61)
	if _, ok := c.Get("huge"); ok || c.lru.Len() == 0 {
		t.Errorf("a value over the limit: kept %v, %d others", ok, c.lru.Len())
	}
	c.Remove("29")
	for range 40 {
		c.lru.RemoveOldest()
	}
	if c.bytes != 0 {
		t.Errorf("%d bytes are counted of nothing", c.bytes)
	}
}
