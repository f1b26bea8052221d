package main

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/github"
)

// heard keeps what the answers of an upstream say in their headers.
type heard struct {
	base http.RoundTripper
	now  func() time.Time

	mu      sync.Mutex
	any     bool
	ahead   time.Duration // how far this machine's clock is before the server's
	dated   bool
	scopes  []string // of a classic token of GitHub
	classic bool     // there was a list of scopes, empty or not
}

// RoundTrip implements http.RoundTripper.
func (h *heard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := h.base.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.any = true
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		h.ahead, h.dated = h.now().Sub(date), true
	}
	if list, ok := resp.Header["X-Oauth-Scopes"]; ok {
		h.classic = true
		h.scopes = strings.FieldsFunc(strings.Join(list, ","), func(r rune) bool { return r == ',' || r == ' ' })
	}
	return resp, nil
}

// github asks GitHub what the program would ask it first.
func (d *doctor) github(ctx context.Context) {
	const part = "GitHub"
	switch {
	case d.cfg.GitHubToken == "":
		return // the settings say so
	case len(d.cfg.ActionRepos) == 0:
		d.add(checkWarn, part, "token", "GITHUB_TOKEN was not tried, since ACTION_REPO is not set. Set it and run app doctor again.")
		return
	}
	said := &heard{base: d.transport, now: d.now}
	o := d.cfg.github(slog.New(slog.DiscardHandler))
	o.Transport, o.HTTPTimeout, o.Now = said, d.patience, d.now
	client, err := github.New(o)
	if err != nil {
		d.add(checkFail, part, "token", "%s", plainly(err))
		return
	}
	defer client.Close()
	for _, repo := range d.cfg.ActionRepos {
		if _, err := client.Repository(ctx, string(repo)); err != nil {
			d.result(part, string(repo), err, "")
			continue // the others fail for the same reason
		}
		files, err := client.Action(repo, string(d.cfg.ActionRef)).RunFiles(ctx)
		d.result(part, string(repo), err, "reached; %s, so the token may read contents", counted(len(files), "run file"))
		_, err = client.OpenPulls(ctx, string(repo))
		d.result(part, string(repo)+" pull requests", err, "the token may read them here")
	}
	d.scopes(part, said)
	if limit := client.RateLimit(); limit.Known {
		state := checkOK
		if limit.Remaining*10 < limit.Limit {
			state = checkWarn
		}
		d.add(state, part, "limit", "%d of %d requests are left until %s", limit.Remaining, limit.Limit, limit.Reset.Format(time.RFC3339))
	}
	d.clock(part, said)
}

// scopes says what a classic token may do; a fine-grained one does not tell.
func (d *doctor) scopes(part string, said *heard) {
	switch {
	case !said.any:
	case !said.classic:
		d.add(checkOK, part, "scopes", "GitHub names no scopes, as of a fine-grained token. "+
			"What it may start cannot be tried without starting it: runs need Actions write.")
	case slices.Contains(said.scopes, "repo"):
		d.add(checkOK, part, "scopes", "a classic token with %s", strings.Join(said.scopes, ", "))
	default:
		d.add(checkWarn, part, "scopes", "The classic token has the scopes “%s”, and not repo: private repositories cannot be read, "+
			"and runs cannot be started. Give it repo in GitHub's token settings.", strings.Join(said.scopes, ", "))
	}
}

// How far the clock may be from GitHub's.
const (
	clockWarns = 30 * time.Second
	clockFails = 5 * time.Minute
)

func (d *doctor) clock(part string, said *heard) {
	apart := said.ahead.Abs()
	switch {
	case !said.dated:
	case apart >= clockFails:
		d.add(checkFail, part, "clock", "This machine's clock is %s GitHub's. Ages, due dates and certificates are judged by it: "+
			"set it, for example with NTP.", clockText(said.ahead))
	case apart >= clockWarns:
		d.add(checkWarn, part, "clock", "This machine's clock is %s GitHub's. Set it, for example with NTP.", clockText(said.ahead))
	default:
		d.add(checkOK, part, "clock", "within %s of GitHub's", clockWarns)
	}
}

// devin asks Devin for the sessions of a tag that none has.
func (d *doctor) devin(ctx context.Context) {
	if d.cfg.DevinAPIKey == "" {
		return
	}
	o := d.cfg.devin(slog.New(slog.DiscardHandler))
	o.Transport, o.HTTPTimeout, o.Now = d.transport, d.patience, d.now
	client, err := devin.New(o)
	if err != nil {
		d.add(checkFail, "Devin", "key", "%s", plainly(err))
		return
	}
	defer client.Close()
	_, err = client.Tagged(ctx, "telemetry-dashboard-doctor", d.now())
	d.result("Devin", "key", err, "reached; the key may read sessions (API %s)", client.API())
}
