package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is what requests get instead of an answer. Its zero value is a 500.
type Fault struct {
	Method string // "" is any
	Path   string // a part of the path with its query; "" is any
	Times  int    // how many requests get it; 0 is all, until ClearFaults

	Status   int           // 0 is 500, with CutShort 200
	Header   http.Header   // more headers
	Message  string        // what GitHub says
	Docs     string        // documentation_url
	Raw      string        // the body as it is, instead of Message
	Delay    time.Duration // before the answer; a client that leaves ends it
	CutShort bool          // the body ends before its Content-Length
	Drop     bool          // the connection is closed without an answer
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
		if (f.Method != "" && f.Method != r.Method) || !strings.Contains(r.URL.RequestURI(), f.Path) {
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

func (f *Fault) answer(w http.ResponseWriter, r *http.Request) {
	if f.Delay > 0 {
		wait := time.NewTimer(f.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	}
	body := f.Raw
	if body == "" {
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
	}
	w.WriteHeader(cmp.Or(f.Status, http.StatusInternalServerError))
	_, _ = w.Write([]byte(body)) // a client that left is no failure of ours
}
