package githubtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is what a request gets.
type answer struct {
	status int
	header http.Header
	body   any // nil for none
}

func ok(body any) *answer { return &answer{status: http.StatusOK, body: body} }

const docs = "https://docs.github.com/rest"

func problem(status int, message string) *answer {
	return &answer{status: status, body: map[string]string{"message": message, "documentation_url": docs, "status": strconv.Itoa(status)}}
}

func notFound() *answer { return problem(http.StatusNotFound, "Not Found") }

// write sends the answer, or 304 if that is what the client has.
func (a *answer) write(w http.ResponseWriter, r *http.Request, p *Player) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	if a.body == nil {
		p.limits(h, false)
		w.WriteHeader(a.status)
		return
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a.body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	unchanged := false
	if a.status == http.StatusOK && !p.lacks(ETags) {
		sum := sha256.Sum256(body.Bytes())
		tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
		h.Set("ETag", tag)
		unchanged = strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/") == strings.TrimPrefix(tag, "W/")
	}
	p.limits(h, unchanged)
	if unchanged {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(a.status)
	_, _ = w.Write(body.Bytes()) // a client that left is not a failure of ours
}

// page cuts a list as page and per_page say, and links the others.
func page[T any](r *http.Request, p *Player, items []T) *answer {
	query := r.URL.Query()
	number, size := positive(query.Get("page"), 1), min(positive(query.Get("per_page"), 30), 100)
	last := max((len(items)+size-1)/size, 1)
	a := ok(items[min((number-1)*size, len(items)):min(number*size, len(items))])
	if last == 1 || p.lacks(Links) {
		return a
	}
	link := func(n int, rel string) string {
		query.Set("page", strconv.Itoa(n))
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, base(r), r.URL.EscapedPath(), query.Encode(), rel)
	}
	var links []string
	if number > 1 {
		links = append(links, link(number-1, "prev"), link(1, "first"))
	}
	if number < last {
		links = append(links, link(number+1, "next"), link(last, "last"))
	}
	a.header = http.Header{"Link": {strings.Join(links, ", ")}}
	return a
}

func positive(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return min(n, 1<<30)
	}
	return otherwise
}

// base is the address of the API as the client sees it.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	prefix := ""
	if strings.HasPrefix(r.RequestURI, "/api/v3/") {
		prefix = "/api/v3"
	}
	return scheme + "://" + r.Host + prefix
}

// stamp is a time as GitHub writes it, nil for none.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}
