package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/semaphore"
)

// Budget bounds the unpacked bytes of answers: of one, and of all that are being
// read at a time. One that grows beyond SmallAnswer waits for one of a few places.
// Who holds a place can always read on, so nobody waits for ever. A Budget is safe
// for concurrent use.
type Budget struct {
	large *semaphore.Weighted
}

// SmallAnswer is how many unpacked bytes are read without a place.
const SmallAnswer = 1 << 20

// NewBudget returns a Budget with so many places for larger answers.
func NewBudget(places int64) *Budget { return &Budget{large: semaphore.NewWeighted(places)} }

// ErrTooLarge is the failure of reading an answer beyond its limit.
var ErrTooLarge = errors.New("the answer is too large")

// Body returns body with its limits: Read fails with ErrTooLarge after limit
// bytes, and with ctx's error while it waits for a place. Close gives the place
// back; it must be called when the answer was decoded, and not before.
func (b *Budget) Body(ctx context.Context, body io.ReadCloser, limit int64) io.ReadCloser {
	return &bounded{ctx: ctx, budget: b, body: body, limit: limit}
}

// bounded is the body of one answer. It is read by one goroutine.
type bounded struct {
	ctx    context.Context
	budget *Budget
	body   io.ReadCloser
	limit  int64
	read   int64
	placed bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.read > b.limit {
		return 0, b.tooLarge()
	}
	if b.read >= SmallAnswer && !b.placed {
		if err := b.budget.large.Acquire(b.ctx, 1); err != nil {
			return 0, err
		}
		b.placed = true
	}
	// One byte over the limit tells a larger answer from one that just fits.
	if room := b.limit + 1 - b.read; int64(len(p)) > room {
		p = p[:room]
	}
	n, err := b.body.Read(p)
	b.read += int64(n)
	if b.read > b.limit {
		return n - 1, b.tooLarge()
	}
	return n, err
}

func (b *bounded) tooLarge() error {
	return fmt.Errorf("%w: over %d bytes unpacked", ErrTooLarge, b.limit)
}

func (b *bounded) Close() error {
	if b.placed {
		b.placed = false
		b.budget.large.Release(1)
	}
	return b.body.Close()
}
