//go:build unix

package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// fetchAll lists and reads a directory: each file's bytes, or what is wrong
// with it.
func fetchAll(t *testing.T, d ingest.Dir) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	files, err := d.RunFiles(ctx)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	var mu sync.Mutex
	err = d.FetchRunFiles(ctx, files, func(f telemetry.RunFile, body []byte, err error) error {
		mu.Lock()
		defer mu.Unlock()
		said[f.Name] = string(body)
		if err != nil {
			said[f.Name] = "error: " + err.Error()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// TestDirReadsRegularFilesOnly: what is not a regular file is refused in words
// and never opened: a FIFO without a writer would hold the reader for ever.
func TestDirReadsRegularFilesOnly(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	outside := filepath.Join(t.TempDir(), "secret.json")
	for _, err := range []error{
		os.WriteFile(at("good.json"), []byte("good"), 0o600),
		os.WriteFile(outside, []byte("secret"), 0o600),
		syscall.Mkfifo(at("fifo.json"), 0o600),
		os.Mkdir(at("folder.json"), 0o700),
		os.Symlink(outside, at("out.json")),
		os.Symlink("../"+filepath.Base(filepath.Dir(outside))+"/secret.json", at("relative.json")),
		os.Symlink("loop-b.json", at("loop-a.json")),
		os.Symlink("loop-a.json", at("loop-b.json")),
		os.Symlink("good.json", at("link.json")),
		os.Symlink("fifo.json", at("to-fifo.json")),
		os.Symlink("/dev/zero", at("device.json")),
		os.WriteFile(at("odd \xff name.json"), []byte("odd"), 0o600),
		os.WriteFile(at("new\nline.json"), []byte("line"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	socket, err := net.Listen("unix", at("socket.json")) //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	said := fetchAll(t, ingest.Dir{Path: dir})
	for name, want := range map[string]string{
		"good.json":            "good",
		"link.json":            "good",
		"new\nline.json":       "line",
		"fifo.json":            "error: This is not a regular file",
		"to-fifo.json":         "error: This is not a regular file",
		"socket.json":          "error: This is not a regular file",
		"out.json":             "error: Cannot open the file",
		"relative.json":        "error: Cannot open the file",
		"device.json":          "error: Cannot open the file",
		"loop-a.json":          "error: Cannot open the file",
		"loop-b.json":          "error: Cannot open the file",
		"odd \ufffd name.json": "error: Cannot open the file",
	} {
		if got := said[name]; !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		delete(said, name)
	}
	if len(said) > 0 {
		t.Errorf("besides it lists %v", said)
	}
}

// TestDirFIFOInPlaceOfAFile: a file that became a FIFO after it was listed is
// refused as well.
func TestDirFIFOInPlaceOfAFile(t *testing.T) {
	d := ingest.Dir{Path: t.TempDir()}
	name := filepath.Join(d.Path, "a.json")
	if err := os.WriteFile(name, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := d.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	asked := 0
	err = d.FetchRunFiles(ctx, files, func(_ telemetry.RunFile, _ []byte, err error) error {
		if asked++; err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("a FIFO: %v", err)
		}
		return nil
	})
	if err != nil || asked != 1 {
		t.Errorf("%d files, %v", asked, err)
	}
}

// TestDirHugeFile: a file over the limit is listed without being read, told
// apart by its size and time, and one that has grown past it is refused.
func TestDirHugeFile(t *testing.T) {
	d := ingest.Dir{Path: t.TempDir()}
	huge, grows := filepath.Join(d.Path, "huge.json"), filepath.Join(d.Path, "grows.json")
	for _, name := range []string{huge, grows} {
		if err := os.WriteFile(name, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(huge, 1<<40); err != nil { // sparse
		t.Fatal(err)
	}
	files, err := d.RunFiles(t.Context())
	if err != nil || len(files) != 2 || files[1].Size != 1<<40 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(grows, bytes.Repeat([]byte(" "), telemetry.MaxRecordBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	err = d.FetchRunFiles(t.Context(), files, func(f telemetry.RunFile, body []byte, err error) error {
		if telemetry.CodeOf(err) != telemetry.CodeTooLarge || body != nil {
			t.Errorf("%s: %d bytes, %v", f.Name, len(body), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDirOfManyEntries: a directory is read in parts, and whole.
func TestDirOfManyEntries(t *testing.T) {
	d := ingest.Dir{Path: t.TempDir()}
	for i := range 3000 {
		if err := os.WriteFile(filepath.Join(d.Path, fmt.Sprintf("%04d.txt", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1500 {
		if err := os.WriteFile(filepath.Join(d.Path, fmt.Sprintf("%04d.json", i)), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := d.RunFiles(t.Context())
	if err != nil || len(files) != 1500 || files[0].Name != "0000.json" || files[1499].Name != "1499.json" {
		t.Errorf("%d files, %v", len(files), err)
	}
}
