package store

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"modernc.org/sqlite"

	"telemetry-dashboard/services/telemetry"
)

// openLite opens a SQLite database. No connection is made while lost says that
// the file is another one: of an empty file SQLite removes the log, and with it
// what is only there. keeps is for the writer, see keepingConn.
func openLite(dsn string, keeps bool, lost func() *telemetry.Error) (*sql.DB, error) {
	base, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(liteConnector{base, keeps, lost}), nil
}

type liteConnector struct {
	driver.Connector
	keeps bool
	lost  func() *telemetry.Error
}

func (c liteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if lost := c.lost(); lost != nil {
		return nil, lost
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if lost := c.lost(); lost != nil { // it was replaced meanwhile, so that the other one may have been opened
		_ = conn.Close() // nothing was done with it
		return nil, lost
	}
	if !c.keeps {
		return conn, nil
	}
	lite := conn.(liteConn) //nolint:forcetypeassert // of the driver that is imported above
	return &keepingConn{lite, map[string]*keptStmt{}}, nil
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

// keepingConn keeps its prepared statements by their texts, which are as many
// as the program has for writing: preparing one anew is a fifth of what storing
// a record costs. A statement is not broken off when its context ends, but
// before the next one: what watches each of them costs more than a short
// statement. Like every connection it is for one goroutine.
type keepingConn struct {
	liteConn
	kept map[string]*keptStmt
}

type keptStmt struct {
	driver.Stmt
	busy, spare bool // spare: the kept one of its text is busy
}

func (s *keptStmt) release() {
	if s.busy = false; s.spare {
		_ = s.Close() // it has no rows to read, so nothing can fail
	}
}

// statement returns the statement of a text for one use, until it is released.
func (c *keepingConn) statement(ctx context.Context, query string) (*keptStmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := c.kept[query]
	if s != nil && !s.busy {
		s.busy = true
		return s, nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	fresh := &keptStmt{stmt, true, s != nil}
	if s == nil {
		c.kept[query] = fresh
	}
	return fresh, nil
}

func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	defer s.release()
	//nolint:forcetypeassert // see Connect
	return s.Stmt.(driver.StmtExecContext).ExecContext(context.WithoutCancel(ctx), args)
}

func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	//nolint:forcetypeassert // see Connect
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(context.WithoutCancel(ctx), args)
	if err != nil {
		s.release()
		return nil, err
	}
	return &keptRows{rows, s}, nil
}

// Close closes the statements first: the file stays open as long as one is.
func (c *keepingConn) Close() error {
	for _, s := range c.kept {
		_ = s.Close() // as above
	}
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
