package telemetry

import (
	"testing"
	"unicode/utf8"
)

func TestPathForm(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"a plain one", "src/a.js", "src/a.js"},
		{"escapes", "src/My%20Views/a%23b.js", "src/My Views/a#b.js"},
		{"escaped UTF-8", "src/caf%C3%A9.js", "src/café.js"},
		{"escapes in small letters", "src/caf%c3%a9.js", "src/café.js"},
		{"a lone percent sign", "50%off.js", "50%off.js"},
		{"a lone one at the end", "src/100%", "src/100%"},
		{"a lone one beside an escape", "50%off%20now.js", "50%off now.js"},
		{"decoded once", "a%2520b.js", "a%20b.js"},
		{"what is no UTF-8 stays whole", "a%20b%ff.js", "a%20b%ff.js"},
		{"backslashes", `src\win\a.cs`, "src/win/a.cs"},
		{"an escaped backslash", "src%5Ca.cs", "src/a.cs"},
		{"an escaped slash", "src%2Fa.cs", "src/a.cs"},
		{"a dot at the start", "./src/a.js", "src/a.js"},
		{"dots between", "src/./././a.js", "src/a.js"},
		{"a dot after a backslash", `.\src\a.js`, "src/a.js"},
		{"two dots stay", "../src/a.js", "../src/a.js"},
		{"hidden files stay", ".github/workflows/a.yml", ".github/workflows/a.yml"},
		{"a name that ends in a dot stays", "src./a.js", "src./a.js"},
		{"nothing but dots", "./.", "."},
		{"composed letters", "cafe\u0301.go", "caf\u00e9.go"},
		{"composed after decoding", "cafe%CC%81.go", "caf\u00e9.go"},
		{"no control character comes in", "a%00b.js", "a\ufffdb.js"},
		{"a plus is no space", "c++/a+b.cpp", "c++/a+b.cpp"},
		{"none", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := PathForm(c.path); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// FuzzPathForm: whatever a path is, its form is text that a database takes, and
// a path without escapes has the form of its form.
func FuzzPathForm(f *testing.F) {
	f.Add("src/My%20Views/a%23b.js")
	f.Add(`.\a\..\%e9`)
	f.Fuzz(func(t *testing.T, path string) {
		form := PathForm(cleanText(path))
		if !utf8.ValidString(form) || cleanText(form) != form {
			t.Errorf("%q is %q", path, form)
		}
		if decodePercent(form) == form && PathForm(form) != form {
			t.Errorf("%q is %q, and that is %q", path, form, PathForm(form))
		}
	})
}
