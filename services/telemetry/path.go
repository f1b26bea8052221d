package telemetry

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// PathForm is the one form in which paths of findings are compared, shown and
// linked. SARIF writes paths as URIs, some tools with backslashes or with
// another Unicode form: percent escapes are decoded once where that gives valid
// UTF-8, a lone % stays, \ becomes /, "." steps go, and letters are composed
// (NFC). It is made when a record is read, so that nothing sees another form,
// and must not be made twice: %2520 is %20.
func PathForm(path string) string {
	if plainPath(path) {
		return path
	}
	path = cleanText(decodePercent(path))
	path = strings.ReplaceAll(path, `\`, "/")
	if path = withoutDots(path); path == "" {
		path = "."
	}
	return norm.NFC.String(path)
}

// plainPath reports whether a path is surely in its form already.
func plainPath(path string) bool {
	dot := false
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%', c == '\\', c >= utf8.RuneSelf:
			return false
		case c == '/' && dot:
			return false
		default:
			dot = c == '.' && (i == 0 || path[i-1] == '/')
		}
	}
	return !dot
}

// decodePercent decodes percent escapes; what then is no UTF-8 stays as it was.
func decodePercent(path string) string {
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			high, low := hexDigit(path[i+1]), hexDigit(path[i+2])
			if high >= 0 && low >= 0 {
				out.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		out.WriteByte(path[i])
	}
	if decoded := out.String(); utf8.ValidString(decoded) {
		return decoded
	}
	return path
}

// hexDigit is the value of a hexadecimal digit, -1 of anything else.
func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }

// withoutDots leaves out the steps of a path that are ".".
func withoutDots(path string) string {
	steps := strings.Split(path, "/")
	kept := steps[:0]
	for _, step := range steps {
		if step != "." {
			kept = append(kept, step)
		}
	}
	return strings.Join(kept, "/")
}
