package githubtest

import (
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is what requests get instead of an answer. Its zero value is a 500.
type Fault struct {
	Method string // "" is any
	Path   string // a part of the path with its query; "" is any
	Exact  bool   // Path is all of it, without the query
	Times  int    // how many requests get it; 0 is all, until ClearFaults

	Status   int              // 0 is 500, with CutShort 200
	Header   http.Header      // more headers
	Message  string           // what GitHub says
	Docs     string           // documentation_url
	Raw      string           // the body as it is, instead of Message; " " is nearly none
	Empty    bool             // no body at all
	Gzip     bool             // the body is compressed, and says so
	Drip     time.Duration    // between two bytes of the body
	Stall    bool             // half of the body comes, then nothing until the client leaves
	Delay    time.Duration    // before the answer; a client that leaves ends it
	CutShort bool             // the body ends before its Content-Length
	Drop     bool             // the connection is closed without an answer
	Answer   http.HandlerFunc // answers instead; the request's body has been read
}

// Secondary is GitHub's limit on requests in a short time, with a wait in
// seconds, 0 to tell none. status is 403 or 429.
func Secondary(status, seconds int) Fault {
	f := Fault{
		Status:  status,
		Message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
		Docs:    docs + "/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
		Header:  http.Header{},
	}
	if seconds > 0 {
		f.Header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return f
}

// Fail adds a fault. Of several that fit, the one added first is taken.
func (p *Player) Fail(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, &f)
}

// ClearFaults takes every fault away.
func (p *Player) ClearFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

func (p *Player) takeFault(r *http.Request) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range p.faults {
		if !f.fits(r) {
			continue
		}
		taken := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				p.faults = append(p.faults[:i:i], p.faults[i+1:]...)
			}
		}
		return &taken
	}
	return nil
}

func (f *Fault) fits(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if f.Exact {
		return r.URL.Path == f.Path
	}
	return strings.Contains(r.URL.RequestURI(), f.Path)
}

func (f *Fault) answer(w http.ResponseWriter, r *http.Request) {
	// The server notices that a client left only once the body is read.
	_, _ = io.Copy(io.Discard, r.Body)
	if f.Delay > 0 {
		wait := time.NewTimer(f.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	}
	if f.Answer != nil {
		f.Answer(w, r)
		return
	}
	body := f.Raw
	if body == "" && !f.Empty {
		body = fmt.Sprintf(`{"message": %q, "documentation_url": %q}`, cmp.Or(f.Message, "Server Error"), cmp.Or(f.Docs, docs))
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	switch {
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.CutShort:
		w.Header().Set("Content-Length", strconv.Itoa(2*len(body)+1))
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		_, _ = w.Write([]byte(body))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case f.Stall || f.Drip > 0:
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		f.drip(w, r, body)
		return
	case f.Gzip:
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		zip := gzip.NewWriter(w)
		_, _ = zip.Write([]byte(body)) // a client that left is not a failure of ours
		_ = zip.Close()
		return
	}
	w.WriteHeader(cmp.Or(f.Status, http.StatusInternalServerError))
	_, _ = w.Write([]byte(body))
}

// drip writes body a byte at a time, or half of it and then nothing.
func (f *Fault) drip(w http.ResponseWriter, r *http.Request, body string) {
	flush := http.NewResponseController(w).Flush
	if f.Stall {
		_, _ = w.Write([]byte(body[:len(body)/2]))
		_ = flush()
		<-r.Context().Done()
		return
	}
	wait := time.NewTicker(f.Drip)
	defer wait.Stop()
	for i := range body {
		_, _ = w.Write([]byte(body[i : i+1]))
		_ = flush()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	}
}
