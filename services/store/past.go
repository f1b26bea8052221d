package store

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Relation is a table as it was at a past time.
type Relation struct {
	Name string   // of the table
	For  []string // statements that have one of these words are for it; none is all
	// Light is a relation that is best read where it stands, also by a
	// statement that reads it twice.
	Light bool
	// Whole is a relation that a statement reads several times, and is best read once.
	Whole bool
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
	raised    uint64         // see Store
	rows      map[int]string // by relation, what its Rows gave
	kept      *pastRows
}

// pastRows keeps what Rows of relations gave: a page of a past time asks several
// times, and the next one often of the same time. Like a kept answer, what it
// keeps is of the versions that were read before the transaction began.
type pastRows struct {
	mu    sync.Mutex
	bytes int
	rows  map[pastKey]string
}

type pastKey struct {
	relation int
	at       int64
	raised   uint64
}

// pastBytes bounds what is kept: beyond it all is forgotten.
const pastBytes = 16 << 20

func (p *pastRows) get(key pastKey) (rows string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows, known = p.rows[key]
	return rows, known
}

func (p *pastRows) put(key pastKey, rows string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bytes += len(rows); p.bytes > pastBytes || p.rows == nil {
		p.rows, p.bytes = map[pastKey]string{}, len(rows)
	}
	p.rows[key] = rows
}

// ReadAt is Read as of a time: its statements read the tables of then, and its
// clock shows that time. Tables without a relation are read as they are. The
// zero time is now.
func (s *Store) ReadAt(ctx context.Context, at time.Time, relations []Relation, do func(*Tx) error) error {
	if at.IsZero() {
		return s.Read(ctx, do)
	}
	s.mu.Lock()
	raised := s.raised
	s.mu.Unlock()
	return s.Read(ctx, func(tx *Tx) error {
		tx.now, tx.past = at, &past{at.UnixMilli(), relations, raised, map[int]string{}, &s.pasts}
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
	switch {
	case r.Light:
		return r.Name + " AS NOT MATERIALIZED (" + r.SQL + ")"
	case r.Whole:
		return r.Name + " AS MATERIALIZED (" + r.SQL + ")"
	}
	return r.Name + " AS (" + r.SQL + ")"
}

func (tx *Tx) rowsOf(relation int) string {
	rows, known := tx.past.rows[relation]
	if known {
		return rows
	}
	key := pastKey{relation, tx.past.at, tx.past.raised}
	if rows, known = tx.past.kept.get(key); !known {
		rows = tx.past.relations[relation].Rows(tx)
		if tx.err == nil {
			tx.past.kept.put(key, rows)
		}
	}
	tx.past.rows[relation] = rows
	return rows
}
