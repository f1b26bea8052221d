package notify

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"

	"telemetry-dashboard/services/telemetry"
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

// Send sends a message on its channel.
func (s *Service) Send(ctx context.Context, n telemetry.Notification) error { return s.send(ctx, n) }

// ReachMail lets the mail server of an smtp address be on this machine, whatever
// NOTIFY_ALLOW_PRIVATE says of the rest.
func (s *Service) ReachMail() {
	s.senders[telemetry.ChannelMail].(*mailer).dial = (&net.Dialer{}).DialContext
}

// TrustMail lets the mail server have a certificate of these authorities.
func (s *Service) TrustMail(roots *x509.CertPool) {
	s.senders[telemetry.ChannelMail].(*mailer).tls.RootCAs = roots
}
