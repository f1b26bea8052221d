package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"
)

// Asked is a query as a store sent it.
type Asked struct {
	Query string
	Args  []any
}

// Recorder stands before a database's driver, and notes what is asked.
type Recorder struct {
	driver  driver.Driver
	address string
	mu      sync.Mutex
	queries []Asked
}

// Record lets a store read through a Recorder from now on.
func Record(tb testing.TB, s *Store, address string) *Recorder {
	tb.Helper()
	r := &Recorder{driver: s.reader().Driver(), address: address}
	before, db := s.reader(), sql.OpenDB(r)
	readFrom := func(db *sql.DB) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.read = db
	}
	readFrom(db)
	tb.Cleanup(func() {
		readFrom(before)
		_ = db.Close()
	})
	return r
}

func (r *Recorder) Connect(context.Context) (driver.Conn, error) {
	conn, err := r.driver.Open(r.address)
	return &recordedConn{conn, r}, err
}

func (r *Recorder) Driver() driver.Driver { return r.driver }

// Take returns what was Asked since it was last called.
func (r *Recorder) Take() []Asked {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.queries
	r.queries = nil
	return list
}

func (r *Recorder) note(query string, args []driver.NamedValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := Asked{Query: query}
	for _, v := range args {
		a.Args = append(a.Args, v.Value)
	}
	r.queries = append(r.queries, a)
}

type recordedConn struct {
	driver.Conn
	to *Recorder
}

func (c *recordedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *recordedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.to.note(query, args)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *recordedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *recordedConn) CheckNamedValue(v *driver.NamedValue) error {
	if check, ok := c.Conn.(driver.NamedValueChecker); ok {
		return check.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// Explained returns the lines of a query's plan.
func (s *Store) Explained(t *testing.T, prefix string, a Asked, settings ...string) []string {
	t.Helper()
	conn, err := s.write.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, setting := range settings {
		if _, err := conn.ExecContext(t.Context(), setting); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.QueryContext(t.Context(), prefix+" "+a.Query, a.Args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		into := make([]any, len(columns))
		var line string
		for i := range into {
			into[i] = new(any)
		}
		into[len(into)-1] = &line
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
