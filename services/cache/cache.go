// Package cache keeps values in memory, bounded by their bytes. It knows nothing
// of what it keeps, nor how long that holds.
package cache

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Cache keeps values by a key, bounded by their count and by their bytes; the
// ones unused for longest go first. It is safe for concurrent use.
type Cache[V any] struct {
	mu    sync.Mutex
	lru   *simplelru.LRU[string, sized[V]]
	bytes int
	most  int
	each  int
}

type sized[V any] struct {
	value V
	bytes int
}

// New returns a Cache of at most count values and most bytes; one value may
// take at most each of them. It panics for a count below 1.
func New[V any](count, most, each int) *Cache[V] {
	c := &Cache[V]{most: most, each: each}
	lru, err := simplelru.NewLRU(count, func(_ string, v sized[V]) { c.bytes -= v.bytes })
	if err != nil {
		panic(err) // of a count below 1 alone
	}
	c.lru = lru
	return c
}

// Get returns the value of key, and whether there is one.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.lru.Get(key)
	return v.value, ok
}

// Put keeps v, which takes so many bytes, in place of what key had; one that
// is too large is not kept.
func (c *Cache[V]) Put(key string, v V, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
	if bytes > c.each {
		return
	}
	c.lru.Add(key, sized[V]{v, bytes})
	for c.bytes += bytes; c.bytes > c.most; {
		c.lru.RemoveOldest()
	}
}

// Size is how many values are kept, and how many bytes they take.
func (c *Cache[V]) Size() (values, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Len(), c.bytes
}

// Remove drops what key has.
func (c *Cache[V]) Remove(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
}
