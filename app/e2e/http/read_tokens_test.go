package http

import (
	"encoding/xml"
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestAFeedOfATeamHasItsOwnToken: a viewer makes the address of a feed, which
// anybody can read without signing in, until an admin revokes it; it opens
// nothing else, and stands neither in the log nor in the audit log.
func TestAFeedOfATeamHasItsOwnToken(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "dashboard.db")
	secrets := tokens(t, database)
	p := program.Start(t, program.Settings{"DATABASE_URL": database, "ACCESS_PROXY_HEADER": "X-Who", "ACCESS_PROXIES": "127.0.0.9", "LOG_LEVEL": "debug"})
	as := func(name string) []string { return []string{"Authorization", "Bearer " + secrets[name]} }
	const feed = "/issues.atom?q=is%3Aopen"
	if r, body := p.Get(feed); r.StatusCode != http.StatusUnauthorized || r.Header.Get("Location") != "" || !strings.Contains(body, "Sign in") {
		t.Errorf("a stranger: %d %s", r.StatusCode, body)
	}
	if r, body := p.Get("/share?address="+url.QueryEscape("/tokens"), as("viewer")...); r.StatusCode != http.StatusBadRequest {
		t.Errorf("what is no feed: %d %s", r.StatusCode, body)
	}
	share := func(days string) string {
		form := url.Values{"address": {feed}, "days": {days}}.Encode()
		r, body := p.Do(http.MethodPost, "/actions/share", form, append(as("viewer"), "Content-Type", "application/x-www-form-urlencoded")...)
		made := regexp.MustCompile(`<code class="wrap">http://[^/]+(/[^<]+)</code>`).FindStringSubmatch(body)
		if len(made) == 0 {
			t.Logf("%d %s", r.StatusCode, body)
			return ""
		}
		return html.UnescapeString(made[1])
	}
	if made := share("366"); made != "" {
		t.Errorf("it would hold for more than a year: %s", made)
	}
	address := share("30")
	r, body := p.Get(address)
	if err := xml.Unmarshal([]byte(body), new(struct{ XMLName xml.Name })); err != nil || r.StatusCode != http.StatusOK || !strings.Contains(body, "<title>Issues: is:open</title>") {
		t.Fatalf("%q: %d %v %s", address, r.StatusCode, err, body)
	}
	_, token, _ := strings.Cut(address, "token=")
	if strings.Contains(body, token) || len(token) < 40 {
		t.Errorf("the feed repeats its token %q", token)
	}
	for _, other := range []string{"/issues.atom?token=", "/runs.atom?q=is%3Aopen&token=", "/issues.ics?q=is%3Aopen&token=", "/api/issues?token=", "/?token=",
		"/panels/issues?token=", "/events?token=", "/metrics?token="} {
		if r, body := p.Get(other + token); r.StatusCode != http.StatusUnauthorized || strings.Contains(r.Header.Get("Location"), token) {
			t.Errorf("%s: %d %s", other, r.StatusCode, body)
		}
	}
	if r, _ := p.Get("/api/issues", "Authorization", "Bearer "+token); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("as an access token: %d", r.StatusCode)
	}
	_, list := p.Get("/tokens", as("admin")...)
	id := regexp.MustCompile(`name="id" value="([^"]+)"/?>`).FindAllStringSubmatch(list[:strings.Index(list, "opens only")+1200], -1)
	if !strings.Contains(list, "/issues.atom?q=is%3Aopen") || len(id) == 0 {
		t.Fatalf("the tokens: %s", list)
	}
	_, log := p.Get("/api/audit?action=share", as("admin")...)
	if !strings.Contains(log, "/issues.atom?q=is%3Aopen") || strings.Contains(log, token) || strings.Contains(p.Log(), token) {
		t.Errorf("the audit log: %s", log)
	}
	form := url.Values{"id": {id[len(id)-1][1]}}.Encode()
	if r, _ := p.Do(http.MethodPost, "/actions/tokens/revoke", form, append(as("admin"), "Content-Type", "application/x-www-form-urlencoded")...); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("revoke: %d", r.StatusCode)
	}
	if r, body := p.Get(address); r.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "is revoked") {
		t.Errorf("revoked: %d %s", r.StatusCode, body)
	}
}
