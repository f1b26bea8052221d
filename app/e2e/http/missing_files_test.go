package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// confirm presses the button of the strip that confirms a listing.
func (o odd) confirm(page string) string {
	o.t.Helper()
	form := url.Values{}
	for _, name := range []string{"source", "kept"} {
		_, rest, found := strings.Cut(page, `name="`+name+`" value="`)
		if !found {
			o.t.Fatalf("the strip's button has no %s", name)
		}
		value, _, _ := strings.Cut(rest, `"`)
		form.Set(name, value)
	}
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url+"/actions/accept-listing", strings.NewReader(form.Encode()))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("HX-Request", "true")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		o.t.Fatalf("confirm: %d %s", res.StatusCode, body)
	}
	return string(body)
}

// TestFilesThatDisappear: of GitHub and of RUNS_DIR, on both databases, a
// listing without the stored files marks none gone. That is said by the job,
// the strip and the API, also after a restart, and ends when the files are
// back, or a person confirms it.
func TestFilesThatDisappear(t *testing.T) {
	everywhere(t, func(o odd) {
		names := []string{"good.json"}
		for run := 2; run <= 12; run++ {
			names = append(names, fmt.Sprintf("run-%d.json", run))
			o.put(names[run-1], oddScan(run, fmt.Sprintf("2026-02-%02dT10:00:00Z", run), nil))
		}
		whole := map[string]float64{"total_runs": 12, "total_issues": 12}
		o.refresh()
		o.figures("GET", "/api/stats", whole)
		for _, name := range names[1:] {
			o.remove(name)
		}
		o.remove(names[0])
		o.put("readme.txt", []byte("nothing else"))
		for range 3 {
			status, result := o.ask("POST", "/api/refresh")
			if said := fmt.Sprint(result["errors"]); status != 200 || result["gone"] != 0.0 || len(result["held"].([]any)) != 1 || !strings.Contains(said, "is empty, but 12 of its files") {
				t.Fatalf("an empty listing: %d %v", status, result)
			}
			o.figures("GET", "/api/stats", whole)
		}
		o.stop()
		o.start()
		o.ask("POST", "/api/refresh")
		o.figures("GET", "/api/stats", whole)
		if page := o.page("/"); !strings.Contains(page, "Run files are missing.") || !strings.Contains(page, "Mark 12 files as gone") || strings.Contains(page, "Up to date") {
			o.t.Error("the strip does not say that the files are missing")
		}
		for run, name := range names {
			o.put(name, oddScan(run+1, fmt.Sprintf("2026-02-%02dT10:00:00Z", run+1), nil))
		}
		if result := o.refresh(); fmt.Sprint(result["held"]) != "[]" || strings.Contains(fmt.Sprint(result["errors"]), "listing") {
			o.t.Errorf("the files are back: %v", result)
		}
		if page := o.page("/"); strings.Contains(page, "Run files are missing") {
			o.t.Error("the files are back, and the strip still says that they are missing")
		}
		for _, name := range names[4:] {
			o.remove(name)
		}
		o.ask("POST", "/api/refresh")
		o.figures("GET", "/api/stats", whole)
		o.confirm(o.page("/"))
		if result := o.refresh(); fmt.Sprint(result["held"]) != "[]" {
			o.t.Errorf("after it was confirmed: %v", result)
		}
		o.figures("GET", "/api/stats", map[string]float64{"total_runs": 4, "total_issues": 4})
	})
}

// TestThirdListingIsBelieved: without a person, the third empty listing in a
// row is taken for true when the first lies an hour back; a whole one between
// them begins anew.
func TestThirdListingIsBelieved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.json"), oddScan(1, "2026-02-02T10:00:00Z", nil), 0o600); err != nil {
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
	jobs := ingest.New(ctx, ingest.Options{Store: db, Sources: []ingest.Source{{Files: ingest.Dir{Path: dir}}}, Log: slog.New(slog.DiscardHandler), Now: now, NewID: newID})
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
		if known, err := db.KnownFiles(t.Context(), ""); err != nil || len(known) != want {
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
