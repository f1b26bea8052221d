package derive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// A record may be such that storing it ends the program: it runs out of
// memory, say. So what is about to be stored is written down first, in a
// transaction of its own, and crossed out by the transaction that stores it.
// A mark whose program is gone names files to quarantine, which are stored one by one,
// and left out after maxCrashes.

// quarantined is what a program was storing when it ended.
type quarantined struct {
	Source  string `json:"source"`
	Name    string `json:"name"`
	SHA     string `json:"sha"`
	Crashes int    `json:"crashes"`
	Again   bool   `json:"again"` // a person asked to try it once more
}

const (
	maxCrashes      = 2    // so often a file may end the program
	mostQuarantined = 1000 // more than two transactions name
	quarantineKey   = "quarantine"
	rebuilding      = "rebuild" // stands for the source of a repository that is derived again
)

func (p quarantined) same(o quarantined) bool {
	return p.Source == o.Source && p.Name == o.Name && p.SHA == o.SHA
}

// out reports whether it is not tried any more.
func (p quarantined) out() bool { return p.Crashes >= maxCrashes && !p.Again }

// left is what is said of a file that is left out.
func (p quarantined) left() error {
	if p.Crashes == maxCrashes {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"The program ended twice while it stored this file; it is skipped. Start a refresh to try again, or correct the file.")
	}
	return telemetry.Errorf(telemetry.CodeInvalid,
		"The program ended %d times while it stored this file; it is skipped until it changes.", p.Crashes)
}

// quarantine returns what ended programs, those that just ended included.
func (w *Writer) quarantine(ctx context.Context) ([]quarantined, error) {
	var list []quarantined
	lost := false
	err := w.Read(ctx, func(tx *store.Tx) error {
		list, lost = readQuarantine(tx), tx.HasLostMarks()
		return tx.Err()
	})
	if err != nil || !lost {
		return list, err
	}
	err = w.Write(ctx, func(tx *store.Tx) error {
		list = readQuarantine(tx)
		for _, mark := range tx.LostMarks() {
			for _, p := range store.FromJSON[[]quarantined](tx, mark) {
				list = addCrash(list, p)
			}
		}
		saveQuarantine(tx, list)
		return tx.Err()
	})
	return list, err
}

// addCrash counts one more crash.
func addCrash(list []quarantined, p quarantined) []quarantined {
	if i := slices.IndexFunc(list, p.same); i >= 0 {
		list[i].Crashes, list[i].Again = list[i].Crashes+1, false
		return list
	}
	p.Crashes, p.Again = 1, false
	return append(list, p)
}

func readQuarantine(tx *store.Tx) []quarantined {
	return store.FromJSON[[]quarantined](tx, tx.Meta(quarantineKey))
}

func saveQuarantine(tx *store.Tx, list []quarantined) {
	if len(list) == 0 {
		tx.SetMeta(quarantineKey, "")
		return
	}
	slices.SortStableFunc(list, func(a, b quarantined) int { return cmp.Compare(b.Crashes, a.Crashes) })
	tx.SetMeta(quarantineKey, store.JSON(list[:min(len(list), mostQuarantined)]))
}

// marked runs do in a transaction with a mark. A panic in it is an error.
func (w *Writer) marked(ctx context.Context, what []quarantined, do func(*store.Tx) error) error {
	return w.WriteMarked(ctx, store.JSON(what), func(tx *store.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		release(tx, what)
		return tx.Err()
	})
}

// release forgets what was stored, which is alone if it was quarantined, and its older versions.
func release(tx *store.Tx, what []quarantined) {
	if len(what) != 1 {
		return
	}
	list := readQuarantine(tx)
	n := len(list)
	list = slices.DeleteFunc(list, func(p quarantined) bool { return p.Source == what[0].Source && p.Name == what[0].Name })
	if len(list) != n {
		saveQuarantine(tx, list)
	}
}

// RetryFiles has files that were left out, since storing them ended the
// program, tried once more by the next refresh. Those that ended it again are
// left out until they change.
func (w *Writer) RetryFiles(ctx context.Context) error {
	list, err := w.quarantine(ctx)
	again := func(p quarantined) bool { return p.Crashes == maxCrashes && !p.Again && p.Source != rebuilding }
	if err != nil || !slices.ContainsFunc(list, again) {
		return err
	}
	return w.Write(ctx, func(tx *store.Tx) error {
		list := readQuarantine(tx)
		for i := range list {
			list[i].Again = list[i].Again || again(list[i])
		}
		saveQuarantine(tx, list)
		return tx.Err()
	})
}

// putFiles stores files in one transaction, or each alone where that panics: the guilty one is listed.
func (w *Writer) putFiles(ctx context.Context, source string, files []telemetry.FetchedFile) (telemetry.PutResult, error) {
	var result telemetry.PutResult
	what := make([]quarantined, 0, len(files))
	for _, f := range files {
		if f.Record != nil { // else nothing follows from it
			what = append(what, quarantined{Source: source, Name: f.Name, SHA: f.SHA})
		}
	}
	err := w.marked(ctx, what, func(tx *store.Tx) error {
		result = telemetry.PutResult{}
		c := newChanges(tx)
		if len(what) == 1 && slices.ContainsFunc(readQuarantine(tx), func(p quarantined) bool { return p.Again && p.same(what[0]) }) {
			tx.Exec(`UPDATE files SET sha = '' WHERE source = $1 AND file = $2`, source, what[0].Name) // its error is stored under this SHA
		}
		for i := range files {
			c.putFile(source, &files[i], &result)
		}
		derive(c)
		return tx.Err()
	})
	if !panicked(err) {
		return result, err
	}
	result = telemetry.PutResult{}
	for i := range files {
		if len(files) == 1 {
			if files[i].Record == nil {
				return result, err
			}
			files[i].Record, files[i].Err = nil, err
		}
		one, err := w.putFiles(ctx, source, files[i:i+1])
		if err != nil {
			return result, err
		}
		result.New, result.Updated, result.Broken = result.New+one.New, result.Updated+one.Updated, result.Broken+one.Broken
	}
	return result, nil
}

// panicked tells an error of telemetry.Guard; the store has no other of its code.
func panicked(err error) bool {
	return err != nil && telemetry.CodeOf(err) == telemetry.CodeInternal && strings.Contains(err.Error(), "panic: ")
}

// rebuildMarked derives a repository again, unless that ended the program before.
func (w *Writer) rebuildMarked(ctx context.Context, key string) (more bool, err error) {
	what := quarantined{Source: rebuilding, Name: key, SHA: rules()}
	list, err := w.quarantine(ctx)
	if err != nil {
		return false, err
	}
	if i := slices.IndexFunc(list, what.same); i >= 0 && list[i].out() {
		return false, telemetry.Errorf(telemetry.CodeInternal,
			"The program ended twice while it derived the records of %s again, so they keep their older figures. "+
				"The next version of the program tries again.", cmp.Or(key, "no repository"))
	}
	err = w.marked(ctx, []quarantined{what}, func(tx *store.Tx) (err error) {
		more, err = rebuildGroup(tx, key)
		return err
	})
	if err != nil {
		err = fmt.Errorf("derive the records of %q again: %w", key, err)
	}
	return more, err
}
