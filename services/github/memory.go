package github

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// memory keeps values by a key, bounded by their count and by their bytes;
// the ones unused for longest go first. It is safe for concurrent use.
type memory[V any] struct {
	mu    sync.Mutex
	lru   *simplelru.LRU[string, sized[V]]
	bytes int
	most  int
}

type sized[V any] struct {
	value V
	bytes int
}

// newMemory returns a memory of at most count values and most bytes.
func newMemory[V any](count, most int) *memory[V] {
	m := &memory[V]{most: most}
	// The error is of a count below one.
	m.lru, _ = simplelru.NewLRU(count, func(_ string, v sized[V]) { m.bytes -= v.bytes })
	return m
}

func (m *memory[V]) get(key string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.lru.Get(key)
	return v.value, ok
}

// put keeps v, which takes so many bytes, in place of what key had.
func (m *memory[V]) put(key string, v V, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lru.Remove(key)
	if bytes > m.most {
		return
	}
	m.lru.Add(key, sized[V]{v, bytes})
	for m.bytes += bytes; m.bytes > m.most; {
		m.lru.RemoveOldest()
	}
}

func (m *memory[V]) remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lru.Remove(key)
}

// answer is a whole answer to one address, and what its headers said.
type answer struct {
	page
	packed []byte
}

// decode decodes the answer once more.
func (a answer) decode(decode func(io.Reader) error) error {
	unzip, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err != nil {
		return err
	}
	return decode(unzip)
}

// maxPacked is the largest compressed answer that is kept.
const maxPacked = 4 << 20

// packer compresses what an answer's decoder reads. What is too large or
// cannot be packed is not kept, which is no failure of the answer.
type packer struct {
	packed bytes.Buffer
	zip    *gzip.Writer
	failed bool
}

func newPacker() *packer {
	p := &packer{}
	var err error
	p.zip, err = gzip.NewWriterLevel(&p.packed, gzip.BestSpeed)
	p.failed = err != nil
	return p
}

func (p *packer) Write(body []byte) (int, error) {
	if !p.failed {
		_, err := p.zip.Write(body)
		p.failed = err != nil || p.packed.Len() > maxPacked
	}
	return len(body), nil
}

// bytes returns what was written, compressed, and whether it may be kept.
func (p *packer) bytes() ([]byte, bool) {
	if p.failed || p.zip.Close() != nil {
		return nil, false
	}
	return bytes.Clone(p.packed.Bytes()), true
}
