package store

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Relation is a table as it was at a past time.
type Relation struct {
	Name string   // of the table
	For  []string // statements that have one of these words are for it; none is all
	// Light is a relation that is best read where it stands, also by a
	// statement that reads it twice.
	Light bool
	// SQL selects its rows. In it @ stands for the time, in unix milliseconds,
	// rows() for what Rows gives, of which each list is e.value, and base. begins
	// the names of tables as they are stored.
	SQL string
	// Rows gives what SQL alone cannot tell, as a JSON list of lists. It is
	// asked once in a transaction, and only where a statement reads the table.
	Rows func(tx *Tx) string
}

// past is the time that a transaction reads as of.
type past struct {
	at        int64
	relations []Relation
	rows      map[int]string // by relation, what its Rows gave
}

// ReadAt is Read as of a time: its statements read the tables of then, and its
// clock shows that time. Tables without a relation are read as they are. The
// zero time is now.
func (s *Store) ReadAt(ctx context.Context, at time.Time, relations []Relation, do func(*Tx) error) error {
	if at.IsZero() {
		return s.Read(ctx, do)
	}
	return s.Read(ctx, func(tx *Tx) error {
		tx.now, tx.past = at, &past{at.UnixMilli(), relations, map[int]string{}}
		return do(tx)
	})
}

// Past reports whether the transaction reads as of a past time.
func (tx *Tx) Past() bool { return tx.past != nil }

// readTable finds the tables that a statement reads. Those of base. are not
// among them.
var readTable = regexp.MustCompile(`(?:FROM|JOIN)\s+([a-z_]+)\b(?:[^.]|$)`)

// asked is a statement as the database knows it, with its arguments: as of a
// past time the tables of then come before it, under the names of those of now.
func (tx *Tx) asked(query string, args []any) (string, []any) {
	if tx.past == nil {
		return tx.spelled(query), args
	}
	named := map[string]bool{}
	for _, found := range readTable.FindAllStringSubmatch(query, -1) {
		named[found[1]] = true
	}
	var then []string
	at := len(args) + 1
	for i, r := range tx.past.relations {
		if !named[r.Name] || !r.isFor(query) {
			continue
		}
		if len(then) == 0 {
			args = append(slices.Clone(args), tx.past.at)
		}
		text := strings.ReplaceAll(r.as(), "@", "$"+strconv.Itoa(at))
		if r.Rows != nil {
			args = append(args, tx.rowsOf(i))
			text = strings.ReplaceAll(text, "rows()", strings.ReplaceAll(tx.dialect.jsonRows(), "$1", "$"+strconv.Itoa(len(args))))
		}
		then, named[r.Name] = append(then, text), false
	}
	if len(then) > 0 {
		begin := "WITH " + strings.Join(then, ", ")
		if rest, has := strings.CutPrefix(query, "WITH "); has {
			query = begin + ", " + rest
		} else {
			query = begin + " " + query
		}
	}
	return tx.spelled(query), args
}

func (r Relation) isFor(query string) bool {
	return len(r.For) == 0 || slices.ContainsFunc(r.For, func(word string) bool { return strings.Contains(query, word) })
}

// as is the relation as a statement begins with it.
func (r Relation) as() string {
	if r.Light {
		return r.Name + " AS NOT MATERIALIZED (" + r.SQL + ")"
	}
	return r.Name + " AS (" + r.SQL + ")"
}

func (tx *Tx) rowsOf(relation int) string {
	rows, known := tx.past.rows[relation]
	if !known {
		rows = tx.past.relations[relation].Rows(tx)
		tx.past.rows[relation] = rows
	}
	return rows
}
