package devintest

import (
	"bytes"
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
	KindSelf     Kind = "self"     // v3's question whose the key is
	KindUnknown  Kind = "unknown"  // a path or method that the API does not have
)

// Fault is how requests fail. The zero Fault is none.
type Fault struct {
	Delay      time.Duration // waits first
	Abort      bool          // closes the connection without an answer
	Status     int           // answers an error instead
	RetryAfter string        // the header of that error
	NotJSON    bool          // answers a page of HTML with status 200
	Cut        bool          // does what was asked, and sends half of the answer
	Times      int           // so many requests; 0 is all, until the next Fail
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

// count counts a request and returns the fault that it meets.
func (p *Player) count(kind Kind) Fault {
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
	return f
}

// answer is what a handler answers: a status and what becomes its JSON.
type answer struct {
	status int
	body   any
}

// route answers a pattern of http.ServeMux, with the fault that is set.
func (p *Player) route(pattern string, kind Kind, handle func(*http.Request) answer) {
	p.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		f := p.count(kind)
		// Only when the body was read does net/http notice an asker who leaves.
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxMessage))
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !wait(r, f.Delay) || f.Abort {
			panic(http.ErrAbortHandler)
		}
		switch {
		case f.Status != 0:
			if f.RetryAfter != "" {
				w.Header().Set("Retry-After", f.RetryAfter)
			}
			write(w, failed(r, f.Status, "A fault that was asked for."), false)
		case f.NotJSON:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprint(w, "<!doctype html><title>Sign in</title><p>Please sign in.")
		default:
			if refused, ok := p.refuses(r); ok {
				write(w, refused, false)
				return
			}
			write(w, handle(r), f.Cut)
		}
	})
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

func write(w http.ResponseWriter, a answer, cut bool) {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(a.body); err != nil {
		a.status = http.StatusInternalServerError
		body.Reset()
		fmt.Fprintf(&body, `{"title":"Internal Server Error","status":500,"detail":%q}`, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(a.status)
	if cut {
		body.Truncate(body.Len() / 2)
	}
	_, _ = body.WriteTo(w)
	if cut {
		_ = http.NewResponseController(w).Flush()
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
