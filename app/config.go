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

// Config is every setting of the program, each from the variable of its tag; .env.example
// and the README say what it means. The sentences about malformed values have the tag
// "example". It is not changed after it was loaded.
type Config struct {
	GitHubToken     Secret        `env:"GITHUB_TOKEN" example:"ghp_…"`
	DevinAPIKey     Secret        `env:"DEVIN_API_KEY" example:"cog_…"`
	ActionRepos     ActionRepos   `env:"ACTION_REPO" example:"your-username/codeql-devin-fixer"`
	ActionRef       GitRef        `env:"ACTION_REF" example:"main"`
	WebhookSecret   Secret        `env:"GITHUB_WEBHOOK_SECRET" example:"a-long-random-text"`
	CacheTTL        time.Duration `env:"CACHE_TTL" envDefault:"120" example:"120"`
	ListenAddr      Address       `env:"LISTEN_ADDR" envDefault:"127.0.0.1:5000" example:"127.0.0.1:5000"`
	TLSCert         string        `env:"TLS_CERT" example:"/etc/dashboard/tls.crt"`
	TLSKey          string        `env:"TLS_KEY" example:"/etc/dashboard/tls.key"`
	PublicURL       PublicURL     `env:"PUBLIC_URL" example:"https://example.com/dashboard"`
	AllowedHosts    Hosts         `env:"ALLOWED_HOSTS" example:"dashboard.local, 10.0.0.7:5000"`
	Unauthenticated bool          `env:"ALLOW_UNAUTHENTICATED" envDefault:"false" example:"true"`
	UserName        string        `env:"USER_NAME" example:"Mira"`
	OAuthClient     OAuthClient   `env:"GITHUB_OAUTH_CLIENT_ID" example:"Iv1.0123456789abcdef"`
	OAuthSecret     Secret        `env:"GITHUB_OAUTH_CLIENT_SECRET" example:"0123456789abcdef"`
	ProxyHeader     HeaderName    `env:"ACCESS_PROXY_HEADER" example:"X-Forwarded-User"`
	Proxies         Networks      `env:"ACCESS_PROXIES" example:"127.0.0.1,10.0.0.0/8"`
	Admins          Members       `env:"ACCESS_ADMINS" example:"mira,acme/appsec"`
	Operators       Members       `env:"ACCESS_OPERATORS" example:"acme/engineers"`
	Viewers         Members       `env:"ACCESS_VIEWERS" example:"acme/*"`
	AuditDays       Days          `env:"AUDIT_DAYS" envDefault:"0" example:"365"`
	DatabaseURL     DatabaseURL   `env:"DATABASE_URL" envDefault:"sqlite:data/dashboard.db" example:"sqlite:data/dashboard.db"`
	RunsDir         string        `env:"RUNS_DIR" example:"telemetry/runs"`
	GitHubAPIURL    BaseURL       `env:"GITHUB_API_URL" envDefault:"https://api.github.com" example:"https://github.example.com/api/v3"`
	DevinAPIURL     BaseURL       `env:"DEVIN_API_URL" envDefault:"https://api.devin.ai" example:"https://api.devin.ai"`
	PlainUpstream   bool          `env:"ALLOW_PLAIN_HTTP_UPSTREAM" envDefault:"false" example:"true"`
	DevinOrgID      OrgID         `env:"DEVIN_ORG_ID" example:"org-0123456789abcdef"`
	RefreshInterval time.Duration `env:"REFRESH_INTERVAL" envDefault:"5m" example:"5m"`
	PollInterval    time.Duration `env:"POLL_INTERVAL" envDefault:"30s" example:"30s"`
	RetentionDays   Days          `env:"RETENTION_DAYS" envDefault:"0" example:"90"`
	DueDays         DueDays       `env:"SLA_DAYS" envDefault:"critical=7,high=30,medium=90,low=180" example:"critical=5,high=20"`
	SessionsPerDay  Count         `env:"MAX_SESSIONS_PER_DAY" envDefault:"20" example:"20"`
	ACUsPerSession  Count         `env:"MAX_ACU_PER_SESSION" envDefault:"10" example:"10"`

	NotifySlackURL      Secret      `env:"NOTIFY_SLACK_URL" example:"https://hooks.slack.com/services/T0/B0/secret"`
	NotifyWebhookURL    Secret      `env:"NOTIFY_WEBHOOK_URL" example:"https://example.com/hooks/telemetry"`
	NotifyWebhookSecret Secret      `env:"NOTIFY_WEBHOOK_SECRET" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
	NotifySMTPURL       Secret      `env:"NOTIFY_SMTP_URL" example:"smtps://user:password@smtp.example.com"`
	NotifyFrom          MailAddress `env:"NOTIFY_FROM" example:"dashboard@example.com"`
	NotifyAllowPrivate  bool        `env:"NOTIFY_ALLOW_PRIVATE" envDefault:"false" example:"true"`

	LogLevel  LogLevel  `env:"LOG_LEVEL" envDefault:"info" example:"info"`
	LogFormat LogFormat `env:"LOG_FORMAT" envDefault:"text" example:"text"`
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
	if err := readSecretFiles(vars, secretVariables()); err != nil {
		return Config{}, err
	}
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
		reflect.TypeFor[MailAddress]():   asParser(parseMailAddress),
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
