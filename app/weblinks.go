package main

import (
	"net/url"
	"strings"
)

// devinWeb is where people look at sessions, whatever address the API has.
const devinWeb = "https://app.devin.ai"

// githubWeb is where people look at the repositories that an API serves:
// https://github.com for api.github.com, the server itself for GitHub
// Enterprise Server's https://HOST/api/v3 and https://api.HOST. An address of
// neither form, such as a proxy's, serves github.com.
func githubWeb(api BaseURL) string {
	u, err := url.Parse(string(api))
	if err != nil {
		return "https://github.com"
	}
	if host, ok := strings.CutPrefix(u.Host, "api."); ok {
		return u.Scheme + "://" + host
	}
	if path, ok := strings.CutSuffix(u.Path, "/api/v3"); ok {
		return u.Scheme + "://" + u.Host + path
	}
	return "https://github.com"
}
