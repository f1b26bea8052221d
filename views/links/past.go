package links

import (
	"net/url"
	"slices"
	"strings"
)

// HasPast reports whether the page of a path answers for a past time, as_of.
func HasPast(path string) bool {
	first, below, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !more {
		return slices.Contains([]string{
			Overview, NeedsYou, Issues, Changes, Report, Sessions, Pulls, Verified, Runs, Repos, Activity, Effectiveness, Owners, Search,
		}, path)
	}
	steps := strings.Split(below, "/")
	switch "/" + first {
	case "/repo":
		return len(steps) == 2 || len(steps) == 3 && slices.Contains([]string{Issues, Sessions, Pulls, Runs}, "/"+steps[2])
	case Issues, Sessions, Runs:
		return len(steps) == 1
	case Pulls:
		return len(steps) == 3
	}
	return false
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
// is asked for that time, unless the address names its own. No time is now.
func AsOf(address, time string) string {
	u, err := url.Parse(address)
	if err != nil || time == "" || u.Host != "" || !HasPast(u.EscapedPath()) {
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
