package github

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// symlink is the mode of an entry that holds a path instead of a record.
const symlink = "120000"

// treeEntry is an entry of a tree, with a path, or of contents, with a name.
type treeEntry struct {
	Path, Name string
	Mode, Type string
	SHA        string
	Size       int64
}

// tree is what is looked for in a tree of Git, and what was found.
type tree struct {
	prefix string // of the run files' paths
	folder string // the path of the folder that is looked for

	files     []telemetry.RunFile // directly under prefix
	found     string              // SHA of folder
	within    bool                // there is anything under prefix
	above     bool                // there is a folder on the way to prefix
	truncated bool
	names     map[string]bool // of files
}

// whole tells that the tree is not cut, and holds what its folders hold.
func (t *tree) whole() bool { return !t.truncated && (t.within || !t.above) }

// take looks at one entry.
func (t *tree) take(e treeEntry) error {
	if e.Path == "" || !isObjectName(e.SHA) {
		return &unusable{"has an entry without a usable path or SHA"}
	}
	t.within = t.within || strings.HasPrefix(e.Path, t.prefix)
	if e.Type == "tree" {
		t.above = t.above || strings.HasPrefix(t.prefix, e.Path+"/")
		if e.Path == t.folder {
			t.found = e.SHA
		}
	}
	name, ok := strings.CutPrefix(e.Path, t.prefix)
	if !ok || !isRunFile(name, e.Type) || e.Mode == symlink {
		return nil
	}
	if t.names[name] {
		return &unusable{"lists a file twice"}
	}
	t.names[name] = true
	t.files = append(t.files, telemetry.RunFile{Name: name, SHA: e.SHA, Size: e.Size})
	return nil
}

// readTree asks for the tree of a branch, or of a SHA. Entries that are missing
// are an error, since files that are not listed are taken for gone.
func (f folder) readTree(ctx context.Context, ref string, t *tree) error {
	t.files, t.names = []telemetry.RunFile{}, map[string]bool{}
	address := "repos/" + f.repo + "/git/trees/" + ref
	_, err := f.c.get(ctx, request{address: address, limit: maxTree, keep: true}, func(in io.Reader) error {
		return upstream.Object(in, "tree", maxTreeRows, t.take, func(name string, value json.RawMessage) error {
			if name == "truncated" {
				return json.Unmarshal(value, &t.truncated)
			}
			return nil
		})
	})
	return err
}

// isRunFile reports whether an entry is a run file; kind is "" where it is not told.
func isRunFile(name, kind string) bool {
	return strings.HasSuffix(name, ".json") && !strings.Contains(name, "/") && (kind == "blob" || kind == "file" || kind == "")
}
