package lists

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Files are the run files that the store knows, those with an error first.
func Files(s *store.Store) *List[telemetry.FileRow] {
	type row = telemetry.FileRow
	const broken = "f.error <> '' AND f.gone = 0"
	return bind(s, List[row]{
		Name: "files", Noun: "run files",
		From: "files f", Key: "f.id", Default: "state",
		Free: func(_ moment, text string) Cond { return inFile("f.file", text) },
		Fields: []Field[row]{
			{Name: "file", Help: "part of the file's name", Column: "f.file", Into: func(f *row) any { return &f.File }, CSV: "file",
				Asked: path("f.file"), Sort: up("f.file | f.source")},
			{Name: "is", Aliases: []string{"state"}, Help: "broken, gone, in force or pruned",
				Asked: is(word{"error", broken}, word{"gone", "f.gone = 1"}, word{"ok", "f.error = '' AND f.gone = 0"},
					word{"pruned", "f.pruned_at > 0"})},
			{Name: "state", Sort: up("CASE WHEN " + broken + " THEN 0 ELSE 1 END | f.file | f.source")},
			{Name: "source", Column: "f.source", Into: func(f *row) any { return &f.Source }, CSV: "source"},
			{Name: "kind", Column: "f.kind", Into: func(f *row) any { return &f.Kind }, CSV: "kind"},
			{Name: "sha", Column: "f.sha", Into: func(f *row) any { return &f.SHA }, CSV: "blob_sha"},
			{Name: "size", Column: "f.size", Into: func(f *row) any { return &f.Size }, CSV: "size"},
			{Name: "error", Column: "f.error", Into: func(f *row) any { return &f.Error }, CSV: "error"},
			{Name: "gone", Column: "f.gone", Into: func(f *row) any { return &f.Gone }, CSV: "gone"},
			{Name: "shadowed", Column: "CASE WHEN f.gone = 0 AND f.live = 0 AND f.body IS NOT NULL THEN 1 ELSE 0 END",
				Into: func(f *row) any { return &f.Shadowed }, CSV: "shadowed"},
			{Name: "pruned_at", Column: "f.pruned_at", Into: func(f *row) any { return &f.PrunedAt }, CSV: "pruned_at"},
			{Name: "fetched_at", Column: "f.fetched_at", Into: func(f *row) any { return &f.FetchedAt }, CSV: "fetched_at",
				Sort: down("f.fetched_at | f.file | f.source")},
		},
	})
}
