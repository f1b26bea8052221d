package devintest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is what a request asks for.
type Kind string

// The kinds of requests. KindAny stands for those that have no fault of their
// own.
const (
	KindAny      Kind = ""
	KindList     Kind = "list"     // the list of sessions
	KindSession  Kind = "session"  // one session by id; v1's messages are in it
	KindMessages Kind = "messages" // v3's messages of a session
	KindSend     Kind = "send"     // a message to a session
	KindCreate   Kind = "create"   // a new session
	KindSelf     Kind = "self"     // v3's question whose the key is
	KindUnknown  Kind = "unknown"  // a path or method that the API does not have
)

// Fault is how requests fail. The zero Fault is none.
type Fault struct {
	Delay time.Duration // waits first
	Abort bool          // closes the connection without an answer
	Times int           // so many requests; 0 is all, until the next Fail

	// What is answered instead. Without any of these what was asked is done.
	Status     int    // an error of this status
	RetryAfter string // the header of that error
	Location   string // the header of a redirect
	NotJSON    bool   // a page of HTML, with Status or 200
	Body       string // this, with Status or 200; {n} in it is the number of the request

	// How the answer is sent.
	Cut   bool          // half of it, then the connection ends
	Short bool          // half of it, as if that were all
	Stall bool          // half of it, then nothing until the asker leaves
	Drip  time.Duration // byte by byte with this pause
	Gzip  bool          // packed
}

// Fail makes requests of a kind fail. A zero Fault ends that.
func (p *Player) Fail(kind Kind, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[kind] = f
	if f == (Fault{}) {
		delete(p.faults, kind)
	}
}

// Counts returns how many requests of each kind came, faulty or not, since New
// or ResetCounts.
func (p *Player) Counts() map[Kind]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// ResetCounts sets all counts to zero.
func (p *Player) ResetCounts() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.counts)
}

// count counts a request and returns its number and the fault that it meets.
func (p *Player) count(kind Kind) (int, Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[kind]++
	of := kind
	f, own := p.faults[kind]
	if !own {
		of = KindAny
		f = p.faults[KindAny]
	}
	if f.Times == 1 {
		delete(p.faults, of)
	} else if f.Times > 1 {
		left := f
		left.Times--
		p.faults[of] = left
	}
	return p.counts[kind], f
}

// answer is what a handler answers: a status and what becomes its JSON.
type answer struct {
	status int
	body   any
}

// route answers a pattern of http.ServeMux, with the fault that is set.
func (p *Player) route(pattern string, kind Kind, handle func(*http.Request) answer) {
	p.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		n, f := p.count(kind)
		// Only when the body was read does net/http notice an asker who leaves.
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxMessage))
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !wait(r, f.Delay) || f.Abort {
			panic(http.ErrAbortHandler)
		}
		if status, body, ok := f.instead(r, w.Header(), n); ok {
			f.send(w, r, status, body)
			return
		}
		a, refused := p.refuses(r)
		if !refused {
			a = handle(r)
		}
		status, text := encode(a)
		f.send(w, r, status, text)
	})
}

// instead returns what the fault answers in place of what was asked, for the
// n-th request, and sets its headers.
func (f Fault) instead(r *http.Request, header http.Header, n int) (status int, body []byte, ok bool) {
	for name, value := range map[string]string{"Retry-After": f.RetryAfter, "Location": f.Location} {
		if value != "" {
			header.Set(name, value)
		}
	}
	status = cmp.Or(f.Status, http.StatusOK)
	switch {
	case f.NotJSON:
		header.Set("Content-Type", "text/html; charset=utf-8")
		return status, []byte("<!doctype html><title>Sign in</title><p>Please sign in."), true
	case f.Body != "":
		return status, []byte(strings.ReplaceAll(f.Body, "{n}", strconv.Itoa(n))), true
	case f.Status != 0:
		status, body = encode(failed(r, f.Status, "An injected fault."))
		return status, body, true
	}
	return 0, nil, false
}

// wait returns false where the asker left before the delay was over.
func wait(r *http.Request, delay time.Duration) bool {
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// encode returns an answer as it goes over the wire.
func encode(a answer) (int, []byte) {
	body, err := json.Marshal(a.body)
	if err != nil {
		return http.StatusInternalServerError, fmt.Appendf(nil, `{"title":"Internal Server Error","status":500,"detail":%q}`, err)
	}
	return a.status, body
}

// send sends an answer in the fault's way.
func (f Fault) send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	whole := len(body)
	if f.Cut || f.Short || f.Stall {
		body = body[:whole/2]
	}
	if f.Short {
		whole = len(body)
	}
	if f.Gzip {
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		_, _ = z.Write(body)
		_ = z.Close()
		body, whole = packed.Bytes(), packed.Len()
		w.Header().Set("Content-Encoding", "gzip")
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(whole))
	}
	w.WriteHeader(status)
	for f.Drip > 0 && len(body) > 0 {
		_, _ = w.Write(body[:1])
		_ = http.NewResponseController(w).Flush()
		body = body[1:]
		if !wait(r, f.Drip) {
			panic(http.ErrAbortHandler)
		}
	}
	_, _ = w.Write(body)
	if f.Cut || f.Stall {
		_ = http.NewResponseController(w).Flush()
		if f.Stall {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}
}

// refuses checks the key and, on v3, the organization.
func (p *Player) refuses(r *http.Request) (answer, bool) {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	v3 := strings.HasPrefix(r.URL.Path, "/v3/")
	if !bearer || key == "" || p.key != "" && key != p.key || strings.HasPrefix(key, "cog_") != v3 {
		return failed(r, http.StatusUnauthorized, "Invalid API key."), true
	}
	if org := r.PathValue("org"); v3 && org != "" && org != p.org {
		return failed(r, http.StatusForbidden, "This key does not belong to the organization."), true
	}
	return answer{}, false
}

// failed is an error in the form of the request's version: RFC 9457 on v3,
// FastAPI's on v1.
func failed(r *http.Request, status int, detail string) answer {
	if strings.HasPrefix(r.URL.Path, "/v3/") {
		return answer{status, map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}}
	}
	if status == http.StatusUnprocessableEntity {
		return answer{status, map[string]any{"detail": []any{map[string]any{"loc": []any{"query"}, "msg": detail, "type": "value_error"}}}}
	}
	return answer{status, map[string]any{"detail": detail}}
}
