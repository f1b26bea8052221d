package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v10"
	"github.com/joho/godotenv"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Config is every setting of the program, each from the variable of its tag.
// The tags "meaning" and "example" are what .env.example, the README's table
// and the sentences about malformed values say; a test keeps them equal.
// A Config is not changed after it was loaded, so that any goroutine may
// read it.
type Config struct {
	GitHubToken     Secret             `env:"GITHUB_TOKEN" example:"ghp_…" meaning:"GitHub token: classic with scope repo, or fine-grained with Contents and Pull requests read (and Actions write to start runs). Reads run files and pull requests"`
	DevinAPIKey     Secret             `env:"DEVIN_API_KEY" example:"cog_…" meaning:"Devin API key. Polls sessions, reads and sends messages. A key apk_… speaks API v1, a key cog_… API v3"`
	ActionRepo      telemetry.RepoName `env:"ACTION_REPO" example:"your-username/codeql-devin-fixer" meaning:"Repository of the action, whose telemetry/runs holds the run files: owner/name or its URL"`
	CacheTTL        time.Duration      `env:"CACHE_TTL" envDefault:"120" example:"120" meaning:"How long an answer of GitHub or Devin is cached, in seconds or as a duration; 0 turns the cache off"`
	ListenAddr      Address            `env:"LISTEN_ADDR" envDefault:"127.0.0.1:5000" example:"127.0.0.1:5000" meaning:"Address and port of the web server; without a host before the colon it listens on all addresses. Any address but loopback also needs ALLOW_UNAUTHENTICATED"`
	PublicURL       Origin             `env:"PUBLIC_URL" example:"https://dashboard.example.com" meaning:"Address at which people open the dashboard behind a proxy: scheme, host and port, without a path"`
	AllowedHosts    Hosts              `env:"ALLOWED_HOSTS" example:"dashboard.local, 10.0.0.7:5000" meaning:"Further host names that requests may use, separated by commas; any host but these, PUBLIC_URL, loopback and the address itself is refused"`
	Unauthenticated bool               `env:"ALLOW_UNAUTHENTICATED" envDefault:"false" example:"true" meaning:"Listen on an address that other machines can reach, although there is no sign-in: anyone who can reach it can read everything and make changes"`
	DatabaseURL     DatabaseURL        `env:"DATABASE_URL" envDefault:"sqlite:data/dashboard.db" example:"sqlite:data/dashboard.db" meaning:"Database: sqlite:PATH, or postgres://user:password@host:5432/name"`
	RunsDir         string             `env:"RUNS_DIR" example:"telemetry/runs" meaning:"Directory of run files to read instead of GitHub or in addition to it, with logs, repo_registry.json and orchestrator_state.json beside it; needs no token"`
	GitHubAPIURL    BaseURL            `env:"GITHUB_API_URL" envDefault:"https://api.github.com" example:"https://github.example.com/api/v3" meaning:"Address of GitHub's REST API; on GitHub Enterprise Server https://HOST/api/v3"`
	DevinAPIURL     BaseURL            `env:"DEVIN_API_URL" envDefault:"https://api.devin.ai" example:"https://api.devin.ai" meaning:"Address of Devin's API, without a version"`
	PlainUpstream   bool               `env:"ALLOW_PLAIN_HTTP_UPSTREAM" envDefault:"false" example:"true" meaning:"Allow plain http for GITHUB_API_URL and DEVIN_API_URL on other machines, which sends tokens unencrypted"`
	DevinOrgID      OrgID              `env:"DEVIN_ORG_ID" example:"org-0123456789abcdef" meaning:"Devin organization (org-…) of a cog_… key that does not name one itself"`
	RefreshInterval time.Duration      `env:"REFRESH_INTERVAL" envDefault:"5m" example:"5m" meaning:"How often run files and pull requests are read automatically; 0 means only on request"`
	PollInterval    time.Duration      `env:"POLL_INTERVAL" envDefault:"30s" example:"30s" meaning:"How often active sessions are polled automatically; 0 means only on request"`
	LogLevel        LogLevel           `env:"LOG_LEVEL" envDefault:"info" example:"info" meaning:"Lowest level to log: debug, info, warn or error"`
	LogFormat       LogFormat          `env:"LOG_FORMAT" envDefault:"text" example:"text" meaning:"Log format: text or json"`
}

// Missing is a variable that is not set although something needs it, in
// words for page and log.
type Missing struct {
	Variable string
	Off      string // what is off without it, a sentence
	Where    string // where to get its value, a sentence
}

// loadConfig reads the settings from environ ("NAME=value", as os.Environ
// gives them) and, beneath it, from the file dotenvPath, which may be
// absent. A variable with an empty value counts as one that is not set. The
// error is one sentence for the person who starts the program; it never
// holds a secret's value.
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
		case "LISTEN_ADDR", "PUBLIC_URL", "ALLOWED_HOSTS", "ALLOW_UNAUTHENTICATED":
			return true
		}
		return strings.HasPrefix(name, "LOG_")
	})
	return parseConfig(vars)
}

// missing returns what is not set although something needs it, the most
// important first, none if nothing is missing.
func (c Config) missing() []Missing {
	var list []Missing
	if c.GitHubToken == "" {
		list = append(list, Missing{
			Variable: "GITHUB_TOKEN",
			Off:      "Run files and pull requests are not read from GitHub, and runs cannot be started.",
			Where: "Create one at " + links.GitHubOf(string(c.GitHubAPIURL)).Tokens() +
				": classic with scope repo, or fine-grained with Contents and Pull requests read (and Actions write to start runs).",
		})
	}
	if c.ActionRepo == "" {
		list = append(list, Missing{
			Variable: "ACTION_REPO",
			Off:      "Run files are not read from GitHub, and runs cannot be started.",
			Where: "The repository in which the action runs and keeps telemetry/runs, as owner/name, " +
				"for example your-username/codeql-devin-fixer.",
		})
	}
	if c.DevinAPIKey == "" {
		list = append(list, Missing{
			Variable: "DEVIN_API_KEY",
			Off:      "Sessions are not polled, their messages cannot be read, and replies cannot be sent.",
			Where:    "Create one in the Devin dashboard at https://app.devin.ai, in the settings under API keys.",
		})
	}
	return list
}

// readDotenv returns the variables of the file at path, none if there is no
// such file.
func readDotenv(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s (%w); make it a readable file, or remove it", path, errors.Unwrap(err))
	}
	vars, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		// godotenv's own words quote the file, tokens and all.
		return nil, fmt.Errorf(
			"invalid %s, line %d: want one variable per line, for example CACHE_TTL=120, with every quote closed",
			path, brokenLine(string(text)))
	}
	for name, value := range vars {
		if vars[name] = strings.TrimSpace(value); vars[name] == "" {
			delete(vars, name)
		}
	}
	return vars, nil
}

// brokenLine returns the number, from 1, of the line at which the statement
// begins that makes text unreadable.
func brokenLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}

// overlay puts the variables of environ that take wants over vars. One that
// is empty does not count as set, and leaves what is beneath it.
func overlay(vars map[string]string, environ []string, take func(name string) bool) {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value = strings.TrimSpace(value); value != "" && take(name) {
			vars[name] = value
		}
	}
}

// parseConfig decodes vars. Where several are malformed it reports the
// first in the order of the struct.
func parseConfig(vars map[string]string) (Config, error) {
	var cfg Config
	err := env.ParseWithOptions(&cfg, env.Options{Environment: vars, FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[Secret]():             asParser(parseSecret),
		reflect.TypeFor[telemetry.RepoName](): asParser(parseActionRepo),
		reflect.TypeFor[time.Duration]():      asParser(parseSpan),
		reflect.TypeFor[Address]():            asParser(parseAddress),
		reflect.TypeFor[DatabaseURL]():        asParser(parseDatabaseURL),
		reflect.TypeFor[BaseURL]():            asParser(parseBaseURL),
		reflect.TypeFor[Origin]():             asParser(parseOrigin),
		reflect.TypeFor[Hosts]():              asParser(parseHosts),
		reflect.TypeFor[bool]():               asParser(parseFlag),
		reflect.TypeFor[OrgID]():              asParser(parseOrgID),
		reflect.TypeFor[LogLevel]():           asParser(parseLogLevel),
		reflect.TypeFor[LogFormat]():          asParser(parseLogFormat),
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
