package static

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cssRule is one selector of a style sheet, without those nested in it.
type cssRule struct {
	file, selector, media string
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssString  = regexp.MustCompile(`"[^"]*"`)
	cssWidth   = regexp.MustCompile(`\d+(?:\.\d+)?px`)
	cssClass   = regexp.MustCompile(`\.(-?[_a-zA-Z][\w-]*)`)
)

// sheets reads the style sheets by name, without comments and strings.
func sheets(t *testing.T) map[string]string {
	t.Helper()
	names, err := fs.Glob(FS, "css/*.css")
	if err != nil || len(names) < 2 {
		t.Fatal(names, err)
	}
	found := map[string]string{}
	for _, name := range names {
		body, err := FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[path.Base(name)] = cssString.ReplaceAllString(cssComment.ReplaceAllString(string(body), ""), `""`)
	}
	return found
}

// cssRules are the selectors of all sheets; a nested one begins with those
// around it.
func cssRules(t *testing.T) []cssRule {
	t.Helper()
	var found []cssRule
	for file, body := range sheets(t) {
		var around []string
		from := 0
		for i, c := range body {
			switch c {
			case '{':
				prelude := strings.TrimSpace(body[from:i])
				if prelude != "" && !strings.HasPrefix(prelude, "@") {
					found = append(found, cssRule{file, nested(around, prelude), innermost(around, "@media")})
				}
				around, from = append(around, prelude), i+1
			case '}':
				if len(around) == 0 {
					t.Fatalf("%s closes more than it opens", file)
				}
				around, from = around[:len(around)-1], i+1
			case ';':
				from = i + 1
			}
		}
		if len(around) > 0 {
			t.Fatalf("%s does not close %q", file, around)
		}
	}
	return found
}

// nested is a selector with its parent before it.
func nested(around []string, selector string) string {
	for _, outer := range slices.Backward(around) {
		if outer != "" && !strings.HasPrefix(outer, "@") {
			return outer + " " + strings.TrimPrefix(selector, "&")
		}
	}
	return selector
}

func innermost(around []string, prefix string) string {
	for _, outer := range slices.Backward(around) {
		if strings.HasPrefix(outer, prefix) {
			return outer
		}
	}
	return ""
}

// leading are the classes that begin a selector: one for each alternative,
// not counting what :not() and :has() ask of it.
func leading(selector string) []string {
	var found []string
	for _, one := range alternatives(withoutConditions(selector)) {
		one = strings.TrimSpace(one)
		if rest, ok := strings.CutPrefix(one, ":is("); ok {
			inside, _, _ := strings.Cut(rest, ")")
			found = append(found, leading(inside)...)
		} else if m := cssClass.FindStringSubmatch(one); m != nil {
			found = append(found, m[1])
		}
	}
	return found
}

// alternatives splits a selector at the commas outside of brackets.
func alternatives(selector string) []string {
	var found []string
	depth, from := 0, 0
	for i, c := range selector {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				found, from = append(found, selector[from:i]), i+1
			}
		}
	}
	return append(found, selector[from:])
}

// withoutConditions takes :not(…) and :has(…) out of a selector.
func withoutConditions(selector string) string {
	for _, name := range []string{":not(", ":has("} {
		for {
			at := strings.Index(selector, name)
			if at < 0 {
				break
			}
			end, depth := at+len(name), 1
			for ; end < len(selector) && depth > 0; end++ {
				depth += strings.Count(selector[end:end+1], "(") - strings.Count(selector[end:end+1], ")")
			}
			selector = selector[:at] + selector[end:]
		}
	}
	return selector
}

// TestSheetBeginsWithItsLayers: what is served names the order of the layers
// before any of them, and each file has the layer of its name and no other.
func TestSheetBeginsWithItsLayers(t *testing.T) {
	assets := New()
	body, _, ok := assets.Open(assets.URL("app.css"))
	if !ok {
		t.Fatal("no app.css")
	}
	order := regexp.MustCompile(`@layer ([\w, ]+);`).FindStringSubmatch(string(body))
	if order == nil {
		t.Fatal("no order of layers")
	}
	if first := regexp.MustCompile(`@layer[^;{]*[;{]`).FindString(cssComment.ReplaceAllString(string(body), "")); first != order[0] {
		t.Errorf("the first layer is %q, not their order", first)
	}
	layers := strings.Split(order[1], ", ")
	for file, sheet := range sheets(t) {
		name := strings.TrimSuffix(file, ".css")
		if !slices.Contains(layers, name) {
			t.Errorf("%s is no layer of %s", name, order[0])
		}
		for _, m := range regexp.MustCompile(`@layer ([\w-]+) \{`).FindAllStringSubmatch(sheet, -1) {
			if m[1] != name {
				t.Errorf("%s has the layer %s", file, m[1])
			}
		}
		if outside := strings.TrimSpace(regexp.MustCompile(`(?s)@layer .*`).ReplaceAllString(sheet, "")); outside != "" {
			t.Errorf("%s has rules outside of its layer: %s", file, outside)
		}
		if strings.Count(string(body), "@layer "+name+" {") != 1 {
			t.Errorf("%s is not served once", file)
		}
	}
	if len(layers) != len(sheets(t)) {
		t.Errorf("%d layers, %d files", len(layers), len(sheets(t)))
	}
}

// TestFourBreakpoints: the program changes its layout at four widths.
func TestFourBreakpoints(t *testing.T) {
	widths := map[string]bool{}
	for _, sheet := range sheets(t) {
		for _, media := range regexp.MustCompile(`@(?:media|container)[^{]*`).FindAllString(sheet, -1) {
			for _, width := range cssWidth.FindAllString(media, -1) {
				widths[width] = true
			}
		}
	}
	got := slices.SortedFunc(maps.Keys(widths), func(a, b string) int { return number(t, a) - number(t, b) })
	if want := []string{"640px", "960px", "1280px", "1440px"}; !slices.Equal(got, want) {
		t.Errorf("breakpoints %v, want %v", got, want)
	}
}

func number(t *testing.T, width string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSuffix(width, "px"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAClassBelongsToOneFile: rules whose selectors begin with a class are
// in one file. Only the rules for paper, in report.css, may begin with any.
func TestAClassBelongsToOneFile(t *testing.T) {
	files := map[string]map[string]bool{}
	for _, r := range cssRules(t) {
		if r.file == "report.css" && strings.Contains(r.media, "print") {
			continue
		}
		for _, class := range leading(r.selector) {
			if files[class] == nil {
				files[class] = map[string]bool{}
			}
			files[class][r.file] = true
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d classes found", len(files))
	}
	for class, in := range files {
		if len(in) > 1 {
			t.Errorf(".%s begins rules of %v", class, slices.Sorted(maps.Keys(in)))
		}
	}
}

// TestEveryClassIsUsed: each class of the style sheets is written by a page
// or a script.
func TestEveryClassIsUsed(t *testing.T) {
	// Put together from a word and a value, or set by htmx.
	made := []string{"chart-", "docs-", "fg-", "htmx-", "icon-", "mark-", "pill-", "step-", "strip-"}
	words := map[string]bool{}
	for _, dir := range []string{"../views", "../app/web", "../services/dashboard", "js"} {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			body, err := os.ReadFile(name)
			for _, quoted := range regexp.MustCompile("\"[^\"\n]*\"|`[^`]*`|'[^'\n]*'|\\.[\\w-]+").FindAllString(string(body), -1) {
				for _, word := range regexp.MustCompile(`[\w-]+`).FindAllString(quoted, -1) {
					words[word] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range cssRules(t) {
		for _, m := range cssClass.FindAllStringSubmatch(r.selector, -1) {
			composed := slices.ContainsFunc(made, func(prefix string) bool { return strings.HasPrefix(m[1], prefix) })
			if !words[m[1]] && !composed {
				t.Errorf("%s: nothing has the class of %s", r.file, r.selector)
			}
		}
	}
}
