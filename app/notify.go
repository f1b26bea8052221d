package main

import (
	"log/slog"
	"net/http"
	"time"
	_ "time/tzdata" // rules name time zones, and an image may have none

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// newNotify is what tells people and programs, on the channels that the settings have.
func newNotify(cfg Config, db *store.Store, log *slog.Logger) (*notify.Service, error) {
	return notify.New(notify.Options{
		Store:         db,
		Render:        notify.Render{Base: string(cfg.PublicURL)},
		SlackURL:      string(cfg.NotifySlackURL),
		WebhookURL:    string(cfg.NotifyWebhookURL),
		WebhookSecret: string(cfg.NotifyWebhookSecret),
		SMTPURL:       string(cfg.NotifySMTPURL),
		From:          string(cfg.NotifyFrom),
		AllowPrivate:  cfg.NotifyAllowPrivate,
		Proxy:         http.ProxyFromEnvironment,
		Log:           log,
		Now:           time.Now,
		NewID:         telemetry.NewID,
	})
}
