package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// TestTokensOnTheCommandLine: one is made, listed without its secret, and revoked.
func TestTokensOnTheCommandLine(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	run := func(args ...string) (string, error) {
		var out strings.Builder
		err := runToken(t.Context(), args, &out)
		return out.String(), err
	}
	made, err := run("create", "--role", "operator", "--days", "30", "nightly", "build")
	secret := regexp.MustCompile(`(?m)^tdash_[\w-]{43}$`).FindString(made)
	id := regexp.MustCompile(`app token revoke (\w+)`).FindStringSubmatch(made)
	if err != nil || secret == "" || id == nil || !strings.Contains(made, `"nightly build" with the role operator`) {
		t.Fatalf("made: %q, %v", made, err)
	}
	list := func(state string) {
		t.Helper()
		if text, err := run("list"); err != nil || !strings.Contains(text, id[1]) || strings.Contains(text, secret) || !strings.Contains(text, state) {
			t.Errorf("the list is %q, %v", text, err)
		}
	}
	list("active")
	if text, err := run("revoke", id[1]); err != nil || !strings.Contains(text, "Revoked") {
		t.Errorf("revoked: %q, %v", text, err)
	}
	list("revoked")
	db, err := store.Open(t.Context(), store.Options{URL: os.Getenv("DATABASE_URL"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	noted := storetest.Rows(t, lists.Audit(db), query.Ask{})
	if len(noted) != 2 || noted[0].Action != "revoke-token" || noted[0].Before != "active" || noted[1].Origin != "command line" ||
		noted[1].After != "operator" || !strings.Contains(noted[1].Subject, id[1]) {
		t.Errorf("the audit log has %+v", noted)
	}
	for _, args := range [][]string{
		nil, {"make"}, {"list", "all"}, {"revoke"}, {"revoke", id[1]}, {"revoke", "none"}, {"create"}, {"create", "--role", "king", "a"},
		{"create", "--days", "x", "a"}, {"create", "--days", "-1", "a"},
	} {
		if text, err := run(args...); err == nil || len(err.Error()) < 20 || text != "" {
			t.Errorf("%q: %q, %v", args, text, err)
		}
	}
}

// TestAccessSettingsFitTogether: what is missing beside what is set is named.
func TestAccessSettingsFitTogether(t *testing.T) {
	for name, tc := range map[string]struct {
		vars map[string]string
		says string // "" where they fit
	}{
		"nothing":            {nil, ""},
		"OAuth":              {map[string]string{"GITHUB_OAUTH_CLIENT_ID": "a", "GITHUB_OAUTH_CLIENT_SECRET": "b", "ACCESS_VIEWERS": "acme/*"}, ""},
		"a proxy":            {map[string]string{"ACCESS_PROXY_HEADER": "X-User", "ACCESS_PROXIES": "10.0.0.1, fd00::/8"}, ""},
		"no secret":          {map[string]string{"GITHUB_OAUTH_CLIENT_ID": "a", "ACCESS_VIEWERS": "acme/*"}, "GITHUB_OAUTH_CLIENT_SECRET is not"},
		"no id":              {map[string]string{"GITHUB_OAUTH_CLIENT_SECRET": "b"}, "GITHUB_OAUTH_CLIENT_ID is not"},
		"nobody":             {map[string]string{"GITHUB_OAUTH_CLIENT_ID": "a", "GITHUB_OAUTH_CLIENT_SECRET": "b"}, "nobody may sign in"},
		"any proxy":          {map[string]string{"ACCESS_PROXY_HEADER": "X-User"}, "ACCESS_PROXIES is not"},
		"no header":          {map[string]string{"ACCESS_PROXIES": "10.0.0.1"}, "ACCESS_PROXY_HEADER is not"},
		"open all the same":  {map[string]string{"ACCESS_PROXY_HEADER": "X-User", "ACCESS_PROXIES": "10.0.0.1", "ALLOW_UNAUTHENTICATED": "true"}, "remove one"},
		"a network":          {map[string]string{"ACCESS_PROXIES": "everyone"}, "want an IP address or a network"},
		"a header of others": {map[string]string{"ACCESS_PROXY_HEADER": "Cookie"}, "something else"},
		"a member":           {map[string]string{"ACCESS_ADMINS": "a,*/b"}, "want a login, org/team or org/*"},
	} {
		cfg, err := parseConfig(tc.vars)
		if err == nil {
			err = cfg.accessFault()
		}
		if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
	}
}
