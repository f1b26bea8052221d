package github

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRevalidatorIsBounded: bodies that do not compress are dropped, the
// ones unused for longest first, before they fill the memory.
func TestRevalidatorIsBounded(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	asked := map[string]int{}
	r := newRevalidator(roundTrip(func(req *http.Request) (*http.Response, error) {
		if asked[req.URL.Path]++; req.Header.Get("If-None-Match") != "" {
			return &http.Response{StatusCode: http.StatusNotModified, Header: http.Header{}, Body: http.NoBody}, nil
		}
		body := make([]byte, 2<<20)
		_, _ = random.Read(body)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {"x"}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	}), "")
	get := func(path string) (kept bool, body []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(revalidating(t.Context()), http.MethodGet, "http://host"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err = io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp.Header.Get(fromCache) != "", body
	}
	var last []byte
	for i := range 30 {
		_, last = get(fmt.Sprint("/", i))
	}
	sum := 0
	for _, key := range r.kept.Keys() {
		a, _ := r.kept.Peek(key)
		sum += len(a.packed)
	}
	if sum != r.bytes || sum > maxKeptBytes || sum < maxKeptBytes/2 {
		t.Errorf("%d bytes are kept and %d counted, want the same, at most %d", sum, r.bytes, maxKeptBytes)
	}
	kept, again := get("/29")
	if !kept || !bytes.Equal(again, last) {
		t.Error("the newest answer is not answered from what is kept")
	}
	if kept, _ := get("/0"); kept {
		t.Error("the oldest answer is still kept")
	}
}

func TestRevalidatorKeepsNoCutAnswer(t *testing.T) {
	r := newRevalidator(roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {"x"}},
			Body: io.NopCloser(io.MultiReader(bytes.NewReader([]byte("[")), broken{}))}, nil
	}), "")
	req, err := http.NewRequestWithContext(revalidating(t.Context()), http.MethodGet, "http://host/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || r.kept.Len() != 0 {
		t.Errorf("error %v, %d kept", err, r.kept.Len())
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
