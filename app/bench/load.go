package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Of each hundred repositories so many records are ingested alone.
const (
	newestOf = 100 // repositories whose newest record is ingested alone
	lateOf   = 20  // whose middle one comes late
)

// loaded is how a history was taken in.
type loaded struct {
	records      int64
	parse, put   time.Duration // of the bulk
	cpu          time.Duration // of both
	newest, late []time.Duration
	issues       int64
	sessions     int64
}

// perSecond is the rate of the bulk, parsing and storing one after the other.
func (l loaded) perSecond() float64 { return float64(l.records) / (l.parse + l.put).Seconds() }

// batchFiles is how many files a refresh stores in a transaction: whole
// repositories as long as they fit (services/ingest).
const batchFiles = 500

func (l *loaded) store(ctx context.Context, db *store.Store, files []telemetry.FetchedFile) error {
	begun, used := time.Now(), cpuTime()
	for part := range slices.Chunk(files, batchFiles) {
		if _, err := derive.New(db).PutFiles(ctx, "", part); err != nil {
			return err
		}
	}
	l.put += time.Since(begun)
	l.cpu += cpuTime() - used
	l.records += int64(len(files))
	return nil
}

// load stores a history as a first refresh does, repository by repository,
// and then single records.
func load(ctx context.Context, db *store.Store, w *world) (loaded, error) {
	var l loaded
	var newest, late, pending []telemetry.FetchedFile
	for repo := range w.repos {
		files, err := w.read(repo)
		if err != nil {
			return l, err
		}
		begun, used := time.Now(), cpuTime()
		if err := parse(files); err != nil {
			return l, err
		}
		l.parse += time.Since(begun)
		l.cpu += cpuTime() - used
		comesLate := repo%(repositories/lateOf) == 1
		rest, one, held := holdBack(files, !comesLate)
		switch {
		case held && comesLate:
			late = append(late, one)
		case held && repo%(repositories/newestOf) == 0:
			newest = append(newest, one)
		}
		if len(pending)+len(rest) > batchFiles {
			if err := l.store(ctx, db, pending); err != nil {
				return l, err
			}
			pending = nil
		}
		pending = append(pending, rest...)
	}
	err := l.store(ctx, db, pending)
	if err != nil {
		return l, err
	}
	if l.newest, err = single(ctx, db, newest); err != nil {
		return l, err
	}
	if l.late, err = single(ctx, db, late); err != nil {
		return l, err
	}
	return l, l.count(ctx, db)
}

// single ingests files one by one, parsing included.
func single(ctx context.Context, db *store.Store, files []telemetry.FetchedFile) ([]time.Duration, error) {
	var times []time.Duration
	for _, f := range files {
		begun := time.Now()
		record, err := telemetry.ParseRecord(f.Body)
		if err != nil {
			return nil, err
		}
		f.Record = record
		put, err := derive.New(db).PutFiles(ctx, "", []telemetry.FetchedFile{f})
		if err != nil {
			return nil, err
		}
		if put.New != 1 {
			return nil, fmt.Errorf("%s was stored already", f.Name)
		}
		times = append(times, time.Since(begun))
	}
	return times, nil
}

func (l *loaded) count(ctx context.Context, db *store.Store) error {
	issues, err := lists.Issues(db).Counts(ctx, make([]query.Ask, 1))
	if err != nil {
		return err
	}
	sessions, err := lists.Sessions(db).Counts(ctx, make([]query.Ask, 1))
	if err != nil {
		return err
	}
	l.issues, l.sessions = issues[0], sessions[0]
	return nil
}
