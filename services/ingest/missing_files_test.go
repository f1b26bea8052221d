package ingest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/telemetry"
)

// TestThirdListingIsAccepted: without a person, the third empty listing in a
// row is taken for true when the first lies an hour back; a whole one between
// them begins anew.
func TestThirdListingIsAccepted(t *testing.T) {
	const record = `{"target_repo": "https://github.com/octo/shop", "run_number": 1, "run_id": "1", "timestamp": "2026-02-02T10:00:00Z"}`
	dir := filepath.Join(t.TempDir(), "runs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	clock := time.Now()
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return clock
	}
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "d.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, stop := context.WithCancel(t.Context())
	jobs := ingest.New(ctx, ingest.Options{
		Store: derive.New(db), Sources: []ingest.Source{{Files: ingest.Dir{Path: dir}}}, Log: slog.New(slog.DiscardHandler), Now: now, NewID: rand.Text,
	})
	ended := make(chan error, 1)
	go func() { ended <- jobs.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	move(dir, dir+"-mounted")
	refresh := func(after time.Duration, mounted bool, want int) {
		t.Helper()
		mu.Lock()
		clock = clock.Add(after)
		mu.Unlock()
		if mounted {
			move(dir+"-mounted", dir)
			defer move(dir, dir+"-mounted")
		} else {
			if err := os.Mkdir(dir, 0o700); err != nil { // the mount point without its mount
				t.Fatal(err)
			}
			defer os.Remove(dir)
		}
		h, err := jobs.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByAPI})
		if err == nil {
			_, err = h.Wait(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		if known, err := derive.New(db).KnownFiles(t.Context(), ""); err != nil || len(known) != want {
			t.Errorf("%d files count, want %d (%v)", len(known), want, err)
		}
	}
	refresh(0, true, 1)
	refresh(time.Minute, false, 1)
	refresh(50*time.Minute, false, 1)
	refresh(time.Minute, true, 1) // begins anew
	refresh(time.Minute, false, 1)
	refresh(time.Minute, false, 1)
	refresh(time.Minute, false, 1)
	refresh(time.Hour, false, 0)
	refresh(time.Minute, true, 1)
}
