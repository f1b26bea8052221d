package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// A record may be such that storing it ends the program: it runs out of
// memory, say. So what is about to be stored is written down first, in a
// transaction of its own, and crossed out by the transaction that stores it.
// A mark whose program is gone names suspects, which are stored one by one,
// and left out after suspectDeaths.

// suspect is what a program was storing when it ended.
type suspect struct {
	Source string `json:"source"`
	Name   string `json:"name"`
	SHA    string `json:"sha"`
	Deaths int    `json:"deaths"`
	Again  bool   `json:"again"` // a person asked to try it once more
}

const (
	suspectDeaths = 2    // so often a file may end the program
	suspectsMost  = 1000 // more than two transactions name
	suspectsKey   = "suspects"
	markPrefix    = "storing "
	rebuilding    = "rebuild" // stands for the source of a repository that is derived again
)

func (p suspect) same(o suspect) bool {
	return p.Source == o.Source && p.Name == o.Name && p.SHA == o.SHA
}

// out tells whether it is not tried any more.
func (p suspect) out() bool { return p.Deaths >= suspectDeaths && !p.Again }

// left is what is said of a file that is left out.
func (p suspect) left() error {
	if p.Deaths == suspectDeaths {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"Storing this file ended the program twice; it is left out. Start a refresh to try it once more, or correct the file.")
	}
	return telemetry.Errorf(telemetry.CodeInvalid,
		"Storing this file ended the program %d times; it is left out until it changes.", p.Deaths)
}

// suspects returns what ended programs, those that just ended included.
func (s *Store) suspects(ctx context.Context) ([]suspect, error) {
	var list []suspect
	var marks int64
	err := s.Read(ctx, func(tx *Tx) error {
		list = readSuspects(tx)
		tx.Row(`SELECT COUNT(*) FROM meta WHERE key LIKE 'storing %' AND SUBSTR(key, 9) NOT IN (SELECT id FROM programs)`).Scan(&marks)
		return tx.Err()
	})
	if err != nil || marks == 0 {
		return list, err
	}
	err = s.Write(ctx, func(tx *Tx) error {
		list = readSuspects(tx)
		var ended []suspect
		tx.Each(`DELETE FROM meta WHERE key LIKE 'storing %' AND SUBSTR(key, 9) NOT IN (SELECT id FROM programs)
			RETURNING value`, nil, func(r *Row) {
			var text string
			r.Scan(&text)
			ended = append(ended, FromJSON[[]suspect](tx, text)...)
		})
		for _, p := range ended {
			list = accuse(list, p)
		}
		saveSuspects(tx, list)
		return tx.Err()
	})
	return list, err
}

// accuse counts one more death.
func accuse(list []suspect, p suspect) []suspect {
	if i := slices.IndexFunc(list, p.same); i >= 0 {
		list[i].Deaths, list[i].Again = list[i].Deaths+1, false
		return list
	}
	p.Deaths, p.Again = 1, false
	return append(list, p)
}

func readSuspects(tx *Tx) []suspect {
	text := ""
	tx.Row(`SELECT value FROM meta WHERE key = $1`, suspectsKey).Scan(&text)
	return FromJSON[[]suspect](tx, text)
}

func saveSuspects(tx *Tx, list []suspect) {
	if len(list) == 0 {
		tx.Exec(`DELETE FROM meta WHERE key = $1`, suspectsKey)
		return
	}
	slices.SortStableFunc(list, func(a, b suspect) int { return cmp.Compare(b.Deaths, a.Deaths) })
	putMeta(tx, suspectsKey, JSON(list[:min(len(list), suspectsMost)]))
}

func putMeta(tx *Tx, key, value string) {
	tx.Exec(`INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
}

// marked runs do in a transaction, with a mark of what it stores. A panic in
// it is an error.
func (s *Store) marked(ctx context.Context, what []suspect, do func(*Tx) error) error {
	s.marking.Lock() // a program has one mark
	defer s.marking.Unlock()
	err := s.Write(ctx, func(tx *Tx) error {
		putMeta(tx, markPrefix+s.program, JSON(what))
		return tx.Err()
	})
	if err != nil {
		return err
	}
	err = telemetry.Guard("store records", func() error {
		return s.Write(ctx, func(tx *Tx) error {
			if err := do(tx); err != nil {
				return err
			}
			s.unmark(tx)
			acquit(tx, what)
			return tx.Err()
		})
	})
	if err != nil { // the program lives on, so nothing is to be said against them
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = s.Write(ctx, func(tx *Tx) error { s.unmark(tx); return tx.Err() }) // else Close does, or the next mark takes its place
	}
	return err
}

func (s *Store) unmark(tx *Tx) { tx.Exec(`DELETE FROM meta WHERE key = $1`, markPrefix+s.program) }

// acquit forgets those that were stored, and older versions of them. Only
// those that were suspects are stored alone.
func acquit(tx *Tx, what []suspect) {
	if len(what) != 1 {
		return
	}
	list := readSuspects(tx)
	n := len(list)
	list = slices.DeleteFunc(list, func(p suspect) bool { return p.Source == what[0].Source && p.Name == what[0].Name })
	if len(list) != n {
		saveSuspects(tx, list)
	}
}

// RetryFiles has files that were left out, since storing them ended the
// program, tried once more by the next refresh. Those that ended it again are
// left out until they change.
func (s *Store) RetryFiles(ctx context.Context) error {
	list, err := s.suspects(ctx)
	again := func(p suspect) bool { return p.Deaths == suspectDeaths && !p.Again && p.Source != rebuilding }
	if err != nil || !slices.ContainsFunc(list, again) {
		return err
	}
	return s.Write(ctx, func(tx *Tx) error {
		list := readSuspects(tx)
		for i := range list {
			list[i].Again = list[i].Again || again(list[i])
		}
		saveSuspects(tx, list)
		return tx.Err()
	})
}

// putFiles stores files in one transaction. Where that panics, each is stored
// alone, and one that still panics is listed with its error.
func (s *Store) putFiles(ctx context.Context, source string, files []telemetry.FetchedFile) (telemetry.PutResult, error) {
	var result telemetry.PutResult
	what := make([]suspect, 0, len(files))
	for _, f := range files {
		if f.Record != nil { // else nothing follows from it
			what = append(what, suspect{Source: source, Name: f.Name, SHA: f.SHA})
		}
	}
	err := s.marked(ctx, what, func(tx *Tx) error {
		result = telemetry.PutResult{}
		d := newDerivation(tx)
		if len(what) == 1 && slices.ContainsFunc(readSuspects(tx), func(p suspect) bool { return p.Again && p.same(what[0]) }) {
			tx.Exec(`UPDATE files SET sha = '' WHERE source = $1 AND file = $2`, source, what[0].Name) // its error is stored under this SHA
		}
		for i := range files {
			d.putFile(source, &files[i], &result)
		}
		d.finish()
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
		one, err := s.putFiles(ctx, source, files[i:i+1])
		if err != nil {
			return result, err
		}
		result.New, result.Updated, result.Broken = result.New+one.New, result.Updated+one.Updated, result.Broken+one.Broken
	}
	return result, nil
}

// panicked tells an error of telemetry.Guard; the store has no other of its
// code.
func panicked(err error) bool {
	return err != nil && telemetry.CodeOf(err) == telemetry.CodeInternal && strings.Contains(err.Error(), "panic: ")
}

// rebuildMarked derives a repository's records again, unless that ended the
// program before.
func (s *Store) rebuildMarked(ctx context.Context, key string) (more bool, err error) {
	what := suspect{Source: rebuilding, Name: key, SHA: rules()}
	list, err := s.suspects(ctx)
	if err != nil {
		return false, err
	}
	if i := slices.IndexFunc(list, what.same); i >= 0 && list[i].out() {
		return false, telemetry.Errorf(telemetry.CodeInternal,
			"Deriving the records of %s again ended the program twice, so they keep their older figures. "+
				"The next version of the program tries again.", cmp.Or(key, "no repository"))
	}
	err = s.marked(ctx, []suspect{what}, func(tx *Tx) (err error) {
		more, err = rebuildGroup(tx, key)
		return err
	})
	if err != nil {
		err = fmt.Errorf("derive the records of %q again: %w", key, err)
	}
	return more, err
}
