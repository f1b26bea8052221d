package main

import (
	"context"
	"log/slog"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// limited is a limit that all programs with one token share, and that is known
// again after a restart.
type limited interface {
	Key() string
	Known() telemetry.Limit
	Heed(l telemetry.Limit)
}

const (
	// shareEvery is how soon a program knows of a limit that another one met.
	shareEvery = time.Second
	// keepEvery is how often what is known is kept where no other program needs it.
	keepEvery = 10 * time.Second
)

// sharing keeps limits in the database, and has each heed what other programs have
// learned of it, or this one before a restart. By key, shared is what of it is in
// the database.
type sharing struct {
	db     *store.Store
	all    []limited
	shared map[string]telemetry.Limit
	log    *slog.Logger
}

func newSharing(db *store.Store, all []limited, log *slog.Logger) *sharing {
	return &sharing{db: db, all: all, shared: map[string]telemetry.Limit{}, log: log}
}

// run shares the limits until ctx ends.
func (s *sharing) run(ctx context.Context) error {
	every := shareEvery
	if !s.db.Shared() {
		every = keepEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.turn(ctx)
		}
	}
}

// turn shares each limit once.
func (s *sharing) turn(ctx context.Context) {
	for _, l := range s.all {
		err := telemetry.Guard("share limits", func() (err error) { return s.share(ctx, l) })
		if err != nil {
			s.log.Debug("limits are not shared", "of", l.Key(), "err", err) // the next turn does
		}
	}
}

func (s *sharing) share(ctx context.Context, l limited) error {
	if own := l.Known(); own != s.shared[l.Key()] {
		if err := s.db.SaveLimit(ctx, l.Key(), own); err != nil {
			return err
		}
		s.shared[l.Key()] = own
	}
	others, found, err := s.db.LimitOf(ctx, l.Key())
	if err != nil || !found {
		return err
	}
	l.Heed(others)
	own := s.shared[l.Key()]
	own.Rate = l.Known().Rate // the other's is no news of this one
	s.shared[l.Key()] = own
	return nil
}
