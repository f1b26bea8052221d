package ingest

import (
	"context"
	"crypto/sha1" //nolint:gosec // Git names blobs by SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// Dir is a directory of run files on disk (RUNS_DIR).
type Dir struct{ Path string }

// RunFiles returns the directory's .json files by name, each with the SHA
// that Git would give its bytes. A directory that cannot be read is an
// error, never an empty list.
func (d Dir) RunFiles(ctx context.Context) ([]telemetry.RunFile, error) {
	root, err := os.OpenRoot(d.Path)
	if err != nil {
		return nil, d.unreadable(err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, d.unreadable(err)
	}
	files := []telemetry.RunFile{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") || e.IsDir() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := d.describe(root, e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since it was listed
		}
		if err != nil {
			f = d.undescribed(e)
		}
		if f.Name != "" {
			files = append(files, f)
		}
	}
	return files, nil
}

func (d Dir) unreadable(err error) error {
	return telemetry.Errorf(telemetry.CodeUnavailable,
		"The directory of RUNS_DIR cannot be read. See that it exists and that this user may read it. What was stored stays.").Because(err)
}

// describe hashes a file as Git does: "blob SIZE\0" and its bytes. A file
// over the limit is told apart by size and time, since it is never read.
func (d Dir) describe(root *os.Root, name string) (telemetry.RunFile, error) {
	if !utf8.ValidString(name) {
		return telemetry.RunFile{}, errors.New("the name is no UTF-8")
	}
	f, err := root.Open(name)
	if err != nil {
		return telemetry.RunFile{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return telemetry.RunFile{}, err
	}
	hash := sha1.New() //nolint:gosec // see above
	if info.Size() > telemetry.MaxRecordBytes {
		fmt.Fprintf(hash, "large %d %d", info.Size(), info.ModTime().UnixNano())
	} else {
		fmt.Fprintf(hash, "blob %d\x00", info.Size())
		if _, err := io.Copy(hash, f); err != nil {
			return telemetry.RunFile{}, err
		}
	}
	return telemetry.RunFile{Name: name, SHA: hex.EncodeToString(hash.Sum(nil)), Size: info.Size()}, nil
}

// undescribed is a file that cannot be read, though its directory can: a
// right is missing, a link leads out of the directory, or its name is no
// text. It is listed all the same; fetching it says why.
func (d Dir) undescribed(e fs.DirEntry) telemetry.RunFile {
	hash := sha1.New() //nolint:gosec // see describe
	fmt.Fprint(hash, "unreadable ", e.Name())
	f := telemetry.RunFile{Name: strings.ToValidUTF8(e.Name(), "\ufffd"), SHA: hex.EncodeToString(hash.Sum(nil))}
	if info, err := e.Info(); err == nil {
		f.Size = info.Size()
	}
	return f
}

// FetchRunFiles reads files side by side, as many as there are processors:
// what got does with them, parsing above all, costs more than reading them.
func (d Dir) FetchRunFiles(ctx context.Context, files []telemetry.RunFile, got func(telemetry.RunFile, []byte, error) error) error {
	root, err := os.OpenRoot(d.Path)
	if err != nil {
		return d.unreadable(err)
	}
	defer root.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, file := range files {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			body, err := d.read(root, file)
			if errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(file.Name, utf8.RuneError) {
				return nil // removed since it was listed, unless its name was no text: the next listing tells
			}
			return got(file, body, err)
		})
	}
	return g.Wait()
}

func (d Dir) read(root *os.Root, file telemetry.RunFile) ([]byte, error) {
	tooLarge := telemetry.Errorf(telemetry.CodeTooLarge, "The file has %d bytes; at most %d are read.", file.Size, telemetry.MaxRecordBytes)
	if file.Size > telemetry.MaxRecordBytes {
		return nil, tooLarge
	}
	f, err := root.Open(file.Name)
	if err != nil {
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"The file cannot be opened. See that this user may read it, that it is no link out of the directory, and that its name is UTF-8.").Because(err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, telemetry.MaxRecordBytes+1))
	if err != nil {
		return nil, d.unreadable(err)
	}
	if len(body) > telemetry.MaxRecordBytes {
		return nil, tooLarge
	}
	return body, nil
}
