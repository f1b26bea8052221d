// Package http holds the tests of what the running program answers over HTTP:
// pages, panels, actions and the JSON API. It has tests only.
package http
