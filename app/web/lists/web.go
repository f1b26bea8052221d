// Package lists is the pages of lists, among them a repository's, with the
// bar above each: its query, its menus and its saved views.
//
// A further list is a panel whose Draw is list(…): the query box, menus,
// sorting, paging and the fragment's address follow from it.
package lists

import "telemetry-dashboard/app/web/shell"

// Web answers for the pages of lists. It is safe for concurrent use.
type Web struct{ *shell.Shell }

// New returns a Web.
func New(s *shell.Shell) *Web { return &Web{s} }
