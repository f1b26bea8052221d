package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// logFolders are where the logs of runs lie: beneath RUNS_DIR or beside it.
func (d Dir) logFolders() []string {
	return []string{filepath.Join(d.Path, "logs"), filepath.Join(d.Path, "..", "logs")}
}

// LogLabels returns the labels of the runs whose logs lie beneath the
// directory or beside it, sorted. A folder that is not there has none.
func (d Dir) LogLabels(ctx context.Context) ([]string, error) {
	return leaving(ctx, func() ([]string, error) {
		var labels []string
		for _, folder := range d.logFolders() {
			names, err := labelsIn(ctx, folder)
			if err != nil {
				return nil, d.unreadableLogs(err)
			}
			labels = append(labels, names...)
		}
		slices.Sort(labels)
		return slices.Compact(labels), nil
	})
}

func labelsIn(ctx context.Context, folder string) (labels []string, err error) {
	dir, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	for len(labels) <= dirMost && ctx.Err() == nil {
		entries, err := dir.ReadDir(1000)
		for _, e := range entries {
			if telemetry.IsLogLabel(e.Name()) && e.Type()&(fs.ModeDir|fs.ModeSymlink) != 0 {
				labels = append(labels, e.Name())
			}
		}
		if errors.Is(err, io.EOF) {
			return labels, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return labels, ctx.Err()
}

func (d Dir) unreadableLogs(err error) error {
	return telemetry.Errorf(telemetry.CodeUnavailable,
		"Cannot read the run logs of RUNS_DIR. Check that the program's user may read the folder logs. Stored data is kept.").Because(err)
}

// RunLog returns the log of a run from beneath the directory or beside it. A
// file that cannot be read says why, and the others count.
func (d Dir) RunLog(ctx context.Context, q telemetry.LogQuestion) (telemetry.FetchedLog, error) {
	return leaving(ctx, func() (telemetry.FetchedLog, error) { return d.readLog(ctx, q.LogRef) })
}

func (d Dir) readLog(ctx context.Context, ref telemetry.LogRef) (telemetry.FetchedLog, error) {
	l := telemetry.FetchedLog{LogRef: ref, State: telemetry.LogMissing}
	if !telemetry.IsLogLabel(ref.Label) {
		return l, nil
	}
	for _, folder := range d.logFolders() {
		root, err := os.OpenRoot(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return l, d.unreadableLogs(err)
		}
		files, err := readLogFiles(ctx, root, ref.Label)
		_ = root.Close()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return l, d.unreadableLogs(err)
		}
		l.State, l.Files = telemetry.LogFound, files
		break
	}
	return l, nil
}

func readLogFiles(ctx context.Context, root *os.Root, label string) ([]telemetry.LogFile, error) {
	dir, err := root.Open(label)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(10 * telemetry.MaxLogFiles)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var files []telemetry.LogFile
	left := int64(telemetry.MaxLogBytes)
	for _, e := range entries {
		if !telemetry.IsLogFile(e.Name()) || len(files) > telemetry.MaxLogFiles {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f, err := describe(root, path.Join(label, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			f = undescribed(e.Name())
		}
		file := telemetry.LogFile{RunFile: f}
		if left -= f.Size; left < 0 {
			file.Err = telemetry.Errorf(telemetry.CodeTooLarge, "The log has more than %d bytes, the most that is read.", telemetry.MaxLogBytes)
		} else {
			file.Body, file.Err = read(root, f)
		}
		file.Name = e.Name()
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b telemetry.LogFile) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// Sides returns the registry and the orchestrator's state beside the
// directory, as far as they are there.
func (d Dir) Sides(ctx context.Context) ([]telemetry.RunFile, error) {
	return leaving(ctx, func() (files []telemetry.RunFile, _ error) {
		root, err := os.OpenRoot(filepath.Join(d.Path, ".."))
		if err != nil {
			return nil, nil // what cannot be entered has no such file
		}
		defer root.Close()
		for _, name := range telemetry.SideFiles() {
			f, err := describe(root, name)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errFolder) {
				continue
			}
			if err != nil {
				f = undescribed(name)
			}
			files = append(files, f)
		}
		return files, nil
	})
}

// FetchSide reads a file that Sides listed.
func (d Dir) FetchSide(ctx context.Context, f telemetry.RunFile) ([]byte, error) {
	return leaving(ctx, func() ([]byte, error) {
		root, err := os.OpenRoot(filepath.Join(d.Path, ".."))
		if err != nil {
			return nil, d.unreadable(err)
		}
		defer root.Close()
		return read(root, f)
	})
}
