// Package browser holds the tests of the pages of the running program in a
// real Chromium, which CHROMIUM names. It has tests only.
package browser
