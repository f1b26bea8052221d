// Package static owns the files that a browser loads: the style sheet, the
// scripts and the icon. It names each by its content, so that they can be
// kept for ever, and knows nothing of pages or HTTP.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// FS holds the files as they are written, under css/, js/, img/ and vendor/.
//
//go:embed css js img vendor
var FS embed.FS

// Prefix is the path under which the files are served.
const Prefix = "/static/"

// bundle is one file as it is served: parts of FS, joined in order.
type bundle struct {
	name        string
	contentType string
	parts       []string // globs of FS; a file that several match comes where the first does
}

func bundles() []bundle {
	const script = "text/javascript; charset=utf-8"
	return []bundle{
		{"app.css", "text/css; charset=utf-8", []string{"css/tokens.css", "css/*.css"}}, // the order of the layers first
		{"theme.js", script, []string{"js/theme.js"}},
		{"app.js", script, []string{"vendor/htmx.org/htmx.min.js", "js/toasts.js", "js/app.js", "js/live.js",
			"js/complete.js", "js/rows.js", "js/desk.js", "js/peek.js",
			"js/tips.js", "js/palette.js", "js/try.js"}},
		{"icon.svg", "image/svg+xml", []string{"img/icon.svg"}},
	}
}

// Assets answers for the served files. It never changes after New, and is
// safe for concurrent use.
type Assets struct {
	urls  map[string]string
	files map[string]file
}

type file struct {
	body        []byte
	contentType string
}

// New reads the embedded files and names them by their content. It panics
// if one is missing, which only a broken build can bring about.
func New() *Assets {
	a := &Assets{urls: map[string]string{}, files: map[string]file{}}
	for _, b := range bundles() {
		body, err := join(b.parts)
		if err != nil {
			panic(fmt.Sprintf("static: %s: %v", b.name, err))
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(b.name)
		url := Prefix + strings.TrimSuffix(b.name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
		a.urls[b.name] = url
		a.files[url] = file{body, b.contentType}
	}
	return a
}

// URL returns the path of a served file (app.css, app.js, theme.js,
// icon.svg), such as /static/app.3f2a1c9b04.css; "" for any other name. What
// is there never changes, so it may be cached without end.
func (a *Assets) URL(name string) string { return a.urls[name] }

// Open returns the file at a path that URL gave, and its content type. The
// body must not be changed. ok is false for any other path.
func (a *Assets) Open(hashedPath string) (body []byte, contentType string, ok bool) {
	f, ok := a.files[hashedPath]
	return f.body, f.contentType, ok
}

func join(globs []string) ([]byte, error) {
	var whole bytes.Buffer
	joined := map[string]bool{}
	for _, glob := range globs {
		names, err := fs.Glob(FS, glob)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s: %w", glob, fs.ErrNotExist)
		}
		for _, name := range names {
			if joined[name] {
				continue
			}
			joined[name] = true
			body, err := FS.ReadFile(name)
			if err != nil {
				return nil, err
			}
			whole.Write(body)
			whole.WriteByte('\n')
		}
	}
	return whole.Bytes(), nil
}
