package github

import (
	"context"
	"sync"
)

// flights lets callers who ask the same thing at the same moment share one
// request. The zero value is ready.
type flights struct {
	mu   sync.Mutex
	open map[string]*shared
}

// shared is one question that is under way.
type shared struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int // guarded by flights.mu
	value   any
	err     error
}

// flight joins the question of that key or begins it. A question outlives
// the caller that began it as long as another one waits, and ends with the
// last.
func flight[T any](ctx context.Context, c *Client, key string, ask func(context.Context) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, c.ended(ctx)
	}
	f := &c.flights
	f.mu.Lock()
	s := f.open[key]
	if s == nil {
		asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
		s = &shared{done: make(chan struct{}), cancel: cancel}
		if f.open == nil {
			f.open = map[string]*shared{}
		}
		f.open[key] = s
		go func() {
			defer cancel()
			s.value, s.err = ask(asking)
			f.forget(key, s)
			close(s.done)
		}()
	}
	s.waiting++
	f.mu.Unlock()
	select {
	case <-s.done:
		if s.err != nil {
			return none, s.err
		}
		return s.value.(T), nil
	case <-ctx.Done():
		f.leave(key, s)
		return none, c.ended(ctx)
	}
}

func (f *flights) forget(key string, s *shared) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[key] == s {
		delete(f.open, key)
	}
}

// leave takes one who waits away; without any the question is given up, and
// who asks it next begins it anew.
func (f *flights) leave(key string, s *shared) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.waiting--; s.waiting > 0 {
		return
	}
	s.cancel()
	if f.open[key] == s {
		delete(f.open, key)
	}
}
