package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// problem is why the last write failed, and since when none succeeded.
type problem struct {
	since time.Time
	cause *telemetry.Error
}

// wrote notes what the database could not do. Only recoverWrites ends it: a small write may fit on a full disk.
func (s *Store) wrote(err error) error {
	cause, ok := errors.AsType[*telemetry.Error](err)
	if ok && cause.Code == telemetry.CodeUnavailable {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.trouble == nil {
			s.trouble = &problem{since: s.now()}
		}
		s.trouble.cause = cause
	}
	return err
}

// status is the trouble as a source that cannot be read would say it.
func (s *Store) status() (telemetry.SourceStatus, bool) {
	if err := s.lost(); err != nil {
		_ = s.wrote(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble == nil {
		return telemetry.SourceStatus{}, false
	}
	return telemetry.SourceStatus{
		Name:     telemetry.SourceDatabase,
		FailedAt: telemetry.At(s.trouble.since),
		Error:    s.trouble.cause.Message,
		Code:     s.trouble.cause.Code,
	}, true
}

// recoverLimit bounds a try to write again.
const recoverLimit = 10 * time.Second

// recoverWrites tries to write again after a failure, and completes a start that could not write.
func (s *Store) recoverWrites(ctx context.Context) {
	if _, is := s.status(); !is {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	if s.lost() != nil || s.room() != nil {
		return
	}
	var err error
	if s.begun.Load() {
		err = s.Write(ctx, func(*Tx) error { return nil })
	} else if err = s.begin(ctx); err == nil {
		err = s.readAgain()
	}
	if err != nil {
		return // the next look tries again
	}
	s.mu.Lock()
	s.trouble = nil
	s.mu.Unlock()
}

// roomBytes must fit on the disk before a full one counts as repaired.
const roomBytes = 1 << 20

// room reports whether SQLite's directory takes a file of some size.
func (s *Store) room() error {
	if s.path == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), ".room-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, roomBytes))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// followEvery is how often Follow looks. A button that is pressed in one program
// waits for two looks: of the program that runs the job, and of its own.
const followEvery = 500 * time.Millisecond

// Follow raises the versions that other programs on the same PostgreSQL
// raised, and tries to write again after a write failed, until ctx ends. A
// look that fails is made up for by the next.
func (s *Store) Follow(ctx context.Context) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		_ = telemetry.Guard("follow the database", func() error { // a fault in one look must not end the program
			s.recoverWrites(ctx)
			s.follow(ctx)
			s.catchUp(ctx)
			return nil
		})
	}
}

func (s *Store) follow(ctx context.Context) {
	if s.dialect.name() != "postgres" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	found, err := s.storedVersions(ctx)
	if err != nil {
		return
	}
	for topic, n := range s.Versions() {
		if found[topic] <= n {
			delete(found, topic)
		}
	}
	s.raise(found)
}
