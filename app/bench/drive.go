package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// answer is what came back for a request.
type answer struct {
	status  int
	headers [][2]string
	body    []byte
}

func (a *answer) header(name string) string {
	for _, h := range a.headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// client is one kept-alive connection. It does little, so that on a machine
// of few cores what is measured is the server.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(address string) (*client, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// request is a GET as a browser's, written out.
func request(host, path, more string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nAccept-Encoding: gzip\r\n" + more + "\r\n")
}

// ask sends a request and reads its answer; into gets headers and body where
// it is not nil.
func (c *client) ask(req []byte, into *answer) (status int, err error) {
	if _, err = c.conn.Write(req); err != nil {
		return 0, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0, errors.Join(err, fmt.Errorf("no answer"))
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := 0
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); len(name) == 14 && string(name) == "Content-Length" {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		} else if into != nil {
			into.headers = append(into.headers, [2]string{string(name), string(value)})
		}
	}
	if status == 304 {
		length = 0
	}
	if into == nil {
		_, err = c.in.Discard(length)
		return status, err
	}
	into.status, into.body = status, make([]byte, length)
	_, err = io.ReadFull(c.in, into.body)
	return status, err
}

// get asks once, on a connection of its own.
func get(address string, req []byte) (*answer, error) {
	c, err := dial(address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	a := &answer{}
	_, err = c.ask(req, a)
	return a, err
}

// How long is measured.
const (
	connections = 4
	rounds      = 5
	slice       = 40 * time.Millisecond
	firstTime   = time.Second
	firstMost   = 200
	firstLeast  = 5
)

// measured is what an address gave under load.
type measured struct {
	times []time.Duration
	ratio float64 // median of its rate in a round to the yardstick's in the same
}

// against asks an address and the yardstick in turn, round by round, so that
// a slow moment of the machine meets both.
func against(address, yardstick string, req []byte, status int) (measured, error) {
	var p measured
	var ratios []float64
	for round := range rounds + 1 {
		bare, _, err := drive(yardstick, req, status)
		if err != nil {
			return p, fmt.Errorf("the yardstick: %w", err)
		}
		rate, times, err := drive(address, req, status)
		if err != nil {
			return p, err
		}
		if round == 0 {
			continue // it warms both up
		}
		ratios = append(ratios, rate/bare)
		p.times = append(p.times, times...)
	}
	slices.Sort(ratios)
	p.ratio = ratios[len(ratios)/2]
	return p, nil
}

// drive asks an address by several connections for a slice of time, and
// returns the requests a second.
func drive(address string, req []byte, status int) (rate float64, times []time.Duration, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	begun := time.Now()
	for range connections {
		all.Go(func() {
			mine, e := driveOne(address, req, status, begun.Add(slice))
			mu.Lock()
			defer mu.Unlock()
			times, err = append(times, mine...), errors.Join(err, e)
		})
	}
	all.Wait()
	return float64(len(times)) / time.Since(begun).Seconds(), times, err
}

func driveOne(address string, req []byte, status int, end time.Time) ([]time.Duration, error) {
	c, err := dial(address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	times := make([]time.Duration, 0, 1024)
	for now := time.Now(); now.Before(end); {
		got, err := c.ask(req, nil)
		if err != nil {
			return nil, err
		}
		if got != status {
			return nil, fmt.Errorf("status %d, not %d", got, status)
		}
		next := time.Now()
		times, now = append(times, next.Sub(now)), next
	}
	return times, nil
}

// one asks on one connection, one request after the other, calling before
// ahead of each.
func one(address string, req []byte, before func()) ([]time.Duration, error) {
	c, err := dial(address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var times []time.Duration
	for end := time.Now().Add(firstTime); len(times) < firstMost && (len(times) < firstLeast || time.Now().Before(end)); {
		before()
		begun := time.Now()
		status, err := c.ask(req, nil)
		if err != nil {
			return nil, err
		}
		if status != 200 {
			return nil, fmt.Errorf("status %d, not 200", status)
		}
		times = append(times, time.Since(begun))
	}
	return times, nil
}

// quantile returns the time that a share of times does not exceed; times get
// sorted.
func quantile(times []time.Duration, share float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, int(share*float64(len(times))))]
}
