package store

import "context"

// Versions returns the version of each topic. The map does not change, and must
// not be changed.
func (s *Store) Versions() map[string]uint64 {
	s.catchUp(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.versions
}

// Watch returns a channel that gets a value after versions were raised, once for several, and its end.
func (s *Store) Watch() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	s.watchers[ch] = true
	s.mu.Unlock()
	return ch, func() {
		s.mu.Lock()
		delete(s.watchers, ch)
		s.mu.Unlock()
	}
}

func (s *Store) storedVersions(ctx context.Context) (map[string]uint64, error) {
	return Get(ctx, s, func(tx *Tx) map[string]uint64 { return Map[string, uint64](tx, `SELECT topic, n FROM versions`) })
}

func (s *Store) loadVersions(ctx context.Context) error {
	found, err := s.storedVersions(ctx)
	s.mu.Lock()
	s.versions, s.raised = found, s.raised+1
	s.mu.Unlock()
	return err
}
