package client

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// CompletionUsage is how "app completion" is used.
const CompletionUsage = "completion bash|zsh|fish"

// Commands are those of the program, which completion offers.
type Commands struct {
	Program string   // as the shell knows it
	Usages  []string // of each command: "token create|list|revoke"
}

// Completion does "app completion": it writes the script that makes a shell
// complete commands, lists, flags, and queries where a dashboard answers. The
// script asks "app completion words", which writes what fits, one a line.
func (c Commands) Completion(ctx context.Context, env Env, args []string) error {
	if len(args) == 3 && args[0] == "words" {
		for _, word := range c.words(ctx, env, args[1], args[2]) {
			fmt.Fprintln(env.Out, word)
		}
		return nil
	}
	if len(args) != 1 {
		return misuse("completion needs a shell: bash, zsh or fish.")
	}
	script, ok := scripts()[args[0]]
	if !ok {
		return misuse("Unknown shell %q: want bash, zsh or fish.", args[0])
	}
	function := "_" + regexp.MustCompile(`\W`).ReplaceAllString(c.Program, "_")
	_, err := strings.NewReplacer("PROGRAM", c.Program, "FUNCTION", function).WriteString(env.Out, script)
	return err
}

// scripts are what the shells read. Bash replaces only what follows the last of
// the characters at which it breaks words, unless a quote is open.
func scripts() map[string]string {
	return map[string]string{
		"bash": `# bash completion of PROGRAM: source <(PROGRAM completion bash)
FUNCTION() {
    COMPREPLY=()
    local line
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]}" completion words bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F FUNCTION PROGRAM
`,
		"zsh": `#compdef PROGRAM
# zsh completion of PROGRAM: source <(PROGRAM completion zsh)
FUNCTION() {
    local -a found
    found=("${(@f)$("${words[1]}" completion words zsh "${BUFFER[1,CURSOR]}" 2>/dev/null)}")
    found=("${(@)found:#}")
    compadd -S '' -a found
}
if [[ ${funcstack[1]} = FUNCTION ]]; then
    FUNCTION "$@"
else
    compdef FUNCTION PROGRAM
fi
`,
		"fish": `# fish completion of PROGRAM: PROGRAM completion fish | source
complete -c PROGRAM -f -a '(PROGRAM completion words fish (commandline -cp) 2>/dev/null)'
`,
	}
}

// words are what fits at the end of a command line, as the shell takes it.
func (c Commands) words(ctx context.Context, env Env, shell, text string) []string {
	typed, quote := split(text)
	last := typed[len(typed)-1]
	fits := slices.DeleteFunc(c.choices(ctx, env, typed), func(word string) bool { return !strings.HasPrefix(word, last) })
	if shell != "bash" || quote {
		return fits
	}
	const breaks = `:=@<>;|&(`
	shown := strings.LastIndexAny(last, breaks) + 1
	for i := range fits {
		fits[i] = fits[i][shown:]
	}
	return fits
}

// choices are what may stand in the place of the last word.
func (c Commands) choices(ctx context.Context, env Env, typed []string) []string {
	if len(typed) < 2 {
		return nil
	}
	last, before := typed[len(typed)-1], typed[len(typed)-2]
	if len(typed) == 2 {
		var names []string
		for _, usage := range c.Usages {
			name, _, _ := strings.Cut(usage, " ")
			names = append(names, name)
		}
		return names
	}
	i := slices.IndexFunc(c.Usages, func(usage string) bool { return usage == typed[1] || strings.HasPrefix(usage, typed[1]+" ") })
	if i < 0 {
		return nil
	}
	usage := c.Usages[i]
	get := typed[1] == "get"
	switch {
	case get && len(typed) == 3:
		return Names()
	case get && strings.TrimLeft(before, "-") == "q":
		return queries(ctx, env, typed[2], last)
	case get && strings.TrimLeft(before, "-") == "o":
		return []string{asTable, asJSON, asCSV}
	case get && before == "--order":
		return []string{"asc", "desc"}
	case strings.HasPrefix(last, "-"):
		return regexp.MustCompile(`--?[a-z][a-z-]*`).FindAllString(usage, -1)
	case len(typed) == 3:
		second, _, _ := strings.Cut(strings.TrimPrefix(usage, typed[1]+" "), " ")
		if strings.Contains(second, "|") && !strings.HasPrefix(second, "[") {
			return strings.Split(second, "|")
		}
	}
	return nil
}

// queries are how a query may go on, as the dashboard says; none where it does
// not answer soon.
func queries(ctx context.Context, env Env, name, text string) (all []string) {
	l, ok := named(name)
	if !ok || l.query == "" {
		return nil
	}
	d, err := open(env)
	if err != nil {
		return nil
	}
	const patience = 2 * time.Second // of a person who pressed a key
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var found struct {
		Items []struct{ Query string }
	}
	caret := strconv.Itoa(len(utf16.Encode([]rune(text))))
	if d.read(ctx, "/api/complete?"+url.Values{"list": {l.query}, "q": {text}, "caret": {caret}}.Encode(), &found) != nil {
		return nil
	}
	for _, item := range found.Items {
		all = append(all, strings.TrimSuffix(item.Query, " "))
	}
	return all
}

// split reads a command line as far as it is typed: its words without quotes,
// the last one as it stands, and whether a quote is open in that.
func split(text string) (words []string, quoted bool) {
	var word strings.Builder
	open, escaped, begun := rune(0), false, false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && open != '\'':
			escaped, begun = true, true
		case open != 0 && r == open:
			open = 0
		case open == 0 && (r == '\'' || r == '"'):
			open, begun = r, true
		case open == 0 && (r == ' ' || r == '\t'):
			if begun || word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
		}
	}
	return append(words, word.String()), open != 0
}
