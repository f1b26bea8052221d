package github

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

func TestMayDownload(t *testing.T) {
	const ghes, cloud = "https://git.example.com/api/v3", "https://api.acme.ghe.com"
	for _, tc := range []struct {
		base, address string
		may           bool
	}{
		{DefaultURL, "https://codeload.github.com/o/r/legacy.tar.gz", true},
		{DefaultURL, "https://raw.githubusercontent.com/o/r/main/x", true},
		{DefaultURL, "https://objects.githubusercontent.com/x", true},
		{DefaultURL, "https://api.github.com/x", true},
		{DefaultURL, "http://codeload.github.com/x", false},
		{DefaultURL, "https://githubusercontent.com.evil.example/x", false},
		{DefaultURL, "https://evilgithubusercontent.com/x", false},
		{DefaultURL, "https://me:pw@codeload.github.com/x", false},
		{DefaultURL, "https://127.0.0.1/x", false},
		{DefaultURL, "https://evil.example/x", false},
		{ghes, "https://codeload.git.example.com/x", true},
		{ghes, "https://git.example.com:8443/x", true},
		{ghes, "https://CODELOAD.git.EXAMPLE.com/x", true},
		{ghes, "https://other.example.com/x", false},
		{ghes, "https://10.0.0.1/x", false},
		{ghes, "http://git.example.com/x", false},
		{cloud, "https://codeload.acme.ghe.com/x", true},
		{cloud, "https://other.ghe.com/x", false},
		{"http://127.0.0.1:9", "http://127.0.0.1:10/x", true},
		{"http://127.0.0.1:9", "http://127.0.0.2:9/x", false},
		{"http://10.0.0.1", "http://x.10.0.0.1/x", false},
	} {
		c, err := New(Options{BaseURL: tc.base})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(tc.address)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.mayDownload(u); (err == nil) != tc.may {
			t.Errorf("%s from %s: %v", tc.address, tc.base, err)
		}
	}
}

func TestNamesInAddresses(t *testing.T) {
	for _, s := range []string{"9e26dfeeb6e641a33dae4961196235bdb965b21b", "v1", "a.b_c-d"} {
		if !isObjectName(s) {
			t.Errorf("%q is no object name", s)
		}
	}
	for _, s := range []string{"", ".", "..", "../../user", "a/b", "a?b", "a b", "a%2f", "é", string(make([]byte, 200))} {
		if isObjectName(s) {
			t.Errorf("%q is an object name", s)
		}
	}
	for _, s := range []string{"main", "feature/x", "Ä-1", ""} {
		if !isBranch(s) {
			t.Errorf("%q is no branch", s)
		}
	}
	for _, s := range []string{"../../user", "a..b", "/x", "a b", "a?b", "a\nb", "a:b", "a\\b"} {
		if isBranch(s) {
			t.Errorf("%q is a branch", s)
		}
	}
}

// TestArchiveIsBounded: reading ends at so many unpacked bytes, and what came
// before is given.
func TestArchiveIsBounded(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	out := tar.NewWriter(zip)
	wanted := map[string]telemetry.RunFile{}
	for i := range 40 {
		body := fmt.Appendf(nil, `{"run": %d}`, i)
		if i == 20 {
			if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "top/huge.bin", Size: 8 << 20, Mode: 0o644}); err != nil {
				t.Fatal(err)
			}
			if _, err := out.Write(make([]byte, 8<<20)); err != nil {
				t.Fatal(err)
			}
		}
		name := fmt.Sprintf("run_%d.json", i)
		wanted[name] = telemetry.RunFile{Name: name, SHA: blobSHA(body), Size: int64(len(body))}
		if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "top/telemetry/runs/" + name, Size: int64(len(body)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(out.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int64]int{1 << 20: 20, 16 << 20: 40} {
		left := map[string]telemetry.RunFile{}
		for name, file := range wanted {
			left[name] = file
		}
		given := 0
		err := untar(bytes.NewReader(packed.Bytes()), most, left, func(telemetry.RunFile, []byte, error) error { given++; return nil })
		short, ok := errors.AsType[*cutShort](err)
		if given != want || (want < 40) != (ok && errors.Is(short, upstream.ErrTooLarge)) {
			t.Errorf("at most %d bytes: %d files, error %v", most, given, err)
		}
	}
}
