package telemetry

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// BareID returns the id of a Devin session as it is compared: without
// "devin-", in lower case. It returns "" for what is no session: an empty
// id, or "dry-run".
func BareID(id string) string {
	id = strings.ToLower(strings.TrimSpace(id))
	id = strings.TrimPrefix(id, "devin-")
	if id == DryRunID {
		return ""
	}
	return id
}

// DryRunID stands in place of a session id where the action made a dry run.
const DryRunID = "dry-run"

var (
	issueIDPattern    = regexp.MustCompile(`(?i)CQLF-(?:[A-Z]+-)?R\d+-\d+`)
	issueIDRowPattern = regexp.MustCompile(`(?i)CQLF-(?:[A-Z]+-)?R\d+-\d+(?:\s*,\s*CQLF-(?:[A-Z]+-)?R\d+-\d+)+`)
	// A session is named in a pull request by "devin-" and its id, by its
	// address, or by the id alone, which is hex.
	tokenPattern = regexp.MustCompile(`(?i)(?:\bdevin-|/sessions/(?:devin-)?)([0-9a-z][0-9a-z_-]{0,63})|\b([0-9a-f]{16,64})\b`)
)

// IssueIDs returns the issue ids that a text names (CQLF-R34-0010,
// CQLF-ALL-R61-0002), in upper case, each once, in the order of the text.
// The two series are independent: ids are equal only as a whole.
func IssueIDs(text string) []string {
	ids := []string{}
	for _, id := range issueIDPattern.FindAllString(text, -1) {
		id = strings.ToUpper(id)
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// FoldIssueIDs returns a text for a narrow column: of issue ids that stand in
// a row, the first and how many more there are ("CQLF-R34-0010 +4"), so that
// what tells titles of fixes apart comes within sight.
func FoldIssueIDs(text string) string {
	return issueIDRowPattern.ReplaceAllStringFunc(text, func(row string) string {
		ids := issueIDPattern.FindAllString(row, -1)
		return ids[0] + " +" + strconv.Itoa(len(ids)-1)
	})
}

// SessionTokens returns what in the texts can be the id of a session, bare,
// each once. Whether it is one is for the store's known sessions to say, so
// a word too many does no harm: of devin-0123abcd-fix-xss, a branch's name,
// both 0123abcd and 0123abcd-fix-xss can be ids.
func SessionTokens(texts ...string) []string {
	var tokens []string
	known := map[string]bool{}
	add := func(token string) {
		if token = strings.Trim(token, "-_"); token != "" && !known[token] {
			known[token] = true
			tokens = append(tokens, token)
		}
	}
	for _, text := range texts {
		for _, m := range tokenPattern.FindAllStringSubmatch(text, -1) {
			token := strings.ToLower(m[1] + m[2])
			add(token)
			if cut := strings.IndexAny(token, "-_"); cut > 0 {
				add(token[:cut])
			}
		}
	}
	return tokens
}
