package github

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

const (
	// logsFolder is where the action keeps the logs of runs in the repository
	// that it scans.
	logsFolder = "logs"
	// logWorkers is how many files of a log are asked for at a time: logs have
	// time.
	logWorkers = 3
)

// RunLog returns the log of a run from the default branch of the repository
// that holds it. Where that has none of the run, or cannot be seen, the log is
// missing, which is no error. Once the folder of logs is known, a run without
// a log costs no counted request, and one with a log a request for each of
// its files and one for their list.
func (c *Client) RunLog(ctx context.Context, q telemetry.LogQuestion) (telemetry.FetchedLog, error) {
	repo, err := ownerName(string(q.In))
	if err != nil {
		return telemetry.FetchedLog{}, err
	}
	return share(ctx, c, "log "+q.In.Key()+" "+q.Label, func(ctx context.Context) (telemetry.FetchedLog, error) {
		a := &logAsk{folder: folder{c: c, repo: repo, branch: "HEAD", shown: true, path: logsFolder + "/" + q.Label}}
		l, err := a.read(ctx, q)
		l.LogRef, l.Origin, l.Requests = q.LogRef, repo, int(a.requests.Load())
		return l, err
	})
}

// logAsk is a question for one log, and what it has cost.
type logAsk struct {
	folder
	requests atomic.Int64
}

func (a *logAsk) question() question {
	return question{
		what:    "the run logs of " + a.repo,
		needs:   "Contents: read (fine-grained) or the scope repo (classic) for that repository",
		missing: fmt.Sprintf("GitHub no longer shows the run logs of %s (404); the next turn asks again.", a.repo),
	}
}

func (a *logAsk) read(ctx context.Context, q telemetry.LogQuestion) (l telemetry.FetchedLog, err error) {
	l.State = telemetry.LogMissing
	if !telemetry.IsLogLabel(q.Label) {
		return l, nil
	}
	root, err := a.entries(ctx, a.branch)
	if missing(err) {
		l.NoneAtAll = true
		l.Err = telemetry.Errorf(telemetry.CodeUpstreamNotFound,
			"GitHub shows no files of %s (404): it does not exist, or GITHUB_TOKEN may not see it.", q.In)
		return l, nil
	}
	if err != nil && !isEmptyRepo(err) {
		return l, a.c.failure(ctx, a.question(), err)
	}
	logs := folderIn(root, logsFolder)
	if logs == "" {
		l.NoneAtAll = true
		return l, nil
	}
	labels, err := a.entries(ctx, logs)
	if err != nil {
		return l, a.c.failure(ctx, a.question(), err)
	}
	at := folderIn(labels, q.Label)
	if at == "" {
		return l, nil
	}
	entries, err := a.entries(ctx, at)
	if err != nil {
		return l, a.c.failure(ctx, a.question(), err)
	}
	if l.Files, err = a.files(ctx, entries); err != nil {
		return telemetry.FetchedLog{}, err
	}
	l.State = telemetry.LogFound
	return l, nil
}

// entries are those of a tree. They are kept, so that asking again costs
// nothing as long as the tree is the same.
func (a *logAsk) entries(ctx context.Context, ref string) (list []treeEntry, err error) {
	asked, truncated, err := a.eachEntry(ctx, ref, func(e treeEntry) error {
		list = append(list, e)
		return nil
	})
	a.requests.Add(int64(asked))
	if err == nil && truncated {
		err = &unusable{"cuts off the list of a folder"}
	}
	return list, err
}

// folderIn is the SHA of a folder in a tree, "" where it has none of the name.
func folderIn(entries []treeEntry, name string) string {
	for _, e := range entries {
		if e.Path == name && e.Type == "tree" {
			return e.SHA
		}
	}
	return ""
}

// files fetches those files of a log that are read. A file that is too large
// says so; any other failure is that of the log.
func (a *logAsk) files(ctx context.Context, entries []treeEntry) ([]telemetry.LogFile, error) {
	files, left := []telemetry.LogFile{}, int64(telemetry.MaxLogBytes)
	for _, e := range entries {
		if e.Type != "blob" || e.Mode == symlink || !telemetry.IsLogFile(e.Path) || len(files) > telemetry.MaxLogFiles {
			continue
		}
		f := telemetry.LogFile{RunFile: telemetry.RunFile{Name: e.Path, SHA: e.SHA, Size: e.Size}}
		switch left -= e.Size; {
		case e.Size > telemetry.MaxRecordBytes:
			f.Err = tooLarge(e.Size)
		case left < 0:
			f.Err = telemetry.Errorf(telemetry.CodeTooLarge, "The log has more than %d bytes, the most that is read.", telemetry.MaxLogBytes)
		}
		files = append(files, f)
	}
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(logWorkers)
	for i := range files {
		if files[i].Err != nil {
			continue
		}
		g.Go(func() error {
			return telemetry.Guard("fetch "+files[i].Name, func() (err error) {
				a.requests.Add(1)
				files[i].Body, err = a.blob(asking, files[i].RunFile)
				if telemetry.CodeOf(err) == telemetry.CodeTooLarge {
					files[i].Err, err = err, nil
				}
				return err
			})
		})
	}
	if err := g.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, a.c.ended(ctx)
		}
		return nil, err
	}
	return files, nil
}
