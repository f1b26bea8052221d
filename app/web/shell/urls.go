package shell

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// QueryFor is the value of q in an address: none where it is the usual one.
func QueryFor(text, usual string) string {
	if text == usual {
		return ""
	}
	return OrBlank(text)
}

// OrBlank is an empty query as it stands in an address.
func OrBlank(text string) string {
	if text == "" {
		return parts.Blank
	}
	return text
}

// SearchURL is a list's page with a query.
func SearchURL(page, query string) string {
	return parts.Address{Page: page}.Href("q", query)
}

// TermText is a query of one term, "" where no query can ask for the value.
func TermText(field string, values ...string) string {
	t := query.Term{Field: field}
	for _, value := range values {
		if strings.TrimSpace(value) == "" || query.Check(value) != nil {
			return ""
		}
		t.Values = append(t.Values, query.Value{Text: value})
	}
	return t.String()
}

// ChangesURL is the page of the events that a bar counts. Both ends belong
// to it.
func ChangesURL(v View, event string, since, until time.Time) string {
	at := parts.Address{Page: "/changes"}
	return at.Href("event", event, "since", exactTime(since), "until", exactTime(until), "repo", v.Scope)
}

func exactTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// PathOf is a subject as a path: its slashes part steps.
func PathOf(subject string) string {
	steps := strings.Split(subject, "/")
	for i, step := range steps {
		steps[i] = url.PathEscape(step)
	}
	return strings.Join(steps, "/")
}

// RawURL is a record as it was fetched.
func RawURL(source, file string) string {
	if file == "" {
		return ""
	}
	return parts.Address{Page: "/api/runs/" + url.PathEscape(file) + "/raw"}.Href("source", source)
}

// TermURL is a list with one qualifier, "" where no query can ask for the
// value.
func TermURL(page, field, value string) string {
	text := TermText(field, value)
	if text == "" {
		return ""
	}
	return SearchURL(page, text)
}

// Unescape decodes a part of a path; what cannot be decoded stays.
func Unescape(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	return s
}

// CodeURL is today's file on GitHub, at the issue's last line.
func (w *Shell) CodeURL(i telemetry.IssueRow) string {
	if i.File == "" || i.Repo == "" {
		return ""
	}
	steps := strings.Split(i.File, "/")
	for n, step := range steps {
		steps[n] = url.PathEscape(step)
	}
	address := w.RepoURL(i.Repo) + "/blob/HEAD/" + strings.Join(steps, "/")
	if i.Line > 0 {
		address += "#L" + strconv.FormatInt(i.Line, 10)
	}
	return address
}

// RepoURL is a repository on GitHub.
func (w *Shell) RepoURL(repo telemetry.RepoName) string {
	owner, name, _ := strings.Cut(string(repo), "/")
	return w.Settings.GitHubWeb + "/" + url.PathEscape(owner) + "/" + url.PathEscape(name)
}

// PullURL is a pull request on GitHub.
func (w *Shell) PullURL(repo telemetry.RepoName, number int64) string {
	return w.RepoURL(repo) + "/pull/" + strconv.FormatInt(number, 10)
}

// Github returns a recorded address if it is one of GitHub's, else "": a
// record is written by others and must not lead elsewhere.
func (w *Shell) Github(address string) string {
	if strings.HasPrefix(address, w.Settings.GitHubWeb+"/") {
		return address
	}
	return ""
}

// Devin is where a session is looked at.
func (w *Shell) Devin(s telemetry.SessionRow) string {
	bare := telemetry.BareID(s.ID)
	if bare == "" {
		return ""
	}
	if strings.HasPrefix(s.URL, w.Settings.DevinWeb+"/") {
		return s.URL
	}
	return w.Settings.DevinWeb + "/sessions/" + url.PathEscape(bare)
}
