package telemetry

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// CodeownersFiles are the places in which GitHub looks for the file, in its order: the
// first that is there counts.
// https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
func CodeownersFiles() []string {
	return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}
}

// MostCodeowners is the size in bytes above which GitHub does not read the file.
const MostCodeowners = 3 << 20

// Codeowners is a CODEOWNERS file. The zero value names nobody.
type Codeowners struct {
	rules   []ownerRule
	Invalid []InvalidOwnerLine // that count for nothing, as on GitHub
}

// InvalidOwnerLine is a line of a CODEOWNERS file that cannot be read.
type InvalidOwnerLine struct {
	Line int64  `json:"line"` // from 1
	Text string `json:"text"`
	Why  string `json:"why"` // a sentence
}

// ownerRule is one line: a pattern, and who owns what it matches; nobody where owners is empty.
type ownerRule struct {
	segments []string // of the pattern; "**" stands for any number
	below    bool     // it names a directory, and matches only what lies in it
	owners   []string
}

// An owner is a person, a team or an address.
var owner = regexp.MustCompile(`^(@[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?|[^@\s]+@[^@\s]+\.[^@\s]+)$`)

// ParseCodeowners reads a CODEOWNERS file. A line that cannot be read is left out and
// told in Invalid; the others count.
func ParseCodeowners(text string) Codeowners {
	var c Codeowners
	for i, line := range strings.Split(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		line = strings.TrimSpace(line)
		words := ownerWords(line)
		if len(words) == 0 {
			continue
		}
		rule, why := readOwnerRule(words)
		if why != "" {
			c.Invalid = append(c.Invalid, InvalidOwnerLine{Line: int64(i + 1), Text: Shorten(cleanText(line), quoted), Why: why})
			continue
		}
		c.rules = append(c.rules, rule)
	}
	return c
}

// Owners are the people, teams and addresses that the last matching line names for a
// file, in its order; none where that line names nobody, or none matches. Letters count
// as written.
func (c Codeowners) Owners(file string) []string {
	segments := strings.Split(strings.TrimPrefix(file, "/"), "/")
	for _, rule := range slices.Backward(c.rules) {
		if rule.matches(segments) {
			return rule.owners
		}
	}
	return nil
}

// ownerWords splits a line at spaces that no backslash stands before, up to a comment.
func ownerWords(line string) []string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '#' && word.Len() == 0:
			return words
		case c == ' ' || c == '\t':
			end()
		case c == '\\' && i+1 < len(line) && line[i+1] == ' ':
			i++
			word.WriteByte(' ')
		default:
			word.WriteByte(c)
		}
	}
	end()
	return words
}

// readOwnerRule reads the words of one line, or says in a sentence why it cannot.
func readOwnerRule(words []string) (rule ownerRule, why string) {
	pattern := words[0]
	switch {
	case strings.HasPrefix(pattern, "!"):
		return rule, "A pattern cannot be negated with !."
	case strings.ContainsAny(pattern, "[]"):
		return rule, "A pattern cannot have a range of characters in [ ]."
	case strings.Contains(pattern, `\`):
		return rule, `A pattern can have a backslash only before a space.`
	case strings.Trim(pattern, "/") == "":
		return rule, "The pattern names no file."
	}
	for _, word := range words[1:] {
		if !owner.MatchString(word) {
			return rule, "An owner is @user, @organisation/team or an e-mail address."
		}
	}
	rule.owners = words[1:]
	rule.below = strings.HasSuffix(pattern, "/")
	anchored := strings.Contains(strings.TrimSuffix(pattern, "/"), "/")
	rule.segments = strings.Split(strings.Trim(pattern, "/"), "/")
	if !anchored { // it matches at any depth
		rule.segments = append([]string{"**"}, rule.segments...)
	}
	return rule, ""
}

// matches reports whether the rule names a file, or a directory in which it lies.
// docs/* names the files of docs alone.
func (r ownerRule) matches(file []string) bool {
	named := r.named(file)
	last := len(r.segments) - 1
	switch whole := len(file); {
	case r.below:
		return slices.Contains(named[1:whole], true)
	case r.segments[last] == "*" && r.segments[0] != "**":
		return named[whole]
	default:
		return slices.Contains(named[1:], true)
	}
}

// named says for each number of leading segments of a path whether the pattern names
// exactly these.
func (r ownerRule) named(file []string) []bool {
	named := make([]bool, len(file)+1)
	named[0] = true
	for _, segment := range r.segments {
		next := make([]bool, len(file)+1)
		for n, so := range named {
			switch {
			case segment == "**":
				next[n] = so || n > 0 && next[n-1]
			case so && n < len(file):
				same, err := path.Match(segment, file[n])
				next[n+1] = err == nil && same
			}
		}
		named = next
	}
	return named
}

// CodeownersFile is a CODEOWNERS file as GitHub gave it; without a Path the repository
// has none.
type CodeownersFile struct {
	Path string
	Text string
}
