package main

import (
	"context"
	"log/slog"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// limited is a client of an upstream that limits what is asked.
type limited interface {
	Limit() telemetry.Limit
	Heed(l telemetry.Limit)
}

// shareEvery is how soon a program knows of a limit that another one met.
const shareEvery = time.Second

// shareLimits keeps what each client learns of its upstream's limit in the
// database, and has it heed what other programs have learned, until ctx ends:
// all of them ask with one token.
func shareLimits(ctx context.Context, db *store.Store, clients map[string]limited, log *slog.Logger) error {
	if !db.Shared() {
		return nil
	}
	ticker := time.NewTicker(shareEvery)
	defer ticker.Stop()
	shared := map[string]telemetry.Limit{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for name, client := range clients {
			err := telemetry.Guard("share limits", func() (err error) {
				shared[name], err = shareLimit(ctx, db, name, client, shared[name])
				return err
			})
			if err != nil {
				log.Debug("limits are not shared", "of", name, "err", err) // the next turn does
			}
		}
	}
}

// shareLimit shares the limit of one client, and returns what of it is shared.
func shareLimit(ctx context.Context, db *store.Store, name string, client limited, shared telemetry.Limit) (telemetry.Limit, error) {
	own := client.Limit()
	if own != shared {
		if err := db.SaveLimit(ctx, name, own); err != nil {
			return shared, err
		}
	}
	others, found, err := db.LimitOf(ctx, name)
	if err != nil || !found {
		return own, err
	}
	client.Heed(others)
	own.Rate = client.Limit().Rate // the other's is no news of this one
	return own, nil
}
