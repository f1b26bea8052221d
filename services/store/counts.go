package store

import "strings"

// Counts is a set of figures by name. A name with a colon is one of a family:
// "open_severity:high".
type Counts map[string]int64

// Family adds the figures of a family by word.
func (t Counts) Family(name string, counts map[string]int64) {
	for word, n := range counts {
		t[name+":"+word] += n
	}
}

// Words returns the figures of a family by word, those that are 0 left out.
func (t Counts) Words(name string) map[string]int64 {
	counts := map[string]int64{}
	for key, n := range t {
		if word, ok := strings.CutPrefix(key, name+":"); ok && n != 0 {
			counts[word] = n
		}
	}
	return counts
}

// Counts returns the figures of a repository, or of all (Everywhere).
func (tx *Tx) Counts(repo int64) Counts {
	t := Counts{}
	tx.Each(`SELECT name, n FROM repo_counts WHERE repo_id = $1`, []any{repo}, func(r *Row) {
		var name string
		var n int64
		r.Scan(&name, &n)
		t[name] = n
	})
	return t
}
