package github

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// refusal is a cause for which GitHub refuses a request, told from others of
// the same status by its words. %s in its sentence is what was asked for.
type refusal struct {
	words    []string // one of them is in GitHub's message, in lower case
	sentence string
}

func refusals() []refusal {
	return []refusal{
		{[]string{"saml enforcement"}, "The token is not authorized for the organization's single sign-on (403), which %s needs. " +
			"Authorize it in GitHub's token settings (Configure SSO)."},
		{[]string{"ip allow list"}, "The organization's IP allow list does not include this machine's address (403), which %s needs. " +
			"Ask an owner of the organization to add it."},
		{[]string{"token's lifetime"}, "The organization does not accept a token that is valid for so long (403), which %s needs. " +
			"Shorten the lifetime of GITHUB_TOKEN in GitHub's token settings, or create one that expires sooner, and restart."},
		{[]string{"forbids access via"}, "The organization does not accept this kind of token (403), which %s needs. " +
			"Set GITHUB_TOKEN to a kind that it accepts, classic or fine-grained, and restart."},
		{[]string{"repository access blocked"}, "GitHub has blocked access to the repository, so %s cannot be had. " +
			"Its page on GitHub says why; only its owner and GitHub Support can change that."},
		{[]string{"account was suspended", "account is suspended"}, "GitHub has suspended the account of GITHUB_TOKEN (403), which %s needs. " +
			"Set the token of another account and restart."},
		{[]string{"was archived", "is archived"}, "The repository is archived and can only be read, so %s is refused (403). " +
			"Unarchive it on GitHub."},
	}
}

// denied is what a refusal that is no limit means: 403, or 451 for legal
// reasons.
func denied(q question, resp *http.Response, said string) *telemetry.Error {
	said = strings.ToLower(strings.ReplaceAll(said, "’", "'"))
	switch {
	case strings.HasPrefix(resp.Header.Get("X-GitHub-SSO"), "required"):
		said = "saml enforcement"
	case resp.StatusCode == http.StatusUnavailableForLegalReasons:
		said = "repository access blocked"
	}
	for _, r := range refusals() {
		if slices.ContainsFunc(r.words, func(words string) bool { return strings.Contains(said, words) }) {
			return telemetry.Errorf(telemetry.CodeUpstreamDenied, r.sentence, q.what)
		}
	}
	return telemetry.Errorf(telemetry.CodeUpstreamDenied,
		"The token in GITHUB_TOKEN lacks the permission for %s (403); give it %s.", q.what, q.needs)
}

// byProxy is what an answer means that a proxy gave in GitHub's place, nil
// where GitHub gave it: GitHub refuses in JSON.
func (c *Client) byProxy(resp *http.Response) *telemetry.Error {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch status := resp.StatusCode; {
	case status == http.StatusProxyAuthRequired:
		how, advice := upstream.ProxyRefused(status)
		return telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub (%s) %s. %s", c.host, how, advice)
	case status != http.StatusUnauthorized && status != http.StatusForbidden && status != http.StatusUnavailableForLegalReasons,
		media != "text/html":
		return nil
	default:
		return telemetry.Errorf(telemetry.CodeUpstreamDown,
			"GitHub (%s) could not be reached: a proxy or firewall answered in its place with a web page (%d). "+
				"Ask who runs it to let this machine reach %s.", c.host, status, c.host)
	}
}
