package github

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// symlink is the mode of an entry that holds a path instead of a record.
const symlink = "120000"

// treeEntry is one entry of a tree, which has a path, or of a folder's
// contents, which has a name.
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

	side map[string]telemetry.RunFile // by name: files beside the run files
}

// sidesFolder is the folder of the run files' folder. Files of the
// orchestrator lie in it or, in older layouts, at the top of the repository.
const sidesFolder = "telemetry"

// takeSide looks whether an entry is a file of the orchestrator. The tree that
// is looked at may be the whole one, the top one or that of sidesFolder; the
// latter, which comes later, wins.
func (t *tree) takeSide(e treeEntry) {
	name := strings.TrimPrefix(e.Path, sidesFolder+"/")
	if e.Type != "blob" || e.Mode == symlink || !slices.Contains(telemetry.SideFiles(), name) {
		return
	}
	if t.side == nil {
		t.side = map[string]telemetry.RunFile{}
	}
	if _, have := t.side[name]; !have || name != e.Path || t.prefix == "" {
		t.side[name] = telemetry.RunFile{Name: name, SHA: e.SHA, Size: e.Size}
	}
}

func (t *tree) sides() []telemetry.RunFile { return sortedSides(t.side) }

func sortedSides(side map[string]telemetry.RunFile) []telemetry.RunFile {
	return slices.SortedFunc(maps.Values(side), func(a, b telemetry.RunFile) int { return strings.Compare(a.Name, b.Name) })
}

// whole tells that files are all: the tree is not cut, and holds what its
// folders hold.
func (t *tree) whole() bool { return !t.truncated && (t.within || !t.above) }

// take looks at one entry.
func (t *tree) take(e treeEntry) error {
	if e.Path == "" || !isObjectName(e.SHA) {
		return &unusable{"has an entry without a usable path or SHA"}
	}
	t.within = t.within || strings.HasPrefix(e.Path, t.prefix)
	t.takeSide(e)
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

// readTree asks for the tree of a branch, or of a SHA, and returns the ETag of
// its answer. A whole tree has its own memory: then etag is what the caller
// has. Entries that are missing are an error, since files that are not listed
// are taken for gone.
func (f folder) readTree(ctx context.Context, ref string, recursive bool, etag string, t *tree) (string, error) {
	r := request{address: "repos/" + f.owner + "/" + f.name + "/git/trees/" + escape(ref), limit: maxTree, etag: etag, keep: !recursive}
	if recursive {
		r.address += "?recursive=1"
	}
	t.files, t.names = []telemetry.RunFile{}, map[string]bool{}
	p, err := f.c.get(ctx, r, func(in io.Reader) error {
		return upstream.Object(in, "tree", maxTreeRows, t.take, func(name string, value json.RawMessage) error {
			if name == "truncated" {
				return json.Unmarshal(value, &t.truncated)
			}
			return nil
		})
	})
	return p.etag, err
}

// isRunFile reports whether an entry is a run file; type "" is one that the
// server does not tell.
func isRunFile(name, kind string) bool {
	return strings.HasSuffix(name, ".json") && !strings.Contains(name, "/") && (kind == "blob" || kind == "file" || kind == "")
}
