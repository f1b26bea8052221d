package store

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"modernc.org/sqlite"

	"telemetry-dashboard/services/telemetry"
)

// keptStatements is how many prepared statements a SQLite connection keeps:
// more than storing a record needs. keptByReaders is less, since readers are
// several, and a statement takes some ten kilobytes.
const (
	keptStatements = 100
	keptByReaders  = 16
)

// openLite opens a SQLite database whose connections keep their prepared
// statements: preparing one anew is a fifth of what storing a record costs,
// and more of what a short query does. Statements of a steady database are
// not broken off when their context ends, but before the next one: what
// watches each of them for that costs more than a short statement. No
// connection is made while lost says that the file is another one: of an empty
// file SQLite removes the log, and with it what is only there.
func openLite(dsn string, steady bool, lost func() *telemetry.Error) (*sql.DB, error) {
	base, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keepingConnector{base, steady, lost}), nil
}

type keepingConnector struct {
	driver.Connector
	steady bool
	lost   func() *telemetry.Error
}

// liteConn is what the driver's connection can do.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// liteStmt is what its statements can do.
type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func (k keepingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if lost := k.lost(); lost != nil {
		return nil, lost
	}
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &keepingConn{liteConn: conn.(liteConn), steady: k.steady} //nolint:forcetypeassert // of the driver that is imported above
	kept := keptByReaders
	if k.steady {
		kept = keptStatements
	}
	c.kept, err = simplelru.NewLRU(kept, func(_ string, s *keptStmt) { s.drop() })
	return c, err
}

// keepingConn is a connection with its statements by their texts. Like every
// connection it is for one goroutine.
type keepingConn struct {
	liteConn
	steady bool
	kept   *simplelru.LRU[string, *keptStmt]
}

// keptStmt is a statement that is closed when nothing keeps it any more and
// its rows are read.
type keptStmt struct {
	liteStmt
	busy, dropped bool
}

func (s *keptStmt) drop() {
	s.dropped = true
	if !s.busy {
		_ = s.Close() // it has no rows to read, so nothing can fail
	}
}

func (s *keptStmt) release() {
	s.busy = false
	if s.dropped {
		_ = s.Close() // as above
	}
}

// take returns the statement of a text for one use, until it is released.
func (c *keepingConn) take(ctx context.Context, query string) (*keptStmt, error) {
	s, kept := c.kept.Get(query)
	if kept && !s.busy {
		s.busy = true
		return s, nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s = &keptStmt{liteStmt: stmt.(liteStmt), busy: true, dropped: kept} //nolint:forcetypeassert // see Connect
	if !kept {
		c.kept.Add(query, s)
	}
	return s, nil
}

// within returns the context in which a statement runs.
func (c *keepingConn) within(ctx context.Context) (context.Context, error) {
	if c.steady {
		return context.WithoutCancel(ctx), ctx.Err()
	}
	return ctx, nil
}

func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx, err := c.within(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	defer s.release()
	return s.ExecContext(ctx, args)
}

func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, err := c.within(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		s.release()
		return nil, err
	}
	return &keptRows{rows, s}, nil
}

// Close closes the statements first: the file stays open as long as one is.
func (c *keepingConn) Close() error {
	c.kept.Purge()
	return c.liteConn.Close()
}

// keptRows release their statement when they are closed.
type keptRows struct {
	driver.Rows
	of *keptStmt
}

func (r *keptRows) Close() error {
	err := r.Rows.Close()
	r.of.release()
	return err
}
