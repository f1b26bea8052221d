package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// The most that is read of an answer, unpacked.
const (
	// maxObject is for one object. GitHub's largest, a pull request, has a
	// body of at most 65,536 characters.
	maxObject = 4 << 20
	// maxPage is for one page of a list: 100 of the same.
	maxPage = 16 << 20
	// maxTree is for a tree; GitHub cuts its own at 7 MB.
	maxTree = 32 << 20
	// maxBlob is for a run file of the largest size in base64.
	maxBlob = telemetry.MaxRecordBytes / 2 * 3
	// maxProblem is for an answer that is an error.
	maxProblem = 64 << 10
	// largeAnswers is how many answers over upstream.SmallAnswer are read at
	// a time.
	largeAnswers = 2
)

const (
	// perPage is the most rows that GitHub gives in a page.
	perPage = 100
	// maxRows is the most rows of a page that are read: some servers ignore
	// per_page.
	maxRows = 10 * perPage
	// maxTreeRows is the most entries of a tree; GitHub cuts at 100,000.
	maxTreeRows = 200_000
)

// The most that is kept of a text. GitHub's longest is a pull request's body.
const (
	maxText  = 256 << 10
	maxField = 4 << 10
)

// The failures of an answer that is one object.
var (
	errEmpty = errors.New("the answer is empty")
	errNull  = errors.New("the answer is null")
)

// unusable is an answer of the right form that lacks what it must have; how
// completes "GitHub's answer …".
type unusable struct{ how string }

func (e *unusable) Error() string { return "the answer " + e.how }

// unexpectedStatus is a success that is not the one that GitHub documents.
type unexpectedStatus struct{ status int }

func (e *unexpectedStatus) Error() string { return fmt.Sprintf("HTTP %d", e.status) }

// request is one GET of the API.
type request struct {
	address string
	limit   int64
	etag    string // the answer that the caller has; its 304 is the caller's
	keep    bool   // the answer is kept with its ETag and used again when unchanged
}

// page is what an answer says beside its body.
type page struct {
	etag   string
	more   bool // a Link header leads to a next page
	linked bool // there is a Link header

	unchanged bool // it is the kept answer, and cost nothing
}

// after is the page that follows page number with n rows, 0 if that was the
// last. A server without Link headers is asked on as long as pages are full.
// Pages are counted, and not taken from links: these may be written in other
// ways than GitHub's, and one that is not understood would end the list.
func (p page) after(number, n int) int {
	if p.more || !p.linked && n == perPage {
		return number + 1
	}
	return 0
}

// maxETag is the longest ETag that is sent back; GitHub's have some 70 bytes.
const maxETag = 1 << 10

// etagOf is the ETag of an answer, "" for one so long that the server may
// refuse a request with it: then each later question would fail.
func etagOf(h http.Header) string {
	if etag := h.Get("ETag"); len(etag) <= maxETag {
		return etag
	}
	return ""
}

// leadsOn reports whether Link headers (RFC 8288) name a next page.
func leadsOn(links []string) bool {
	for _, header := range links {
		for _, param := range strings.FieldsFunc(strings.ToLower(header), func(r rune) bool { return r == ';' || r == ',' }) {
			name, value, _ := strings.Cut(param, "=")
			if strings.TrimSpace(name) == "rel" && slices.Contains(strings.Fields(strings.Trim(strings.TrimSpace(value), `"`)), "next") {
				return true
			}
		}
	}
	return false
}

// get asks for JSON and lets decode read it. Of go-github it uses the client
// and not a service: these decode a whole answer of any size, take null and
// an empty one for a success, and take no ETag. Only an answer that decode
// takes as a whole is kept.
func (c *Client) get(ctx context.Context, r request, decode func(io.Reader) error) (page, error) {
	req, err := c.api.NewRequest(http.MethodGet, r.address, nil)
	if err != nil {
		return page{}, err
	}
	old, have := answer{}, false
	if r.keep {
		if old, have = c.answers.Get(r.address); have {
			r.etag = old.etag
		}
	}
	if r.etag != "" {
		req.Header.Set("If-None-Match", r.etag)
	}
	timed, stop := context.WithTimeout(ctx, c.timeout)
	defer stop()
	asking, cancel := context.WithCancelCause(timed)
	defer cancel(nil)
	resp, err := c.api.BareDo(asking, req)
	if have && statusOf(err) == http.StatusNotModified {
		old.unchanged = true
		return old.page, old.decode(decode)
	}
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return page{}, &unexpectedStatus{resp.StatusCode}
	}
	p := page{etag: etagOf(resp.Header), more: leadsOn(resp.Header.Values("Link")), linked: resp.Header.Get("Link") != ""}
	idle := time.AfterFunc(c.timeout/idlePart, func() { cancel(errStalled) })
	defer idle.Stop()
	body := c.budget.Body(asking, &watched{resp.Body, c.timeout / idlePart, idle}, r.limit)
	defer body.Close()
	if !r.keep || p.etag == "" {
		err = cut(decode(body))
	} else {
		err = cut(c.keep(r.address, p, body, decode))
	}
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(asking), errStalled) {
		err = errStalled
	}
	return p, err
}

// keep decodes an answer, and keeps it once it was decoded as a whole.
func (c *Client) keep(address string, p page, body io.Reader, decode func(io.Reader) error) error {
	pack := newPacker()
	if err := decode(io.TeeReader(body, pack)); err != nil {
		return err
	}
	if packed, ok := pack.bytes(); ok {
		c.answers.Put(address, answer{p, packed}, len(packed))
	}
	return nil
}

// cut is the failure of decoding an answer, which may also end between two
// rows.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return &cutShort{err}
	}
	return err
}

// object decodes one JSON object, and nothing but it, into a T. It reads the
// whole answer first: json.Decoder looks through white space again for each
// part of it that arrives.
func object[T any](into *T) func(io.Reader) error {
	return func(in io.Reader) error {
		var body bytes.Buffer
		if _, err := body.ReadFrom(in); err != nil {
			return err
		}
		var v *T
		switch err := json.Unmarshal(body.Bytes(), &v); {
		case len(bytes.TrimSpace(body.Bytes())) == 0:
			return errEmpty
		case err != nil:
			return err
		case v == nil:
			return errNull
		}
		*into = *v
		return nil
	}
}

// checked decodes an object, which then must pass check: only what does is
// kept.
func checked[T any](into *T, check func() error) func(io.Reader) error {
	decode := object(into)
	return func(in io.Reader) error {
		if err := decode(in); err != nil {
			return err
		}
		return check()
	}
}

// rows decodes a JSON list of at most maxRows, row by row.
func rows[T any](take func(T) error) func(io.Reader) error {
	return func(in io.Reader) error { return upstream.Rows(in, maxRows, take) }
}

// eachPage asks for one page after the other, at most so many, and tells
// whether the last was among them. ask returns a page, how many rows it had,
// and whether any was on no earlier page: pages move while they are read, and
// some servers answer each page alike. One that does so and yet links to more
// is an error.
func eachPage(most int, ask func(number int) (p page, n int, fresh bool, err error)) (whole bool, err error) {
	for number, asked := 1, 0; number > 0; asked++ {
		if asked == most {
			return false, nil
		}
		p, n, fresh, err := ask(number)
		switch {
		case err != nil:
			return false, err
		case !fresh && p.more:
			return false, &unusable{"links to a next page after one without anything new"}
		case !fresh:
			return true, nil
		}
		number = p.after(number, n)
	}
	return true, nil
}

// clip bounds a text of GitHub's, and replaces what PostgreSQL refuses.
func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// field is a text that is short on GitHub.
func field(s string) string { return clip(s, maxField) }

// webAddress is the address of a page, "" for what a browser should not open.
func webAddress(s string) string {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return field(s)
	}
	return ""
}

// clock returns GitHub's time in UTC. One that is yet to come is taken for
// now, or it would pass for the newest for years; one before 1970 is none.
func (c *Client) clock(t *gh.Timestamp) time.Time {
	switch now := c.wire.now(); {
	case t == nil || t.IsZero() || t.Unix() <= 0:
		return time.Time{}
	case t.After(now):
		return now.UTC()
	default:
		return t.UTC()
	}
}

// isObjectName reports whether s can name an object of Git in an address.
func isObjectName(s string) bool {
	return s != "" && len(s) <= 128 && strings.Trim(s, ".") != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	})
}

// isBranch reports whether Git allows a branch of that name, as far as it
// matters in an address.
func isBranch(s string) bool {
	return len(s) <= 255 && !strings.Contains(s, "..") && !strings.HasPrefix(s, "/") && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`\~^:?*[`, r)
	})
}
