package panels

import "telemetry-dashboard/views/parts"

// none tells whether nothing is open.
func (b Breakdown) none() bool {
	for _, slices := range [][]parts.Slice{b.Severity, b.Family} {
		for _, s := range slices {
			if s.N > 0 {
				return false
			}
		}
	}
	return true
}

// word is an outcome in words, such as "Finished, no PR".
func (r OutcomeRow) word() string {
	word := sessionState(r.State, "", r.HasPR).Word
	if r.HasPR && r.State != "finished" && r.State != "pr_ready" {
		word += ", with PR"
	}
	return word
}

// table is the chart's numbers, each with its list.
func (o Outcomes) table() []parts.Row {
	rows := make([]parts.Row, len(o.Rows))
	for i, r := range o.Rows {
		rows[i] = parts.Row{Name: r.word(), Cells: []parts.Link{{Text: parts.Number(r.N), URL: r.URL}}}
	}
	return rows
}
