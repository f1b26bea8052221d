package github

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxHops is how many redirects are followed: a moved repository is one.
const maxHops = 5

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// refusedAddress is an address in an answer that is not followed.
type refusedAddress struct{ why string }

func (e *refusedAddress) Error() string { return e.why }

// followAPI follows a moved repository, and nothing that leads to another origin.
func followAPI(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= maxHops:
		return &refusedAddress{"is redirected again and again"}
	case !sameOrigin(req.URL, via[0].URL):
		return &refusedAddress{fmt.Sprintf("points elsewhere (%q), which is not followed", field(req.URL.Host))}
	case req.Method != via[0].Method:
		return &refusedAddress{"is redirected in a way that would drop what was sent"}
	}
	return nil
}

// followDownload follows a file to where it is kept; the token stays behind.
func (c *Client) followDownload(req *http.Request, via []*http.Request) error {
	if len(via) >= maxHops {
		return &refusedAddress{"is redirected again and again"}
	}
	return c.mayDownload(req.URL)
}

// mayDownload refuses an address that is neither on the configured host or below
// it nor on a host from which GitHub documents that it serves downloads. A server
// that is asked by plain http may answer with such addresses.
func (c *Client) mayDownload(u *url.URL) error {
	base := c.api.BaseURL
	host, own := strings.ToLower(u.Hostname()), strings.ToLower(base.Hostname())
	known := host == own || host == "codeload.github.com" || strings.HasSuffix(host, ".githubusercontent.com") ||
		(net.ParseIP(own) == nil && strings.HasSuffix(host, "."+own))
	// GitHub Enterprise Cloud: api.NAME.ghe.com, codeload.NAME.ghe.com.
	if tenant, ok := strings.CutPrefix(own, "api."); ok && strings.HasSuffix(tenant, ".ghe.com") {
		known = known || host == tenant || strings.HasSuffix(host, "."+tenant)
	}
	scheme := u.Scheme == "https" || (u.Scheme == "http" && base.Scheme == "http")
	if !known || !scheme || u.User != nil {
		return &refusedAddress{fmt.Sprintf("points elsewhere (%q), which is not followed", field(u.Scheme+"://"+u.Host))}
	}
	return nil
}
