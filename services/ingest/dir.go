package ingest

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // Git names blobs by SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// Dir is a directory of run files on disk (RUNS_DIR).
type Dir struct{ Path string }

const dirMost = 200_000

// RunFiles returns the directory's .json files by name, each with the SHA that
// Git would give its bytes. What cannot be read is listed all the same, and
// fetching it says why; folders are not listed.
func (d Dir) RunFiles(ctx context.Context) ([]telemetry.RunFile, error) {
	return leaving(ctx, func() ([]telemetry.RunFile, error) { return d.list(ctx) })
}

// leaving runs do, which may hang in the operating system (a network mount
// that is away), and leaves it behind when ctx ends.
func leaving[T any](ctx context.Context, do func() (T, error)) (answer T, err error) {
	done := make(chan error, 1)
	var read T
	go func() {
		done <- telemetry.Guard("read RUNS_DIR", func() (err error) {
			read, err = do()
			return err
		})
	}()
	select {
	case err = <-done:
		return read, err
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

func (d Dir) list(ctx context.Context) ([]telemetry.RunFile, error) {
	root, err := os.OpenRoot(d.Path)
	if err != nil {
		return nil, d.unreadable(err)
	}
	defer root.Close()
	names, err := d.names(ctx, root)
	if err != nil {
		return nil, err
	}
	files := make([]telemetry.RunFile, 0, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := describe(root, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errFolder) {
			continue // removed since it was listed, a link to nothing, or a folder, which GitHub does not list either
		}
		if err != nil {
			f = undescribed(name)
		}
		files = append(files, f)
	}
	return files, nil
}

// names returns the names of the .json entries, sorted. They are read in parts,
// since a directory may hold millions of others.
func (d Dir) names(ctx context.Context, root *os.Root) ([]string, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, d.unreadable(err)
	}
	defer dir.Close()
	var names []string
	for {
		entries, err := dir.ReadDir(1000)
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".json") {
				names = append(names, e.Name())
			}
		}
		switch {
		case len(names) > dirMost:
			return nil, telemetry.Errorf(telemetry.CodeTooLarge,
				"The directory RUNS_DIR has more than %d .json files. Move old ones elsewhere. Stored data is kept.", dirMost)
		case errors.Is(err, io.EOF):
			slices.Sort(names)
			return names, nil
		case err != nil:
			return nil, d.unreadable(err)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
	}
}

func (d Dir) unreadable(err error) error {
	return telemetry.Errorf(telemetry.CodeUnavailable,
		"Cannot read the directory RUNS_DIR. Check that it exists and that the program's user may read it. Stored data is kept.").Because(err)
}

var (
	errNotRegular = errors.New("it is not a regular file")
	errFolder     = errors.New("it is a folder")
)

// openRegular opens a regular file. It never waits for the other end of a FIFO.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	if !utf8.ValidString(name) {
		return nil, nil, errors.New("the name is not UTF-8")
	}
	info, err := root.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return nil, nil, errFolder
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errNotRegular // not even opened: opening a device can do something
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// describe hashes a file as Git does, one over the limit by its size and time. Of
// one that grows meanwhile, the bytes up to its size count.
func describe(root *os.Root, name string) (telemetry.RunFile, error) {
	f, info, err := openRegular(root, name)
	if err != nil {
		return telemetry.RunFile{}, err
	}
	defer f.Close()
	hash := sha1.New() //nolint:gosec // see above
	if info.Size() > telemetry.MaxRecordBytes {
		fmt.Fprintf(hash, "large %d %d", info.Size(), info.ModTime().UnixNano())
	} else {
		fmt.Fprintf(hash, "blob %d\x00", info.Size())
		if _, err := io.Copy(hash, io.LimitReader(f, info.Size())); err != nil {
			return telemetry.RunFile{}, err
		}
	}
	return telemetry.RunFile{Name: name, SHA: hex.EncodeToString(hash.Sum(nil)), Size: info.Size()}, nil
}

// undescribed is an entry that cannot be read, though its directory can.
func undescribed(name string) telemetry.RunFile {
	hash := sha1.New() //nolint:gosec // see describe
	fmt.Fprint(hash, "unreadable ", name)
	return telemetry.RunFile{Name: strings.ToValidUTF8(name, "\ufffd"), SHA: hex.EncodeToString(hash.Sum(nil))}
}

const largeFile = 1 << 20

// FetchRunFiles reads as many files at a time as there are processors: parsing
// them costs more than reading. Large files are read one at a time, since each
// takes several times its size of memory until got has returned.
func (d Dir) FetchRunFiles(ctx context.Context, files []telemetry.RunFile, got func(telemetry.RunFile, []byte, error) error) error {
	root, err := os.OpenRoot(d.Path)
	if err != nil {
		return d.unreadable(err)
	}
	defer root.Close()
	var large sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, file := range files {
		g.Go(func() error {
			if file.Size > largeFile {
				large.Lock()
				defer large.Unlock()
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			body, err := leaving(ctx, func() ([]byte, error) { return read(root, file) })
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(file.Name, utf8.RuneError):
				return nil // removed since it was listed, unless its name was not UTF-8: the next listing tells
			case err != nil:
				return got(file, nil, err)
			}
			return got(file, body, nil)
		})
	}
	return g.Wait()
}

func read(root *os.Root, file telemetry.RunFile) ([]byte, error) {
	tooLarge := telemetry.Errorf(telemetry.CodeTooLarge,
		"The file is larger than %d bytes, the most that is read.", telemetry.MaxRecordBytes)
	if file.Size > telemetry.MaxRecordBytes {
		return nil, tooLarge
	}
	f, _, err := openRegular(root, file.Name)
	switch {
	case errors.Is(err, errNotRegular):
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"This is not a regular file but a FIFO, socket or device. Remove it, or give it another name.")
	case err != nil:
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"Cannot open the file. Check that the program's user may read it, that it is not a link that leaves the directory, "+
				"and that its name is UTF-8.").Because(err)
	}
	defer f.Close()
	buffer := bytes.NewBuffer(make([]byte, 0, file.Size+bytes.MinRead))
	_, err = buffer.ReadFrom(io.LimitReader(f, telemetry.MaxRecordBytes+1))
	body := buffer.Bytes()
	switch {
	case err != nil:
		return nil, telemetry.Errorf(telemetry.CodeUnavailable,
			"The file cannot be read to its end. The next refresh reads it again.").Because(err)
	case len(body) > telemetry.MaxRecordBytes:
		return nil, tooLarge
	}
	return body, nil
}
