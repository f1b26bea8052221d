package links

import (
	"net/url"
	"slices"
	"strings"
)

// HasPast reports whether the page of a path answers for a past time, as_of.
func HasPast(path string) bool {
	if of, in := strings.CutPrefix(path, "/repo/"); in {
		steps := strings.Split(of, "/")
		return len(steps) == 2 || len(steps) == 3 && slices.Contains([]string{Issues, Sessions, Pulls, Runs}, "/"+steps[2])
	}
	return slices.Contains([]string{Overview, Issues, Changes, Report, Sessions, Pulls, Runs, Repos, Activity}, path)
}

// Now is an address that means today, also on a page of a past time.
func Now(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Del("page")
	q.Set("as_of", "")
	u.RawQuery = q.Encode()
	return u.String()
}

// AsOf is an address as a page of a past time has it: a page that has a past
// is asked for that time, unless the address names its own.
func AsOf(address, time string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || !HasPast(u.Path) {
		return address
	}
	q := u.Query()
	switch {
	case !q.Has("as_of"):
		q.Set("as_of", time)
	case q.Get("as_of") == "":
		q.Del("as_of")
	default:
		return address
	}
	u.RawQuery = q.Encode()
	return u.String()
}
