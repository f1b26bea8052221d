package github

import (
	"bytes"
	"compress/gzip"
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
	maxObject  = 4 << 20  // GitHub's largest, a pull request, has a body of at most 65,536 characters
	maxPage    = 16 << 20 // a page of a list
	maxTree    = 96 << 20 // GitHub cuts its own at 7 MB; other servers do not, nor do all trees of one folder have to be cut
	maxBlob    = telemetry.MaxRecordBytes / 2 * 3
	maxProblem = 64 << 10 // an answer that is an error
	// largeAnswers is how many answers over upstream.SmallAnswer are read at a time.
	largeAnswers = 2

	perPage     = 100          // GitHub's most
	maxRows     = 10 * perPage // of a page: some servers ignore per_page
	maxTreeRows = 250_000      // GitHub cuts at 100,000
)

// The most that is kept of a text.
const (
	maxText  = 256 << 10
	maxField = 4 << 10
)

// unusable is an answer that lacks what it must have; see flaw.
type unusable struct{ how string }

func (e *unusable) Error() string { return "the answer " + e.how }

func undocumented(status int) error {
	return &unusable{fmt.Sprintf("came with status %d, which GitHub does not document", status)}
}

type request struct {
	address string
	limit   int64
	etag    string // the answer that the caller has; its 304 is the caller's
	keep    bool   // the answer is kept with its ETag and used again when unchanged
}

func (r request) page(number int) request {
	r.limit = maxPage
	r.address += fmt.Sprintf("&per_page=%d", perPage)
	if number > 1 {
		r.address += fmt.Sprintf("&page=%d", number)
	}
	return r
}

// page is what an answer says beside its body.
type page struct {
	etag   string
	more   bool // a Link header leads to a next page
	linked bool // there is a Link header

	unchanged bool // it is the kept answer, and cost nothing
}

// after is the page that follows page number with n rows, 0 if that was the
// last: without Link headers, one that is not full. Pages are counted, and not
// taken from links, which other servers may write in other ways.
func (p page) after(number, n int) int {
	if p.more || !p.linked && n == perPage {
		return number + 1
	}
	return 0
}

// maxETag is the longest ETag that is sent back. GitHub's have some 70 bytes,
// and a server may refuse requests with very long ones.
const maxETag = 1 << 10

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

// get asks for JSON and lets decode read it. It uses no service of go-github:
// these decode a whole answer of any size, take null and an empty one for a
// success, and take no ETag.
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
		return page{}, undocumented(resp.StatusCode)
	}
	p := page{etag: resp.Header.Get("ETag"), more: leadsOn(resp.Header.Values("Link")), linked: resp.Header.Get("Link") != ""}
	if len(p.etag) > maxETag {
		p.etag = ""
	}
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

// answer is a whole answer to one address, and what its headers said.
type answer struct {
	page
	packed []byte
}

func (a answer) decode(decode func(io.Reader) error) error {
	unzip, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err != nil {
		return err
	}
	return decode(unzip)
}

// keep decodes an answer, and keeps it once it was decoded as a whole.
func (c *Client) keep(address string, p page, body io.Reader, decode func(io.Reader) error) error {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := errors.Join(decode(io.TeeReader(body, zip)), zip.Close()); err != nil {
		return err
	}
	c.answers.Put(address, answer{p, bytes.Clone(packed.Bytes())}, packed.Len())
	return nil
}

// cut is the failure of decoding: an answer may also end between two rows.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return &cutShort{err}
	}
	return err
}

// object decodes one JSON object, and nothing but it, and checks it. It reads the
// whole answer first: json.Decoder looks through white space again for each part
// of it that arrives.
func object[T any](into *T, check func() error) func(io.Reader) error {
	return func(in io.Reader) error {
		var body bytes.Buffer
		if _, err := body.ReadFrom(in); err != nil {
			return err
		}
		var v *T
		switch err := json.Unmarshal(body.Bytes(), &v); {
		case len(bytes.TrimSpace(body.Bytes())) == 0:
			return &unusable{"is empty"}
		case err != nil:
			return err
		case v == nil:
			return &unusable{"is null"}
		}
		*into = *v
		if check == nil {
			return nil
		}
		return check()
	}
}

func rows[T any](take func(T) error) func(io.Reader) error {
	return func(in io.Reader) error { return upstream.Rows(in, maxRows, take) }
}

// eachPage asks for one page after the other, at most so many, and tells
// whether the last was among them. ask returns a page, how many rows it had,
// and whether any was on no earlier page: some servers answer each page alike,
// which is an error if they yet link to more.
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

// clip bounds a text, and replaces what PostgreSQL refuses.
func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

func field(s string) string { return clip(s, maxField) }

// webAddress is the address of a page, "" for what a browser should not open.
func webAddress(s string) string {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return field(s)
	}
	return ""
}

// clock returns GitHub's time in UTC. One that is yet to come is now, or it
// would pass for the newest for years; one before 1970 is none.
func (c *Client) clock(t *gh.Timestamp) time.Time { return clockAt(t, c.wire.now()) }

func clockAt(t *gh.Timestamp, now time.Time) time.Time {
	if t == nil || t.Unix() <= 0 {
		return time.Time{}
	}
	if t.After(now) {
		return now.UTC()
	}
	return t.UTC()
}

// isObjectName reports whether s can name an object of Git in an address.
func isObjectName(s string) bool {
	return s != "" && len(s) <= 128 && strings.Trim(s, ".") != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	})
}

// isBranch reports whether Git allows a branch of that name in an address.
func isBranch(s string) bool {
	return len(s) <= 255 && !strings.Contains(s, "..") && !strings.HasPrefix(s, "/") && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`\~^:?*[`, r)
	})
}
