package github

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// fromCache is the header by which go-github knows an answer whose limit
	// is not to be believed.
	fromCache = "X-From-Cache"
	// maxKeptBytes bounds all kept bodies together, compressed.
	maxKeptBytes = 16 << 20
	maxKept      = 4096
	// maxAnswer bounds what is read of one answer, before it is compressed: a
	// record of the largest size in base64 has 28 MB. More is cut short.
	maxAnswer = 64 << 20
)

// revalidating marks the requests of ctx as ones that are asked again and
// again: their answers are kept with their ETag, and an unchanged one costs
// no counted request.
func revalidating(ctx context.Context) context.Context {
	return context.WithValue(ctx, revalidate{}, true)
}

type revalidate struct{}

// revalidator is a transport that asks "has it changed?" where it holds an
// answer. Its key is URL, Accept and the token's hash: ETags are per token.
type revalidator struct {
	base http.RoundTripper
	who  string

	mu    sync.Mutex
	kept  *simplelru.LRU[string, answer]
	bytes int
}

type answer struct {
	header http.Header
	packed []byte
}

func newRevalidator(base http.RoundTripper, who string) *revalidator {
	r := &revalidator{base: base, who: who}
	// The error is of a size below one.
	r.kept, _ = simplelru.NewLRU(maxKept, func(_ string, a answer) { r.bytes -= len(a.packed) })
	return r
}

// RoundTrip implements http.RoundTripper.
func (r *revalidator) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet || req.Context().Value(revalidate{}) == nil || req.Header.Get("If-None-Match") != "" {
		return bounded(r.base.RoundTrip(req))
	}
	key := req.URL.String() + "\n" + req.Header.Get("Accept") + "\n" + r.who
	r.mu.Lock()
	old, have := r.kept.Get(key)
	r.mu.Unlock()
	if have {
		req = req.Clone(req.Context())
		req.Header.Set("If-None-Match", old.header.Get("ETag"))
	}
	resp, err := bounded(r.base.RoundTrip(req))
	switch {
	case err != nil:
		return nil, err
	case have && resp.StatusCode == http.StatusNotModified:
		_ = resp.Body.Close()
		return old.again(req, resp)
	case resp.StatusCode == http.StatusOK && resp.Header.Get("ETag") != "":
		return r.keep(key, resp)
	}
	return resp, nil
}

// bounded keeps an endless answer from filling the memory.
func bounded(resp *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// keep reads the whole answer, so that one that is cut short is not kept.
func (r *revalidator) keep(key string, resp *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, &cutShort{err}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err == nil {
		_, err = zip.Write(body)
	}
	if err == nil {
		err = zip.Close()
	}
	if err != nil || len(body) >= maxAnswer || packed.Len() > maxKeptBytes {
		return resp, nil // what cannot be packed is only not kept
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept.Remove(key)
	r.kept.Add(key, answer{resp.Header.Clone(), packed.Bytes()})
	for r.bytes += packed.Len(); r.bytes > maxKeptBytes; {
		r.kept.RemoveOldest()
	}
	return resp, nil
}

// again is the kept answer, with what the 304 says anew.
func (a answer) again(req *http.Request, resp *http.Response) (*http.Response, error) {
	unzip, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err != nil {
		return nil, err
	}
	header := a.header.Clone()
	for name, values := range resp.Header {
		if name != "Content-Length" && name != "Content-Type" {
			header[name] = values
		}
	}
	header.Set(fromCache, "1")
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
		Header: header, Body: unzip, ContentLength: -1, Request: req,
	}, nil
}
