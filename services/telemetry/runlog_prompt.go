package telemetry

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	promptIssue   = regexp.MustCompile(`^### (` + issueIDForm + `):`)
	promptContext = regexp.MustCompile(`^- Code context\b.*:$`)
	// A line of code: >>> marks the one of the location, then its number.
	promptCode = regexp.MustCompile(`^(>>>|   ) *(\d{1,9}) \|(?: (.*))?$`)
)

// addSnippets gives each finding the code that the prompts show for it.
func (l *RunLog) addSnippets() {
	byID := l.ByID()
	for _, p := range l.Prompts {
		var now *LogFinding
		left := mostSnippetsAll
		rest := p.Text
		for rest != "" {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			if m := promptIssue.FindStringSubmatch(line); m != nil {
				now = byID[IssueKey(m[1])]
				continue
			}
			if now == nil || !promptContext.MatchString(line) || len(now.Snippets) >= mostSnippets {
				continue
			}
			var s snippet
			if s, rest = readSnippet(rest); s.Code != "" && len(s.Code) <= mostSnippet && len(s.Code) <= left {
				left -= len(s.Code)
				s.File = s.fileOf(now)
				now.Snippets = append(now.Snippets, s.Snippet)
			}
		}
	}
}

// snippet is a Snippet and the line that it marks, 0 without one.
type snippet struct {
	Snippet
	marked int64
}

// readSnippet reads the numbered lines between two fences, as long as they
// follow each other, and returns what comes after them. What the finding's
// rule or its code contain cannot end it: each line has its number.
func readSnippet(text string) (s snippet, rest string) {
	fence, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(fence, "```") {
		return s, text
	}
	var code []string
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		m := promptCode.FindStringSubmatch(line)
		if m == nil {
			break
		}
		n, err := strconv.ParseInt(m[2], 10, 64)
		if err != nil || n < 1 || len(code) > 0 && n != s.FirstLine+int64(len(code)) {
			break
		}
		if len(code) == 0 {
			s.FirstLine = n
		}
		if m[1] == ">>>" && s.marked == 0 {
			s.marked = n
		}
		code, rest = append(code, m[3]), after
	}
	s.Code = strings.Join(code, "\n")
	return s, rest
}

// fileOf is the file of the finding's location that a snippet shows.
func (s *snippet) fileOf(f *LogFinding) string {
	for _, l := range f.Locations {
		if l.StartLine == s.marked && s.marked > 0 {
			return l.File
		}
	}
	if len(f.Locations) == 1 {
		return f.Locations[0].File
	}
	return ""
}
