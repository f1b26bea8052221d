package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v10"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/views/links"
)

// Config is every setting of the program, each from the variable of its tag. The tags
// "meaning" and "example" are what .env.example, the README's table and the sentences
// about malformed values say. It is not changed after it was loaded.
type Config struct {
	GitHubToken     Secret        `env:"GITHUB_TOKEN" example:"ghp_…" meaning:"GitHub token: classic with scope repo, or fine-grained with Contents, Pull requests, Checks and Commit statuses read (and Actions write to start runs). Reads run files and pull requests"`
	DevinAPIKey     Secret        `env:"DEVIN_API_KEY" example:"cog_…" meaning:"Devin API key. Polls sessions, reads and sends messages. A key apk_… speaks API v1, a key cog_… API v3"`
	ActionRepos     ActionRepos   `env:"ACTION_REPO" example:"your-username/codeql-devin-fixer" meaning:"Repository of the action, whose telemetry/runs holds the run files: owner/name or its URL; several, separated by commas, are all read"`
	ActionRef       GitRef        `env:"ACTION_REF" example:"main" meaning:"Branch, tag or whole commit id of which the run files are read, in each ACTION_REPO; empty is the default branch. Runs are started on it, too, unless it is a commit"`
	WebhookSecret   Secret        `env:"GITHUB_WEBHOOK_SECRET" example:"a-long-random-text" meaning:"Secret of GitHub's webhooks, which are accepted at /webhooks/github once it is set: what they tell is shown at once, and GitHub is asked less often"`
	CacheTTL        time.Duration `env:"CACHE_TTL" envDefault:"120" example:"120" meaning:"How long an answer of GitHub or Devin is cached, in seconds or as a duration; 0 turns the cache off"`
	ListenAddr      Address       `env:"LISTEN_ADDR" envDefault:"127.0.0.1:5000" example:"127.0.0.1:5000" meaning:"Address and port of the web server; without a host before the colon it listens on all addresses. Any address but loopback needs a way to sign in, or ALLOW_UNAUTHENTICATED"`
	PublicURL       PublicURL     `env:"PUBLIC_URL" example:"https://example.com/dashboard" meaning:"Address at which people open the dashboard behind a proxy: scheme, host, port and the path under which it is served; the proxy may remove that path or keep it"`
	AllowedHosts    Hosts         `env:"ALLOWED_HOSTS" example:"dashboard.local, 10.0.0.7:5000" meaning:"Further host names that requests may use, separated by commas; any host but these, PUBLIC_URL, loopback and the address itself is refused"`
	Unauthenticated bool          `env:"ALLOW_UNAUTHENTICATED" envDefault:"false" example:"true" meaning:"Listen on an address that other machines can reach, without any sign-in: anyone who can reach it can read everything and make changes"`
	UserName        string        `env:"USER_NAME" example:"Mira" meaning:"Name of the person who uses the dashboard where nobody signs in; empty is the name that the system knows"`
	OAuthClient     OAuthClient   `env:"GITHUB_OAUTH_CLIENT_ID" example:"Iv1.0123456789abcdef" meaning:"Client id of an OAuth app at GitHub, with which people sign in; its callback is PUBLIC_URL with /sign-in/github/callback. Needs GITHUB_OAUTH_CLIENT_SECRET, and somebody in ACCESS_ADMINS, ACCESS_OPERATORS or ACCESS_VIEWERS"`
	OAuthSecret     Secret        `env:"GITHUB_OAUTH_CLIENT_SECRET" example:"0123456789abcdef" meaning:"Client secret of that OAuth app"`
	ProxyHeader     HeaderName    `env:"ACCESS_PROXY_HEADER" example:"X-Forwarded-User" meaning:"Header in which a proxy that signs people in says who asks. Needs ACCESS_PROXIES"`
	Proxies         Networks      `env:"ACCESS_PROXIES" example:"127.0.0.1,10.0.0.0/8" meaning:"Addresses or networks of the proxies whose ACCESS_PROXY_HEADER is believed, separated by commas; from any other address that header is refused"`
	Admins          Members       `env:"ACCESS_ADMINS" example:"mira,acme/appsec" meaning:"Who is an admin: logins, org/team, or org/* for an organization, separated by commas"`
	Operators       Members       `env:"ACCESS_OPERATORS" example:"acme/engineers" meaning:"Who is an operator, in the same way"`
	Viewers         Members       `env:"ACCESS_VIEWERS" example:"acme/*" meaning:"Who is a viewer, in the same way; empty with ACCESS_PROXY_HEADER is everyone whom the proxy lets in"`
	AuditDays       Days          `env:"AUDIT_DAYS" envDefault:"0" example:"365" meaning:"After how many days entries of the audit log are removed; 0 keeps them for ever"`
	DatabaseURL     DatabaseURL   `env:"DATABASE_URL" envDefault:"sqlite:data/dashboard.db" example:"sqlite:data/dashboard.db" meaning:"Database: sqlite:PATH, or postgres://user:password@host:5432/name"`
	RunsDir         string        `env:"RUNS_DIR" example:"telemetry/runs" meaning:"Directory of run files to read instead of GitHub or in addition to it, with logs, repo_registry.json and orchestrator_state.json beside it; needs no token"`
	GitHubAPIURL    BaseURL       `env:"GITHUB_API_URL" envDefault:"https://api.github.com" example:"https://github.example.com/api/v3" meaning:"Address of GitHub's REST API; on GitHub Enterprise Server https://HOST/api/v3"`
	DevinAPIURL     BaseURL       `env:"DEVIN_API_URL" envDefault:"https://api.devin.ai" example:"https://api.devin.ai" meaning:"Address of Devin's API, without a version"`
	PlainUpstream   bool          `env:"ALLOW_PLAIN_HTTP_UPSTREAM" envDefault:"false" example:"true" meaning:"Allow plain http for GITHUB_API_URL and DEVIN_API_URL on other machines, which sends tokens unencrypted"`
	DevinOrgID      OrgID         `env:"DEVIN_ORG_ID" example:"org-0123456789abcdef" meaning:"Devin organization (org-…) of a cog_… key that does not name one itself"`
	RefreshInterval time.Duration `env:"REFRESH_INTERVAL" envDefault:"5m" example:"5m" meaning:"How often run files and pull requests are read automatically; 0 means only on request"`
	PollInterval    time.Duration `env:"POLL_INTERVAL" envDefault:"30s" example:"30s" meaning:"How often sessions that work are polled automatically; those that wait for a person at every fourth turn, others more seldom; 0 means only on request"`
	RetentionDays   Days          `env:"RETENTION_DAYS" envDefault:"0" example:"90" meaning:"After how many days the texts of old records and run logs are pruned, as far as nothing follows from them; 0 keeps them for ever"`
	DueDays         DueDays       `env:"SLA_DAYS" envDefault:"critical=7,high=30,medium=90,low=180" example:"critical=7,high=30,medium=90,low=180" meaning:"Within how many days issues are to be fixed, by severity; the registry's importance of a repository shortens or lengthens them"`
	SessionsPerDay  Count         `env:"MAX_SESSIONS_PER_DAY" envDefault:"20" example:"20" meaning:"How many Devin sessions may be started from here on a day (UTC); 0 for no limit. One press starts at most 10"`
	ACUsPerSession  Count         `env:"MAX_ACU_PER_SESSION" envDefault:"10" example:"10" meaning:"How many ACUs each of these sessions may use; 0 leaves it to Devin"`
	LogLevel        LogLevel      `env:"LOG_LEVEL" envDefault:"info" example:"info" meaning:"Lowest level to log: debug, info, warn or error"`
	LogFormat       LogFormat     `env:"LOG_FORMAT" envDefault:"text" example:"text" meaning:"Log format: text or json"`
}

// loadConfig reads the settings from environ ("NAME=value") and, beneath it, from the
// file dotenvPath, which may be absent. An empty variable counts as not set. The error
// is one sentence for the person who starts the program, without a secret's value.
func loadConfig(environ []string, dotenvPath string) (Config, error) {
	vars, err := readDotenv(dotenvPath)
	if err != nil {
		return Config{}, err
	}
	overlay(vars, environ, func(string) bool { return true })
	return parseConfig(vars)
}

// demoConfig returns the defaults, with the address, who may come to it and
// the log's form from environ: the demo uses no other setting and no file.
func demoConfig(environ []string) (Config, error) {
	vars := map[string]string{}
	overlay(vars, environ, func(name string) bool {
		switch name {
		case "LISTEN_ADDR", "PUBLIC_URL", "ALLOWED_HOSTS", "ALLOW_UNAUTHENTICATED", "USER_NAME":
			return true
		}
		return strings.HasPrefix(name, "LOG_")
	})
	return parseConfig(vars)
}

// missing returns what is not set although something needs it, the most
// important first, none if nothing is missing.
func (c Config) missing() []web.Missing {
	var list []web.Missing
	if c.GitHubToken == "" {
		list = append(list, web.Missing{
			Variable: "GITHUB_TOKEN",
			Off:      "Run files and pull requests are not read from GitHub, and runs cannot be started.",
			Where: "Create one at " + links.GitHubOf(string(c.GitHubAPIURL)).Tokens() +
				": classic with scope repo, or fine-grained with Contents, Pull requests, Checks and Commit statuses read " +
				"(and Actions write to start runs).",
		})
	}
	if len(c.ActionRepos) == 0 {
		list = append(list, web.Missing{
			Variable: "ACTION_REPO",
			Off:      "Run files are not read from GitHub, and runs cannot be started.",
			Where: "The repository in which the action runs and keeps telemetry/runs, as owner/name, " +
				"for example your-username/codeql-devin-fixer.",
		})
	}
	if c.DevinAPIKey == "" {
		list = append(list, web.Missing{
			Variable: "DEVIN_API_KEY",
			Off:      "Sessions are not polled, their messages cannot be read, and replies cannot be sent.",
			Where:    "Create one in the Devin dashboard at https://app.devin.ai, in the settings under API keys.",
		})
	}
	return list
}

// parseConfig decodes vars. Where several are malformed it reports the
// first in the order of the struct.
func parseConfig(vars map[string]string) (Config, error) {
	var cfg Config
	err := env.ParseWithOptions(&cfg, env.Options{Environment: vars, FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[Secret]():        asParser(parseSecret),
		reflect.TypeFor[ActionRepos]():   asParser(parseActionRepos),
		reflect.TypeFor[GitRef]():        asParser(parseGitRef),
		reflect.TypeFor[time.Duration](): asParser(parseSpan),
		reflect.TypeFor[Days]():          asParser(parseDays),
		reflect.TypeFor[Count]():         asParser(parseCount),
		reflect.TypeFor[DueDays]():       asParser(parseDueDays),
		reflect.TypeFor[Address]():       asParser(parseAddress),
		reflect.TypeFor[DatabaseURL]():   asParser(parseDatabaseURL),
		reflect.TypeFor[BaseURL]():       asParser(parseBaseURL),
		reflect.TypeFor[PublicURL]():     asParser(parsePublicURL),
		reflect.TypeFor[Hosts]():         asParser(parseHosts),
		reflect.TypeFor[OAuthClient]():   asParser(parseOAuthClient),
		reflect.TypeFor[HeaderName]():    asParser(parseHeaderName),
		reflect.TypeFor[Networks]():      asParser(parseNetworks),
		reflect.TypeFor[Members]():       asParser(parseMembers),
		reflect.TypeFor[bool]():          asParser(parseFlag),
		reflect.TypeFor[OrgID]():         asParser(parseOrgID),
		reflect.TypeFor[LogLevel]():      asParser(parseLogLevel),
		reflect.TypeFor[LogFormat]():     asParser(parseLogFormat),
	}})
	if err != nil {
		return Config{}, sentence(err)
	}
	return cfg, nil
}

func asParser[T any](parse func(string) (T, error)) env.ParserFunc {
	return func(v string) (any, error) { return parse(v) }
}

// sentence names the variable that the first error of env is about, its
// problem in the words of its parser, and an example.
func sentence(err error) error {
	var all env.AggregateError
	var bad env.ParseError
	if !errors.As(err, &all) || !errors.As(all.Errors[0], &bad) {
		return fmt.Errorf("read the settings: %w", err)
	}
	field, _ := reflect.TypeFor[Config]().FieldByName(bad.Name)
	name := field.Tag.Get("env")
	return fmt.Errorf("%s %w; for example %s=%s", name, bad.Err, name, field.Tag.Get("example"))
}
