package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// door is the way of one program to GitHub. It counts what is asked, and holds
// back the answers of a path, as they were when the request came.
type door struct {
	player http.Handler
	mu     sync.Mutex
	asked  int
	lists  int    // listings of run files
	path   string // of the answers that are held back, "" for none
	at     chan bool
	open   chan bool
}

func newDoor() *door { return &door{at: make(chan bool, 100), open: make(chan bool)} }

func (d *door) front(player http.Handler) http.Handler {
	d.player = player
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked++
	if strings.Contains(r.URL.Path, "/git/trees/") {
		d.lists++
	}
	held, open := d.path != "" && strings.Contains(r.URL.Path, d.path), d.open
	d.mu.Unlock()
	answer := httptest.NewRecorder()
	d.player.ServeHTTP(answer, r)
	if held {
		d.at <- true
		select {
		case <-open:
		case <-r.Context().Done():
			return
		}
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = io.Copy(w, answer.Body) // to who may have gone
}

// close holds back the answers of a path from now on.
func (d *door) close(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.path = path
}

// reached waits until an answer is held back.
func (d *door) reached(t *testing.T) {
	t.Helper()
	select {
	case <-d.at:
	case <-time.After(6 * program.Patience):
		t.Fatal("nothing is asked that is held back")
	}
}

// drain forgets that answers were held back.
func (d *door) drain() {
	for len(d.at) > 0 {
		<-d.at
	}
}

// release lets all answers go.
func (d *door) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.open)
	d.path, d.open = "", make(chan bool)
}

func (d *door) counts() (asked, lists int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked, d.lists
}

// replica is one of several programs on one database.
type replica struct {
	*program.Program
	github, devin *door
}

const hasLease = "this program runs the jobs"

// leads reports whether the program has got the lease since it was started.
func (r replica) leads() bool { return strings.Contains(r.Log(), hasLease) }

// fleet starts programs on one database, of which the first has the lease and
// has done what a start does. Each has settings of its own beside.
func fleet(t *testing.T, settings ...program.Settings) (*program.Played, []replica) {
	t.Helper()
	played := program.NewPlayed(t, "cog_played", program.SampleWith(map[string]any{"pr_url": ""}))
	var replicas []replica
	for _, own := range settings {
		github, devin := newDoor(), newDoor()
		fronts := program.Fronts{"GITHUB_API_URL": github.front, "DEVIN_API_URL": devin.front}
		r := replica{program.Start(t, played.Settings(fronts).With(own)), github, devin}
		if len(replicas) == 0 {
			r.Until("the first program never has the lease", r.leads)
			r.Until("the refresh of the start does not end", func() bool { return r.job("refresh", "done") != nil })
		}
		replicas = append(replicas, r)
	}
	return played, replicas
}

// onOnePostgres are the settings of so many programs on one database.
func onOnePostgres(t *testing.T, n int) []program.Settings {
	t.Helper()
	address, all := storetest.PostgresAddress(t), []program.Settings{}
	for range n {
		all = append(all, program.Settings{"DATABASE_URL": address})
	}
	return all
}

// said is what a program answered.
type said struct {
	status int
	body   map[string]any
}

// post posts while the test goes on.
func (r replica) post(path string) <-chan said {
	got := make(chan said, 1)
	go func() {
		status, body := r.Ask(http.MethodPost, path)
		got <- said{status, body}
	}()
	return got
}

// job is the latest job of the kind that is in a state, nil for none.
func (r replica) job(kind, state string) map[string]any {
	r.T.Helper()
	for _, j := range r.Items("/api/jobs?per_page=50") {
		if j["kind"] == kind && j["state"] == state {
			return j
		}
	}
	return nil
}

// hears opens a stream of events, as a page does, and returns a function that waits
// until it tells of other records than at first. One that ends is opened again.
func hears(p *program.Program) (changed func()) {
	p.T.Helper()
	ctx, end := context.WithTimeout(p.T.Context(), 6*program.Patience)
	p.T.Cleanup(end)
	var events *bufio.Scanner
	records := func() string { // in the next event that has it
		for {
			for events != nil && events.Scan() {
				if _, rest, found := strings.Cut(events.Text(), "records="); found {
					version, _, _ := strings.Cut(rest, " ")
					return version
				}
			}
			res, err := p.Client().Do(p.Request(http.MethodGet, "/events", "").WithContext(ctx))
			if err != nil {
				p.T.Fatal(err)
			}
			p.T.Cleanup(func() { _ = res.Body.Close() })
			events = bufio.NewScanner(res.Body)
		}
	}
	first := records()
	return func() {
		p.T.Helper()
		for records() == first {
		}
	}
}

// lateScan is a run file of another repository.
func lateScan(run int) []byte {
	return program.SmallScan(run, fmt.Sprintf("2026-02-%02dT10:00:00Z", run), map[string]any{"target_repo": fmt.Sprintf("octo/late%d", run)})
}

// cable is a network between a program and PostgreSQL that can be cut: what is
// sent arrives nowhere, and no end learns of it.
type cable struct {
	t     *testing.T
	to    string
	ln    net.Listener
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{t: t, to: to, ln: ln}
	t.Cleanup(func() {
		ln.Close()
		c.mend()
	})
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	return c
}

func (c *cable) carry(from net.Conn) {
	to, err := net.Dial("tcp", c.to) //nolint:noctx // on this machine
	if err != nil {
		from.Close()
		return
	}
	c.mu.Lock()
	c.conns = append(c.conns, from, to)
	c.mu.Unlock()
	go c.pass(from, to)
	c.pass(to, from)
}

func (c *cable) pass(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		for c.isCut() {
			time.Sleep(10 * time.Millisecond)
		}
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			from.Close()
			to.Close()
			return
		}
	}
}

func (c *cable) isCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

// mend lets the network carry again. What was connected is reset.
func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = false
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}
