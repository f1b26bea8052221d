package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"telemetry-dashboard/services/store"
)

// settings names each setting and whether it is set; no value is shown but a
// default. It is false where the settings cannot be read.
func (d *doctor) settings(environ []string, dotenv string) bool {
	const part = "settings"
	cfg, err := loadConfig(environ, dotenv)
	if err != nil {
		d.add(checkFail, part, "all", "%s", plainly(err))
		return false
	}
	d.cfg = cfg
	if d.vars, err = readDotenv(dotenv); err != nil {
		d.add(checkFail, part, "all", "%s", plainly(err))
		return false
	}
	overlay(d.vars, environ, func(string) bool { return true })
	missing := map[string]string{}
	for _, m := range cfg.missing() {
		missing[m.Variable] = m.Off + " " + m.Where
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		name := f.Tag.Get("env")
		switch {
		case d.vars[name] != "":
			d.add(checkOK, part, name, "set")
		case missing[name] != "":
			d.add(checkWarn, part, name, "not set. %s", missing[name])
		case f.Tag.Get("envDefault") != "":
			d.add(checkOK, part, name, "not set; the default is %s", f.Tag.Get("envDefault"))
		default:
			d.add(checkOK, part, name, "not set")
		}
	}
	if err := cfg.tlsFault(); err != nil {
		d.add(checkFail, part, "TLS_CERT", "%s", plainly(err))
	}
	d.result(part, "access", cfg.accessFault(), "the settings about who may come fit together")
	return true
}

// address looks at where the program listens, and what others call it.
func (d *doctor) address(ctx context.Context) {
	const part = "address"
	at := string(d.cfg.ListenAddr)
	ln, err := listen(ctx, d.cfg, slog.New(slog.DiscardHandler))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		d.add(checkOK, part, "LISTEN_ADDR", "%s is in use: by the dashboard, if it runs. Else stop what uses it, or set another port.", at)
	case err != nil:
		d.add(checkFail, part, "LISTEN_ADDR", "%s", plainly(err))
	default:
		d.add(checkOK, part, "LISTEN_ADDR", "%s is free", at)
		_ = ln.Close() // it was only tried
	}
	host, _, _ := net.SplitHostPort(at)
	ip := net.ParseIP(host)
	loopback := host == "localhost" || ip != nil && ip.IsLoopback()
	public, _ := url.Parse(string(d.cfg.PublicURL))
	switch {
	case !loopback && d.cfg.Unauthenticated:
		d.add(checkWarn, part, "sign-in", "ALLOW_UNAUTHENTICATED is set: anyone who can reach %s may read and change everything.", at)
	case d.cfg.isOpen():
		d.add(checkWarn, part, "sign-in", "PUBLIC_URL is an address of others, and nobody signs in: anyone who can reach it may read and "+
			"change everything. Set GITHUB_OAUTH_CLIENT_ID or ACCESS_PROXY_HEADER, unless the proxy lets nobody else through.")
	case !loopback && !d.cfg.signsIn():
		d.add(checkWarn, part, "sign-in", "Other machines can reach %s, and people can sign in with access tokens alone. "+
			"Without one of an admin the program does not start: app token create --role admin NAME.", at)
	case !loopback && public.Scheme != "https" && !d.cfg.servesTLS():
		d.add(checkWarn, part, "PUBLIC_URL", "People sign in, and PUBLIC_URL does not say that a proxy ends TLS: "+
			"cookies and tokens may go unencrypted. Put a proxy with TLS before it, and set PUBLIC_URL to its https address.")
	case d.cfg.OAuthClient != "" && d.cfg.PublicURL == "":
		d.add(checkWarn, part, "PUBLIC_URL", "GITHUB_OAUTH_CLIENT_ID is set, and PUBLIC_URL is not: GitHub sends people back to the address "+
			"of the OAuth app. Set PUBLIC_URL to the address that people open.")
	case d.cfg.signsIn():
		d.add(checkOK, part, "sign-in", "people sign in, and are let in as ACCESS_ADMINS, ACCESS_OPERATORS and ACCESS_VIEWERS say")
	default:
		d.add(checkOK, part, "sign-in", "nobody signs in: whoever uses this machine is an admin")
	}
}

func (d *doctor) runsDir() {
	if d.cfg.RunsDir == "" {
		return
	}
	names, err := filepath.Glob(filepath.Join(d.cfg.RunsDir, "*.json"))
	info, gone := os.Stat(d.cfg.RunsDir)
	switch {
	case gone != nil:
		d.add(checkFail, "disk", "RUNS_DIR", "The folder %s cannot be read (%s). Correct RUNS_DIR, or allow the program's user to read it.",
			d.cfg.RunsDir, errors.Unwrap(gone))
	case !info.IsDir() || err != nil:
		d.add(checkFail, "disk", "RUNS_DIR", "%s is not a folder. Set RUNS_DIR to the folder that holds the run files.", d.cfg.RunsDir)
	default:
		d.add(checkOK, "disk", "RUNS_DIR", "%s in %s", counted(len(names), "run file"), d.cfg.RunsDir)
	}
}

// database looks at the database as it is, beside a program that has it.
func (d *doctor) database(ctx context.Context) {
	const part = "database"
	ctx, cancel := context.WithTimeout(ctx, 3*doctorPatience)
	defer cancel()
	address := string(d.cfg.DatabaseURL)
	if folder, lite := store.FolderOf(address); lite {
		d.folder(folder)
	}
	plan, err := store.Pending(ctx, store.Options{URL: address, Now: d.now})
	switch {
	case err != nil:
		d.add(checkFail, part, "schema", "%s", plainly(err))
		return
	case len(plan.Steps) > 0 && plan.Have == 0:
		d.add(checkWarn, part, "schema", "There is no data yet: the first start, or app migrate, makes the tables. "+
			"If there should be, check DATABASE_URL and the folder in which the program starts.")
		return
	case len(plan.Steps) > 0:
		d.add(checkWarn, part, "schema", "The database has schema version %d and waits for %s, which the next start, or app migrate, applies. "+
			"Take a backup with the build that it has now.", plan.Have, counted(len(plan.Steps), "migration"))
		return
	}
	db, err := store.Open(ctx, store.Options{URL: address, Now: d.now, Reads: true})
	if err != nil {
		d.add(checkFail, part, "data", "%s", plainly(err))
		return
	}
	defer db.Close()
	c, err := db.Condition(ctx)
	d.result(part, "data", err, "schema version %d, %s", c.Schema, bytesText(uint64(max(c.Bytes, 0)))) //nolint:gosec // it is not negative
	if err != nil || !c.Shared {
		return
	}
	switch {
	case c.ReadOnly:
		d.add(checkFail, part, "writes", "PostgreSQL at DATABASE_URL is a read-only replica. Use the primary server.")
	case c.Lease.Held:
		d.add(checkOK, part, "lease", "%s on it; one runs the jobs, since %s",
			counted(int(c.Lease.Others), "program"), c.Lease.Since.Format(time.RFC3339))
	default:
		d.add(checkWarn, part, "lease", "No program runs the jobs: nothing is read from GitHub and Devin. Start the dashboard.")
	}
}

// The least free space of a disk.
const (
	littleSpace = 1 << 30   // a warning
	noSpace     = 100 << 20 // a failure
)

// folder looks at the folder of a SQLite file.
func (d *doctor) folder(folder string) {
	if whole, err := filepath.Abs(folder); err == nil {
		folder = whole
	}
	for { // the program makes what is missing
		if _, err := os.Stat(folder); err == nil || folder == filepath.Dir(folder) {
			break
		}
		folder = filepath.Dir(folder)
	}
	f, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		d.add(checkFail, "disk", "writes", "Cannot write in %s (%s), where the database file is. Allow the program's user to write there, "+
			"or use another folder in DATABASE_URL.", folder, errors.Unwrap(err))
	} else {
		_ = errors.Join(f.Close(), os.Remove(f.Name()))
		d.add(checkOK, "disk", "writes", "%s can be written", folder)
	}
	d.space(freeBytes(folder))
}

func (d *doctor) space(free uint64, known bool) {
	const advice = "%s are free on the disk of the database file. Free some space, or set RETENTION_DAYS."
	switch {
	case !known:
	case free < noSpace:
		d.add(checkFail, "disk", "space", "Only "+advice, bytesText(free))
	case free < littleSpace:
		d.add(checkWarn, "disk", "space", advice, bytesText(free))
	default:
		d.add(checkOK, "disk", "space", "%s are free", bytesText(free))
	}
}

func bytesText(n uint64) string {
	if n >= 10<<30 {
		return fmt.Sprintf("%d GB", n>>30)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// network looks at what the environment says of the way out.
func (d *doctor) network() {
	const part = "network"
	for _, variable := range []string{"GITHUB_API_URL", "DEVIN_API_URL"} {
		address := map[string]BaseURL{"GITHUB_API_URL": d.cfg.GitHubAPIURL, "DEVIN_API_URL": d.cfg.DevinAPIURL}[variable]
		req, err := http.NewRequest(http.MethodGet, string(address), http.NoBody) //nolint:noctx // it is not sent
		if err != nil {
			continue // the settings are checked
		}
		switch proxy, err := http.ProxyFromEnvironment(req); {
		case err != nil:
			d.add(checkFail, part, variable, "The proxy in HTTPS_PROXY or HTTP_PROXY is not a URL. Set it to http://proxy:port.")
		case proxy != nil:
			d.add(checkOK, part, variable, "%s is asked through the proxy %s", req.URL.Host, proxy.Host)
		default:
			d.add(checkOK, part, variable, "%s is asked without a proxy", req.URL.Host)
		}
	}
	file := os.Getenv("SSL_CERT_FILE")
	if file == "" {
		return
	}
	text, err := os.ReadFile(file) //nolint:gosec // Go reads it, too
	switch {
	case err != nil:
		d.add(checkFail, part, "SSL_CERT_FILE", "%s cannot be read (%s). Correct SSL_CERT_FILE, or allow the program's user to read it.",
			file, errors.Unwrap(err))
	case !x509.NewCertPool().AppendCertsFromPEM(text):
		d.add(checkFail, part, "SSL_CERT_FILE", "%s holds no certificate in PEM form, so that no server is trusted.", file)
	default:
		d.add(checkOK, part, "SSL_CERT_FILE", "its certificates are trusted")
	}
}

// clockText says how far apart two clocks are.
func clockText(ahead time.Duration) string {
	if ahead < 0 {
		return (-ahead).Round(time.Second).String() + " behind"
	}
	return ahead.Round(time.Second).String() + " ahead of"
}
