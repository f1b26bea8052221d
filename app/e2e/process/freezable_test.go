package process

import (
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// freezable is a proxy of a database. Once it freezes it holds
// its connections and passes nothing on.
type freezable struct {
	net.Listener
	to     string
	frozen atomic.Bool
	silent chan bool // a connection on which something was asked in vain
}

// newFreezable is a proxy of a database, and returns the address at which it
// is reached.
func newFreezable(t *testing.T, database string) (*freezable, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	f := &freezable{Listener: ln, to: u.Host, silent: make(chan bool, 1000)}
	u.Host = ln.Addr().String()
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.DialTimeout("tcp", f.to, program.Patience) //nolint:noctx // it has its own deadline
			if err != nil {
				near.Close()
				continue
			}
			t.Cleanup(func() { near.Close(); far.Close() })
			go f.pass(near, far)
			go f.pass(far, near)
		}
	}()
	return f, u.String()
}

// pass copies until the database is frozen.
func (f *freezable) pass(from, to net.Conn) {
	for buffer := make([]byte, 32<<10); ; {
		n, err := from.Read(buffer)
		if f.frozen.Load() {
			f.silent <- true
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			from.Close()
			to.Close()
			return
		}
	}
}
