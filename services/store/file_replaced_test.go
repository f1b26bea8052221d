package store_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// TestReplacedFileKeepsItsLog: while another file has the name of the
// database, no connection opens that one: SQLite would remove the log beside
// it, and with it what is only there.
func TestReplacedFileKeepsItsLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.db")
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + file, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	log, err := os.Stat(file + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, file+".aside"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var together sync.WaitGroup
	inside := make(chan struct{}, 6)
	release := make(chan struct{})
	for range cap(inside) {
		together.Go(func() {
			err := s.Read(t.Context(), func(tx *store.Tx) error {
				tx.Each(`SELECT key FROM meta`, nil, func(*store.Row) {})
				inside <- struct{}{}
				<-release
				return tx.Err()
			})
			if err != nil && telemetry.CodeOf(err) != telemetry.CodeUnavailable {
				t.Errorf("a read: %v", err)
			}
			if err != nil {
				inside <- struct{}{}
			}
		})
	}
	for range cap(inside) {
		<-inside
	}
	close(release)
	together.Wait()
	if now, err := os.Stat(file + "-wal"); err != nil || !os.SameFile(log, now) {
		t.Errorf("the log is gone: %v", err)
	}
}

// TestReplacedLog: the log was removed, and a reader has made another one: what
// is written would be in the removed one only, so it is refused.
func TestReplacedLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.db")
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + file, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write := func() error {
		return s.Write(t.Context(), func(tx *store.Tx) error { tx.Touch(telemetry.TopicJobs); return tx.Err() })
	}
	if err := write(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+"-wal", file+"-aside"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(); telemetry.CodeOf(err) != telemetry.CodeUnavailable {
		t.Errorf("it wrote beside its log: %v", err)
	}
	if err := os.Rename(file+"-aside", file+"-wal"); err != nil {
		t.Fatal(err)
	}
	if err := write(); err != nil {
		t.Errorf("with its log it does not write: %v", err)
	}
}
