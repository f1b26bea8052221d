package panels

import (
	"slices"

	"telemetry-dashboard/views/parts"
)

// none reports whether nothing is open.
func (b Breakdown) none() bool {
	return !slices.ContainsFunc(slices.Concat(b.Severity, b.Family), func(s parts.Slice) bool { return s.N > 0 })
}

// label names an outcome, such as "Finished, no PR".
func (r OutcomeRow) label() string {
	label := SessionState(r.State, "", r.HasPR).Label
	if r.HasPR && r.State != "finished" && r.State != "pr_ready" {
		label += ", with PR"
	}
	return label
}

// table is the chart's numbers, each with its list.
func (o Outcomes) table() []parts.Row {
	rows := make([]parts.Row, len(o.Rows))
	for i, r := range o.Rows {
		rows[i] = parts.Row{Name: r.label(), Cells: []parts.Link{{Text: parts.Number(r.N), URL: r.URL}}}
	}
	return rows
}
