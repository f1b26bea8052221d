package notify

import (
	"context"
	"net/netip"
)

// Turn finds what rules tell, and sends all that is due, one message after the other.
func (s *Service) Turn(ctx context.Context) {
	s.Find(ctx)
	w := lines{busy: map[string]bool{}, again: make(chan struct{}, 1)}
	for {
		due, err := s.o.Store.DueNotifications(ctx, nil, 1)
		if err != nil || len(due) == 0 {
			return
		}
		s.take(ctx, &w)
		w.all.Wait()
	}
}

// Allowed reports whether anything may be sent to an address.
func Allowed(address string) bool { return allowed(netip.MustParseAddr(address), refusedNetworks()) }
