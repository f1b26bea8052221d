// Package testsize says how much of what a test can try it tries. A plain
// go test takes a part of each, so that it can be run while one works; with CI
// set in the environment, as .ci/run does, all of it is taken.
package testsize

import (
	"os"
	"testing"
)

// All reports whether everything is to be tried.
func All() bool { return os.Getenv("CI") != "" }

// Of returns part, or all where everything is to be tried. A test that tries
// a part says so in its log.
func Of(t testing.TB, what string, part, all int) int {
	t.Helper()
	if All() {
		return all
	}
	t.Logf("IN PART: %d of %d %s; with CI=true all", part, all, what)
	return part
}
