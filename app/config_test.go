package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// defaults is what the program does when nothing is set, in the words of
// the issue and not of the struct's tags.
func defaults() Config {
	return Config{
		CacheTTL:        120 * time.Second,
		ListenAddr:      "127.0.0.1:5000",
		DatabaseURL:     "sqlite:data/dashboard.db",
		GitHubAPIURL:    "https://api.github.com",
		DevinAPIURL:     "https://api.devin.ai",
		RefreshInterval: 5 * time.Minute,
		PollInterval:    30 * time.Second,
		DueDays:         "critical=7,high=30,medium=90,low=180",
		SessionsPerDay:  20,
		ACUsPerSession:  10,
		LogLevel:        "info",
		LogFormat:       "text",
	}
}

func dotenv(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// utf16Text is text in UTF-16 behind a byte order mark.
func utf16Text(text string, order binary.ByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
		order.PutUint16(out[len(out)-2:], unit)
	}
	return string(out)
}

func TestLoadConfigReads(t *testing.T) {
	tests := map[string]struct {
		environ []string
		dotenv  string
		want    func(*Config)
	}{
		"nothing set": {want: func(*Config) {}},
		"all set in the environment": {
			environ: []string{
				"GITHUB_TOKEN= ghp_abc \n", "DEVIN_API_KEY=cog_def", "ACTION_REPO=https://github.com/o/r.git", "CACHE_TTL=0", "LISTEN_ADDR=:8080",
				"DATABASE_URL=postgres://u:p%40ss@db:5432/x?sslmode=disable", "RUNS_DIR=/runs", "GITHUB_API_URL=http://127.0.0.1:9/api/v3/", "DEVIN_API_URL=http://[::1]:8/v1",
				"DEVIN_ORG_ID=org-1a_B", "REFRESH_INTERVAL=90", "POLL_INTERVAL=1.5", "LOG_LEVEL=WARN", "LOG_FORMAT=json", "UNRELATED=x", "=C:=x", "BARE",
				"MAX_SESSIONS_PER_DAY=3", "MAX_ACU_PER_SESSION=0",
			},
			want: func(c *Config) {
				*c = Config{
					GitHubToken: "ghp_abc", DevinAPIKey: "cog_def", ActionRepos: ActionRepos{"o/r"}, ListenAddr: ":8080",
					DatabaseURL: "postgres://u:p%40ss@db:5432/x?sslmode=disable", RunsDir: "/runs",
					GitHubAPIURL: "http://127.0.0.1:9/api/v3", DevinAPIURL: "http://[::1]:8/v1", DevinOrgID: "org-1a_B",
					RefreshInterval: 90 * time.Second, PollInterval: 1500 * time.Millisecond, LogLevel: "warn", LogFormat: "json",
					DueDays: "critical=7,high=30,medium=90,low=180", SessionsPerDay: 3, ACUsPerSession: 0,
				}
			},
		},
		"the environment wins over .env": {
			environ: []string{"CACHE_TTL=2m", "ACTION_REPO=o/environment"},
			dotenv:  "CACHE_TTL=7\nACTION_REPO=o/file\nexport DEVIN_API_KEY='apk_$1#2'\n",
			want: func(c *Config) {
				c.CacheTTL, c.ActionRepos, c.DevinAPIKey = 2*time.Minute, ActionRepos{"o/environment"}, "apk_$1#2"
			},
		},
		"several action repositories, each once": {
			environ: []string{"ACTION_REPO=o/b, https://github.com/o/a.git,,O/B", "ACTION_REF=release/2.0"},
			want:    func(c *Config) { c.ActionRepos, c.ActionRef = ActionRepos{"o/b", "o/a"}, "release/2.0" },
		},
		"quotes that docker's --env-file keeps": {
			environ: []string{`GITHUB_TOKEN="ghp_quoted"`, "DEVIN_API_KEY=' apk_quoted '", `CACHE_TTL=""`, `RUNS_DIR=/a "b"`},
			want: func(c *Config) {
				c.GitHubToken, c.DevinAPIKey, c.RunsDir = "ghp_quoted", "apk_quoted", `/a "b"`
			},
		},
		"UTF-8 with a byte order mark": {
			dotenv: "\ufeffGITHUB_TOKEN=ghp_marked\r\nRUNS_DIR=/déjà\r\n",
			want:   func(c *Config) { c.GitHubToken, c.RunsDir = "ghp_marked", "/déjà" },
		},
		"UTF-16, as PowerShell writes it": {
			dotenv: utf16Text("GITHUB_TOKEN=ghp_wide\r\nRUNS_DIR='/déjà'\r\n", binary.LittleEndian),
			want:   func(c *Config) { c.GitHubToken, c.RunsDir = "ghp_wide", "/déjà" },
		},
		"UTF-16 in the other order": {
			dotenv: utf16Text("GITHUB_TOKEN=ghp_wide\n", binary.BigEndian),
			want:   func(c *Config) { c.GitHubToken = "ghp_wide" },
		},
		"an empty value counts as unset": {
			environ: []string{"CACHE_TTL=", "GITHUB_TOKEN=  ", "POLL_INTERVAL="},
			dotenv:  "GITHUB_TOKEN=ghp_file\nPOLL_INTERVAL=\nLOG_LEVEL=' '\n",
			want:    func(c *Config) { c.GitHubToken = "ghp_file" },
		},
		"a socket's directory in place of a host": {
			environ: []string{"DATABASE_URL=postgresql:///x?host=/run/pg"},
			want:    func(c *Config) { c.DatabaseURL = "postgresql:///x?host=/run/pg" },
		},
		"who may come": {
			environ: []string{
				"PUBLIC_URL=https://Dash.Example:443/", "ALLOWED_HOSTS= Box.local, 10.0.0.7:5000 ,[::1],", "ALLOW_UNAUTHENTICATED=TRUE",
				"ALLOW_PLAIN_HTTP_UPSTREAM=1",
			},
			want: func(c *Config) {
				c.PublicURL, c.AllowedHosts = "https://dash.example", Hosts{"box.local", "10.0.0.7:5000", "[::1]"}
				c.Unauthenticated, c.PlainUpstream = true, true
			},
		},
		"a public URL with a path": {
			environ: []string{"PUBLIC_URL=https://Dash.Example/Tools/dash_1/"},
			want:    func(c *Config) { c.PublicURL = "https://dash.example/Tools/dash_1" },
		},
		"a public URL with a port": {
			environ: []string{"PUBLIC_URL=http://dash.example:443"},
			want:    func(c *Config) { c.PublicURL = "http://dash.example:443" },
		},
		"an absolute SQLite path": {
			environ: []string{"DATABASE_URL=sqlite:/var/lib/d.db", "LISTEN_ADDR=[::1]:0"},
			want:    func(c *Config) { c.DatabaseURL, c.ListenAddr = "sqlite:/var/lib/d.db", "[::1]:0" },
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := loadConfig(tc.environ, dotenv(t, tc.dotenv))
			if err != nil {
				t.Fatal(err)
			}
			want := defaults()
			tc.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadConfigWithoutDotenv(t *testing.T) {
	got, err := loadConfig(nil, filepath.Join(t.TempDir(), "absent"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults(), got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// TestLoadConfigRefuses gives one malformed value each. None of the
// sentences may hold "s3cret", which stands for whatever must stay hidden.
func TestLoadConfigRefuses(t *testing.T) {
	tests := []struct{ set, problem string }{
		{"GITHUB_TOKEN=ghp_s3cret x", "contains a space"},
		{"GITHUB_TOKEN=ghp_s3cret\nx", "contains a space, a line break"},
		{"DEVIN_API_KEY=cog_s3cret\x00", "another character"},
		{"DEVIN_API_KEY=“cog_s3cret”", "another character"},
		{"ACTION_REPO=fixer", `is "fixer"; want owner/name`},
		{"ACTION_REPO=https://github.com/o", "want owner/name"},
		{"ACTION_REPO=https://u:s3cret@github.com/o", "not shown"},
		{"ACTION_REPO=o/r, fixer", `is "fixer"; want owner/name`},
		{"SLA_DAYS=critical=7,urgent=1", `names "urgent=1"; want critical, high, medium or low, each with its days`},
		{"SLA_DAYS=critical=0", `gives critical "0"; want whole days from 1 to 3650`},
		{"ACTION_REF=a b", `is "a b"; want the name of a branch or tag, or the whole id of a commit`},
		{"ACTION_REF=a..b", "want the name of a branch"},
		{"ACTION_REF=-x", "want the name of a branch"},
		{"ACTION_REF=x~1", "want the name of a branch"},
		{"CACHE_TTL=soon", `is "soon"; want a number of seconds or a duration`},
		{"CACHE_TTL=-1", `is "-1"; want 0 or more`},
		{"CACHE_TTL=1h30", "want a number"},
		{"CACHE_TTL=99999999999999", "at most 292 years"},
		{"REFRESH_INTERVAL=-5m", "want 0 or more"},
		{"POLL_INTERVAL=30 s", "want a number"},
		{"LISTEN_ADDR=5000", "want address:port"},
		{"LISTEN_ADDR=::1", "want address:port"},
		{"LISTEN_ADDR=localhost:http", "want a port from 0 to 65535"},
		{`GITHUB_TOKEN="ghp_s3cret`, "contains a quote"},
		{"LISTEN_ADDR=127.0.0.1:65536", "want a port from 0 to 65535"},
		{"LISTEN_ADDR=http://localhost:5000", "want address:port"},
		{"LISTEN_ADDR=/local host:5000", "a host name before the port"},
		{"DATABASE_URL=mysql://u:s3cret@db/x", "want sqlite:PATH or postgres://"},
		{"DATABASE_URL=data/s3cret.db", "want sqlite:PATH or postgres://"},
		{"DATABASE_URL=postgres://u:s3cret%zz@db/x", "not a valid URL"},
		{"DATABASE_URL=postgres://u:s3cret#x@db:5432/x", "not a valid URL"},
		{"DATABASE_URL=postgres:///s3cret", "has no host"},
		{"DATABASE_URL=sqlite:", "has no file"},
		{"DATABASE_URL=sqlite:data/", "has no file"},
		{"DATABASE_URL=sqlite::memory:", "in memory"},
		{"DATABASE_URL=sqlite:///data/x.db", "slashes"},
		{"DATABASE_URL=sqlite:x.db?mode=ro", "? or #"},
		{"GITHUB_API_URL=api.github.com", "want a URL that begins with http://"},
		{"GITHUB_API_URL=ftp://github.com", "want a URL that begins with http://"},
		{"GITHUB_API_URL=https://:8080", "want a URL that begins with http://"},
		{"GITHUB_API_URL=https://u:s3cret@github.com", "user or password"},
		{"GITHUB_API_URL=https://u:s3cret%zz@github.com", "user or password"},
		{"DEVIN_API_URL=https://api.devin.ai/?key=s3cret", "query or fragment"},
		{"DEVIN_API_URL=https://api.devin.ai/#x", "query or fragment"},
		{"PUBLIC_URL=https://dash.example/a//b", `is "https://dash.example/a//b"; want a path of letters`},
		{"PUBLIC_URL=https://dash.example/../b", "want a path of letters"},
		{"PUBLIC_URL=https://dash.example/a%20b", "want a path of letters"},
		{"PUBLIC_URL=https://dash.example/a\"b", "want a path of letters"},
		{"PUBLIC_URL=dash.example", "want a URL that begins with http://"},
		{"PUBLIC_URL=https://u:s3cret@dash.example", "user or password"},
		{"PUBLIC_URL=https://dash.example?x", "query or fragment"},
		{"ALLOWED_HOSTS=dash.example, https://dash.example", `has "https://dash.example"; want a host name`},
		{"ALLOWED_HOSTS=*.example", "want a host name"},
		{"ALLOWED_HOSTS=dash.example/x", "want a host name"},
		{"ALLOW_UNAUTHENTICATED=perhaps", `is "perhaps"; want true or false`},
		{"ALLOW_PLAIN_HTTP_UPSTREAM=yes", "want true or false"},
		{"DEVIN_ORG_ID=org/1", `is "org/1"; want letters`},
		{"LOG_LEVEL=loud", `is "loud"; want debug, info, warn or error`},
		{"LOG_FORMAT=xml", `is "xml"; want text or json`},
	}
	for _, tc := range tests {
		t.Run(tc.set, func(t *testing.T) {
			cfg, err := loadConfig([]string{tc.set}, "")
			if err == nil {
				t.Fatalf("was accepted: %+v", cfg)
			}
			name, _, _ := strings.Cut(tc.set, "=")
			got := err.Error()
			if !strings.HasPrefix(got, name+" ") || !strings.Contains(got, tc.problem) || !strings.Contains(got, "; for example "+name+"=") {
				t.Errorf("sentence %q: wants the variable first, %q, and an example", got, tc.problem)
			}
			if strings.Contains(got, "s3cret") || strings.Contains(got, "\n") {
				t.Errorf("sentence %q shows a secret, or is more than one line", got)
			}
		})
	}
}

func TestLoadConfigAcceptsExamples(t *testing.T) {
	for field := range reflect.TypeFor[Config]().Fields() {
		name, example := field.Tag.Get("env"), field.Tag.Get("example")
		if strings.HasSuffix(example, "…") {
			example = strings.TrimSuffix(example, "…") + "abc"
		}
		if _, err := loadConfig([]string{name + "=" + example}, ""); err != nil {
			t.Errorf("the example of %s: %v", name, err)
		}
	}
}

func TestLoadConfigRefusesDotenv(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"a line without =":        {"A=1\n# note\n\nghp_s3cret here\nB=2\n", "line 4:"},
		"a dash in a name":        {"GITHUB-TOKEN=s3cret\n", "line 1:"},
		"a quote that stays open": {"A=1\nGITHUB_TOKEN='s3cret\nB=2\n", "line 2:"},
		"UTF-16 without a mark":   {utf16Text("A=s3cret\n", binary.LittleEndian)[2:], "save it as UTF-8"},
		"a malformed value":       {"LOG_LEVEL=s\n", "LOG_LEVEL is \"s\""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := loadConfig(nil, dotenv(t, tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v: wants %q and no secret", err, tc.want)
			}
		})
	}
	t.Run("a directory", func(t *testing.T) {
		dir := t.TempDir()
		_, err := loadConfig(nil, dir)
		if err == nil || !strings.Contains(err.Error(), "cannot read "+dir) {
			t.Errorf("error %v: want that %s cannot be read", err, dir)
		}
	})
}

func TestDemoConfigTakesOnlyAddressCallersAndLog(t *testing.T) {
	got, err := demoConfig([]string{
		"GITHUB_TOKEN=bad token", "DATABASE_URL=mysql:", "CACHE_TTL=x", "RUNS_DIR=/x", "POLL_INTERVAL=1",
		"LISTEN_ADDR=:0", "LOG_LEVEL=debug", "LOG_FORMAT=json", "ALLOW_UNAUTHENTICATED=true", "ALLOWED_HOSTS=a",
		"ALLOW_PLAIN_HTTP_UPSTREAM=true",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.ListenAddr, want.LogLevel, want.LogFormat = ":0", "debug", "json"
	want.Unauthenticated, want.AllowedHosts = true, Hosts{"a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if _, err := demoConfig([]string{"LISTEN_ADDR=x"}); err == nil || !strings.HasPrefix(err.Error(), "LISTEN_ADDR ") {
		t.Errorf("a malformed address: %v", err)
	}
}

func TestMissing(t *testing.T) {
	names := func(c Config) (list []string) {
		for _, m := range c.missing() {
			if !strings.HasSuffix(m.Off, ".") || !strings.HasSuffix(m.Where, ".") {
				t.Errorf("%s: %q and %q are to be sentences", m.Variable, m.Off, m.Where)
			}
			list = append(list, m.Variable)
		}
		return list
	}
	if got := strings.Join(names(Config{RunsDir: "x"}), " "); got != "GITHUB_TOKEN ACTION_REPO DEVIN_API_KEY" {
		t.Errorf("nothing set: %q", got)
	}
	if got := names(Config{GitHubToken: "x", ActionRepos: ActionRepos{"o/r"}, DevinAPIKey: "y"}); got != nil {
		t.Errorf("all set: %q", got)
	}
	if got := strings.Join(names(Config{GitHubToken: "x", ActionRepos: ActionRepos{"o/r"}}), " "); got != "DEVIN_API_KEY" {
		t.Errorf("only Devin's key is missing: %q", got)
	}
}

func TestConfigNeverPrintsSecrets(t *testing.T) {
	cfg, err := loadConfig([]string{
		"GITHUB_TOKEN=ghp_s3cret", "DEVIN_API_KEY=cog_s3cret", "DATABASE_URL=postgres://me:s3cret@db:5432/x?password=s3cret",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("start", "config", cfg, "token", cfg.GitHubToken, "database", cfg.DatabaseURL)
	slog.New(slog.NewTextHandler(&out, nil)).Info("start", "config", cfg, "token", cfg.GitHubToken, "database", cfg.DatabaseURL)
	fmt.Fprintf(&out, "%v %+v %s", cfg, cfg, cfg.DevinAPIKey)
	if got := out.String(); strings.Contains(got, "s3cret") || !strings.Contains(got, "(set)") || !strings.Contains(got, "postgres://me:xxxxx@db:5432/x") {
		t.Errorf("printed: %s", got)
	}
	if string(cfg.GitHubToken) != "ghp_s3cret" {
		t.Errorf("the token itself: %q", string(cfg.GitHubToken))
	}
}

func TestLogLevel(t *testing.T) {
	for level, want := range map[LogLevel]slog.Level{"": slog.LevelInfo, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
		if got := level.Level(); got != want {
			t.Errorf("%q: %v, want %v", level, got, want)
		}
	}
}

// TestIsOpen: the dashboard is open to others where that is set, and where a proxy
// leads others to it and nobody signs in.
func TestIsOpen(t *testing.T) {
	for name, tc := range map[string]struct {
		vars []string
		want bool
	}{
		"by itself":                {nil, false},
		"where that is set":        {[]string{"ALLOW_UNAUTHENTICATED=true"}, true},
		"behind a proxy":           {[]string{"PUBLIC_URL=https://dash.example.com/tele"}, true},
		"behind one by an address": {[]string{"PUBLIC_URL=http://10.0.0.7"}, true},
		"behind a proxy of this machine": {
			[]string{"PUBLIC_URL=http://127.0.0.1:8080/tele"}, false,
		},
		"behind one by localhost": {[]string{"PUBLIC_URL=http://localhost:8080"}, false},
		"behind a proxy that signs people in": {
			[]string{"PUBLIC_URL=https://dash.example.com", "ACCESS_PROXY_HEADER=X-User", "ACCESS_PROXIES=127.0.0.1"}, false,
		},
	} {
		cfg, err := loadConfig(tc.vars, filepath.Join(t.TempDir(), "none"))
		if err != nil || cfg.isOpen() != tc.want {
			t.Errorf("%s: open %t, want %t (%v)", name, cfg.isOpen(), tc.want, err)
		}
	}
}
