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
	// kept, and asked only where a statement reads the table.
	Rows func(tx *Tx) string
}

// past is the time that a transaction reads as of.
type past struct {
	at        int64
	relations []Relation
	raised    uint64 // see Store
	kept      *pastKept
}

// pastKept keeps what was read of past times (see Kept).
type pastKept struct {
	mu     sync.Mutex
	bytes  int
	values map[pastKey]any
}

type pastKey struct {
	what   string
	at     int64
	raised uint64
}

// pastBytes bounds what is kept: beyond it all is forgotten.
const pastBytes = 16 << 20

func (p *pastKept) get(key pastKey) any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.values[key]
}

func (p *pastKept) put(key pastKey, value any, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bytes += bytes; p.bytes > pastBytes || p.values == nil {
		p.values, p.bytes = map[pastKey]any{}, bytes
	}
	p.values[key] = value
}

// Kept returns what read gives of a past time, with about how many bytes that is,
// and remembers it for others: a page of a past time asks for the same several times,
// and the next one often of the same time. what names it with all that it depends on
// beside the time; nobody may change it. Like a kept answer, it is of the versions
// that were read before the transaction began. Of now nothing is kept.
func Kept[T any](tx *Tx, what string, read func() (value T, bytes int)) T {
	if tx.past == nil {
		value, _ := read()
		return value
	}
	key := pastKey{what, tx.past.at, tx.past.raised}
	if value, known := tx.past.kept.get(key).(T); known {
		return value
	}
	value, bytes := read()
	if tx.err == nil {
		tx.past.kept.put(key, value, bytes)
	}
	return value
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
		tx.now, tx.past = at, &past{at.UnixMilli(), relations, raised, &s.pasts}
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
	r := tx.past.relations[relation]
	return Kept(tx, "the rows of "+r.Name+" "+strconv.Itoa(relation), func() (string, int) {
		rows := r.Rows(tx)
		return rows, len(rows)
	})
}
