package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Secret is a value that must not be shown. Printed, logged or encoded it
// reads "(set)"; string(s) is the value itself.
type Secret string

// String returns "(set)", or "" if there is no value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(set)"
}

// MarshalText returns what String returns.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DatabaseURL is "sqlite:PATH" or a postgres:// URL, which may hold a password:
// printed, logged or encoded it reads without it; string(u) is the whole value.
type DatabaseURL string

// String returns the URL with "xxxxx" in place of a password, and without
// its query, which may hold another.
func (u DatabaseURL) String() string {
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Opaque != "" {
		return string(u)
	}
	parsed.RawQuery = ""
	return parsed.Redacted()
}

// MarshalText returns what String returns.
func (u DatabaseURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Address is a host and a port to listen on, as net.Listen takes it.
type Address string

// BaseURL is an absolute http or https URL without user, query or fragment,
// and without a slash at its end.
type BaseURL string

// PublicURL is the scheme, host and port of a URL, without a default port and
// in lower case, as browsers write it, and its path without a slash at its end.
type PublicURL string

// base is the path, "" at the root of the host.
func (u PublicURL) base() links.Base {
	_, rest, _ := strings.Cut(string(u), "://")
	_, path, found := strings.Cut(rest, "/")
	if !found {
		return ""
	}
	return links.Base("/" + path)
}

// Hosts are host names and IP addresses, each with a port or without.
type Hosts []string

// ActionRepos are the action repositories, each once. Its text is that of ACTION_REPO.
type ActionRepos []telemetry.RepoName

// mostActionRepos bounds them: each is asked for at each refresh, one after another.
const mostActionRepos = 50

// first is the first of them, "" if there is none.
func (r ActionRepos) first() telemetry.RepoName {
	if len(r) == 0 {
		return ""
	}
	return r[0]
}

// texts returns their names.
func (r ActionRepos) texts() []string {
	names := make([]string, 0, len(r))
	for _, repo := range r {
		names = append(names, string(repo))
	}
	return names
}

// GitRef is the name of a branch or tag, or the id of a commit.
type GitRef string

// OrgID is the id of a Devin organization.
type OrgID string

// MailAddress is an address of mail, with a name before it or without.
type MailAddress string

func parseMailAddress(v string) (MailAddress, error) {
	a, err := mail.ParseAddress(v)
	if err != nil {
		return "", fmt.Errorf("is %q; want an address of mail", v)
	}
	if a.Name == "" {
		return MailAddress(a.Address), nil
	}
	return MailAddress(a.String()), nil
}

// LogFormat is "text" or "json".
type LogFormat string

// LogLevel is "debug", "info", "warn" or "error". It is a slog.Leveler.
type LogLevel string

// Level returns the level for slog, slog.LevelInfo for the zero value.
func (l LogLevel) Level() slog.Level {
	switch l {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// The parsers below take a trimmed, non-empty value. Their errors go on after
// the variable's name ("CACHE_TTL is …") and quote the value only where it
// cannot hold a secret.

func parseSecret(v string) (Secret, error) {
	if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("contains a space, a line break or another character that tokens do not have (its value is not shown)")
	}
	if strings.ContainsAny(v, `"'`) {
		return "", errors.New("contains a quote, which tokens do not have; remove the quotes around it (its value is not shown)")
	}
	return Secret(v), nil
}

func parseActionRepos(v string) (ActionRepos, error) {
	var repos ActionRepos
	for part := range strings.SplitSeq(v, ",") {
		part = strings.TrimSpace(part)
		repo := telemetry.ParseRepo(part)
		switch {
		case part == "" || slices.ContainsFunc(repos, func(r telemetry.RepoName) bool { return r.Key() == repo.Key() }):
		case repo != "":
			repos = append(repos, repo)
		case strings.Contains(part, "@"):
			return nil, errors.New("is not a repository; want owner/name or its URL (its value is not shown, since it may contain a password)")
		default:
			return nil, fmt.Errorf("is %q; want owner/name or the URL of a repository", part)
		}
	}
	if len(repos) > mostActionRepos {
		return nil, fmt.Errorf("names %d repositories; want at most %d", len(repos), mostActionRepos)
	}
	return repos, nil
}

func parseGitRef(v string) (GitRef, error) {
	refused := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }
	if len(v) > 255 || strings.ContainsFunc(v, refused) || strings.Contains(v, "..") || strings.ContainsRune("-/.", rune(v[0])) ||
		strings.HasSuffix(v, "/") || strings.HasSuffix(v, ".lock") {
		return "", fmt.Errorf("is %q; want the name of a branch or tag, or the whole id of a commit", v)
	}
	return GitRef(v), nil
}

// parseSpan reads whole or decimal seconds, or a Go duration.
func parseSpan(v string) (time.Duration, error) {
	text := v
	if !strings.ContainsFunc(v, unicode.IsLetter) {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("is %q; want a number of seconds or a duration such as 90s or 2m, at most 292 years", v)
	}
	if d < 0 {
		return 0, fmt.Errorf("is %q; want 0 or more", v)
	}
	return d, nil
}

// Days is a number of days.
type Days int64

// DueDays are the days within which issues are to be fixed, by severity. It is a text
// that telemetry.ParseDueDays reads, since settings are compared.
type DueDays string

func parseDueDays(v string) (DueDays, error) {
	days, err := telemetry.ParseDueDays(v)
	return DueDays(days.Text()), err
}

// days are them as the store wants them.
func (d DueDays) days() telemetry.DueDays {
	days, _ := telemetry.ParseDueDays(string(d)) // it was parsed when it was set
	return days
}

// Count is a number of things.
type Count int64

const mostCount = 1_000_000

// mostDays is a century.
const mostDays = 36_500

func parseDays(v string) (Days, error) {
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n > mostDays {
		return 0, fmt.Errorf("is %q; want a whole number of days from 0 to %d", v, mostDays)
	}
	return Days(n), nil
}

func parseCount(v string) (Count, error) {
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n > mostCount {
		return 0, fmt.Errorf("is %q; want a whole number from 0 to %d", v, mostCount)
	}
	return Count(n), nil
}

func parseAddress(v string) (Address, error) {
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		return "", fmt.Errorf("is %q; want address:port", v)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("is %q; want a port from 0 to 65535", v)
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || strings.ContainsRune("/@?#", r) }) {
		return "", fmt.Errorf("is %q; want an IP address or a host name before the port", v)
	}
	return Address(v), nil
}

func parseDatabaseURL(v string) (DatabaseURL, error) {
	const hidden = "(its value is not shown, since it may contain a password)"
	if path, ok := strings.CutPrefix(v, "sqlite:"); ok {
		return DatabaseURL(v), checkSQLitePath(path)
	}
	u, err := url.Parse(v)
	switch {
	case err != nil:
		return "", errors.New("is not a valid URL; percent-encode characters such as @ : / ? # % in user and password " + hidden)
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return "", errors.New("is not a database URL; want sqlite:PATH or postgres://… " + hidden)
	case u.Host == "" && u.Query().Get("host") == "":
		return "", errors.New("has no host; want postgres://user:password@host:5432/name " + hidden)
	}
	return DatabaseURL(v), nil
}

func checkSQLitePath(path string) error {
	switch {
	case strings.TrimSpace(path) == "" || strings.HasSuffix(path, "/"):
		return errors.New("has no file; want sqlite:PATH")
	case strings.HasPrefix(path, ":"):
		return errors.New("names a database in memory, which would lose everything at a restart")
	case strings.HasPrefix(path, "//"):
		return errors.New("has too many slashes after sqlite:; an absolute path has one")
	case strings.ContainsAny(path, "?#"):
		return errors.New("has a ? or # in its path, which is not supported")
	}
	return nil
}

func parseBaseURL(v string) (BaseURL, error) {
	u, err := url.Parse(v)
	switch {
	case strings.Contains(v, "@"):
		return "", errors.New("contains a user or password, which is not allowed (its value is not shown)")
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("is %q; want a URL that begins with http:// or https://", v)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("has a query or fragment, which is not allowed")
	}
	return BaseURL(strings.TrimRight(v, "/")), nil
}

func parsePublicURL(v string) (PublicURL, error) {
	base, err := parseBaseURL(v)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(string(base))
	if err != nil {
		return "", err
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		odd := strings.ContainsFunc(step, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._~", r)
		})
		if u.Path != "" && (odd || strings.Trim(step, ".") == "") {
			return "", fmt.Errorf("is %q; want a path of letters, digits, - and _ between single slashes, or none", v)
		}
	}
	host := strings.ToLower(u.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; u.Port() != "" {
		host = strings.TrimSuffix(host, port)
	}
	return PublicURL(u.Scheme + "://" + host + u.EscapedPath()), nil
}

func parseHosts(v string) (Hosts, error) {
	var hosts Hosts
	for host := range strings.SplitSeq(v, ",") {
		host = strings.ToLower(strings.TrimSpace(host))
		if host == "" {
			continue
		}
		if u, err := url.Parse("http://" + host); err != nil || u.Host != host || u.Hostname() == "" || strings.Contains(host, "*") {
			return nil, fmt.Errorf("has %q; want a host name or an IP address, with or without a port", host)
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

func parseFlag(v string) (bool, error) {
	on, err := strconv.ParseBool(strings.ToLower(v))
	if err != nil {
		return false, fmt.Errorf("is %q; want true or false", v)
	}
	return on, nil
}

func parseOrgID(v string) (OrgID, error) {
	for _, r := range v {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' {
			return "", fmt.Errorf("is %q; want letters, digits, - and _", v)
		}
	}
	return OrgID(v), nil
}

func parseLogLevel(v string) (LogLevel, error) {
	switch level := LogLevel(strings.ToLower(v)); level {
	case "debug", "info", "warn", "error":
		return level, nil
	}
	return "", fmt.Errorf("is %q; want debug, info, warn or error", v)
}

func parseLogFormat(v string) (LogFormat, error) {
	switch format := LogFormat(strings.ToLower(v)); format {
	case "text", "json":
		return format, nil
	}
	return "", fmt.Errorf("is %q; want text or json", v)
}
