package main

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"os/user"
	"time"

	"telemetry-dashboard/app/web/people"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// newGate says who asks at an address. It refuses one that others can reach
// where nobody can sign in, unless the settings allow it.
func newGate(ctx context.Context, cfg Config, db *store.Store, at net.Addr, log *slog.Logger) (*access.Gate, error) {
	o := access.Options{
		Sessions: db,
		Tokens:   db,
		Usage:    db,
		Rules:    cfg.accessRules(),
		Header:   string(cfg.ProxyHeader),
		Proxies:  cfg.Proxies,
		Public:   string(cfg.PublicURL),
		TLS:      cfg.servesTLS(),
		Log:      log,
		Now:      time.Now,
	}
	tcp, ok := at.(*net.TCPAddr)
	switch {
	case cfg.signsIn():
	case ok && tcp.IP.IsLoopback(), cfg.Unauthenticated:
		o.Open = telemetry.Person(access.Everyone(userName(cfg.UserName)))
	default:
		tokens, err := db.AdminTokens(ctx, time.Now())
		if err != nil {
			return nil, err
		}
		if tokens == 0 {
			return nil, telemetry.Errorf(telemetry.CodeInvalid,
				"LISTEN_ADDR is %s, which other machines can reach, and there is no sign-in. Set it to 127.0.0.1 with a port; "+
					"or set GITHUB_OAUTH_CLIENT_ID or ACCESS_PROXY_HEADER, or make an access token (app token create --role admin NAME); "+
					"or set ALLOW_UNAUTHENTICATED=true if anyone who can reach it may read everything and make changes.",
				cfg.ListenAddr)
		}
	}
	if cfg.Unauthenticated {
		log.Warn("ALLOW_UNAUTHENTICATED is set: anyone who can reach the address can read everything and make changes",
			"address", at.String())
	}
	if o.Open.Known() && !cfg.Unauthenticated && cfg.isOpen() {
		log.Warn("PUBLIC_URL is an address of others, and nobody signs in: anyone who can reach it can read everything and make changes. "+
			"Set GITHUB_OAUTH_CLIENT_ID or ACCESS_PROXY_HEADER, unless the proxy lets nobody else through", "PUBLIC_URL", cfg.PublicURL)
	}
	return access.New(o), nil
}

// userName is the name of the one person where nobody signs in: the one of the
// settings, else the system's.
func userName(set string) string {
	system, err := user.Current()
	if err != nil { // a container may have no user database
		return cmp.Or(set, "you")
	}
	return cmp.Or(set, system.Username, "you")
}

// pruneEvery is how often old entries of the audit log are removed.
const pruneEvery = time.Hour

// pruneAudit removes entries of the audit log that are so many days old, until
// ctx ends; 0 removes none.
func pruneAudit(ctx context.Context, db *store.Store, days Days, log *slog.Logger) error {
	if days == 0 {
		return nil
	}
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		n, err := db.PruneAudit(ctx, time.Now().AddDate(0, 0, -int(days)))
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Warn("could not remove old entries of the audit log", "err", err)
		case n > 0:
			log.Info("removed old entries of the audit log", "entries", n, "days", int64(days))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// peopleOptions are what the pages of people work with.
func peopleOptions(cfg Config, played demonstration, db *store.Store, gate *access.Gate) people.Options {
	o := people.Options{Door: gate, Keys: gate, KeyList: db, Public: string(cfg.PublicURL), Header: string(cfg.ProxyHeader)}
	if cfg.OAuthClient != "" {
		o.GitHub = access.NewGitHub(access.GitHubOptions{
			ClientID: string(cfg.OAuthClient),
			Secret:   string(cfg.OAuthSecret),
			Web:      cmp.Or(played.signIn, string(links.GitHubOf(string(cfg.GitHubAPIURL)))),
			API:      string(cfg.GitHubAPIURL),
			States:   db,
			Gate:     gate,
		})
	}
	return o
}
