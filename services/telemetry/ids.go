package telemetry

import (
	"regexp"
	"strconv"
	"strings"
)

// SessionKey returns the id of a Devin session as it is compared: without
// "devin-", in lower case; "" for what is not a session. The key of a key is the
// same: an id with more to drop ("devin-devin-x") keeps all of it.
func SessionKey(id string) string {
	id = lowerASCII(strings.TrimSpace(id))
	if key, cut := strings.CutPrefix(id, "devin-"); cut && key == strings.TrimSpace(key) && !strings.HasPrefix(key, "devin-") {
		id = key
	}
	if id == DryRunID {
		return ""
	}
	return id
}

// lowerASCII and upperASCII change the case of ASCII letters alone: ids and
// names are ASCII, and what only looks like a letter of one (the Kelvin sign)
// must not become it.
func lowerASCII(s string) string { return shiftASCII(s, 'A', 'a') }
func upperASCII(s string) string { return shiftASCII(s, 'a', 'A') }

func shiftASCII(s string, from, to rune) string {
	return strings.Map(func(r rune) rune {
		if r >= from && r < from+26 {
			return r - from + to
		}
		return r
	}, s)
}

// DryRunID stands in place of a session id where the action made a dry run.
const DryRunID = "dry-run"

var (
	issueIDPattern    = regexp.MustCompile(issueIDForm)
	issueIDRowPattern = regexp.MustCompile(issueIDForm + `(?:\s*,\s*` + issueIDForm + `)+`)
	// A session is named in a pull request by "devin-" and its id, by its
	// address, or by the id alone, which is hex.
	tokenPattern = regexp.MustCompile(`(?:\b[Dd][Ee][Vv][Ii][Nn]-|/[Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ss]/(?:[Dd][Ee][Vv][Ii][Nn]-)?)` +
		`([0-9A-Za-z][0-9A-Za-z_-]{0,63})|\b([0-9A-Fa-f]{16,64})\b`)
)

// issueIDForm is any case, spelled out: (?i) also takes letters that are not
// ASCII (U+017F for s).
const issueIDForm = `[Cc][Qq][Ll][Ff]-(?:[A-Za-z]+-)?[Rr]\d+-\d+`

// IssueIDs returns the issue ids that a text names (CQLF-R34-0010,
// CQLF-ALL-R61-0002), in upper case, each once, in the order of the text.
func IssueIDs(text string) []string {
	return distinct(issueIDPattern.FindAllString(upperASCII(text), -1), IssueKey)
}

// distinct keeps the first of the texts that have an equal key, and none whose
// key is empty.
func distinct(texts []string, key func(string) string) []string {
	kept, have := []string{}, map[string]bool{"": true}
	for _, text := range texts {
		if k := key(text); !have[k] {
			have[k] = true
			kept = append(kept, text)
		}
	}
	return kept
}

// ShortenIssueIDs shortens a row of issue ids to the first and how many more there
// are ("CQLF-R34-0010 +4"), so that what tells titles apart is visible.
func ShortenIssueIDs(text string) string {
	return issueIDRowPattern.ReplaceAllStringFunc(text, func(row string) string {
		ids := issueIDPattern.FindAllString(row, -1)
		return ids[0] + " +" + strconv.Itoa(len(ids)-1)
	})
}

// SessionTokens returns what in the texts can be the id of a session, each once. One
// too many does no harm, since only known sessions count: of devin-0123abcd-fix-xss,
// a branch's name, both 0123abcd and 0123abcd-fix-xss can be ids.
func SessionTokens(texts ...string) []string {
	var tokens []string
	for _, text := range texts {
		for _, m := range tokenPattern.FindAllStringSubmatch(text, -1) {
			token := lowerASCII(m[1] + m[2])
			tokens = append(tokens, strings.Trim(token, "-_"))
			if cut := strings.IndexAny(token, "-_"); cut > 0 {
				tokens = append(tokens, token[:cut])
			}
		}
	}
	return distinct(tokens, lowerASCII)
}
