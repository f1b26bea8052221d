package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pressly/goose/v3"
)

// Plan is what a migration would do.
type Plan struct {
	Have  int64 // the schema version of the database, 0 where it is empty
	Steps []Step
}

// Step is a migration that is not applied yet.
type Step struct {
	Version int64
	Text    string // what it does: the comment that its file begins with
}

// Pending returns what Open would do to the schema of a database. It changes
// nothing, and refuses what Open would refuse.
func Pending(ctx context.Context, o Options) (Plan, error) {
	s := &Store{now: o.Now}
	defer s.Close()
	var err error
	file, lite := strings.CutPrefix(o.URL, "sqlite:")
	if lite {
		err = s.name(file)
		if err == nil {
			if _, gone := os.Stat(s.path); errors.Is(gone, fs.ErrNotExist) {
				return s.planFrom(0)
			}
			err = s.openSQLiteToRead(ctx, file)
		}
	} else {
		err = s.openPostgres(ctx, o.URL)
	}
	if err != nil {
		return Plan{}, err
	}
	refused, err := s.refusal(ctx)
	if err != nil {
		return Plan{}, s.explain(err)
	}
	if refused != nil {
		return Plan{}, refused
	}
	have := int64(0)
	err = s.Read(ctx, func(tx *Tx) error {
		for _, table := range All[string](tx, tablesOf(s.dialect)) {
			if table == versionTable {
				have = One[int64](tx, `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable)
			}
		}
		return tx.err
	})
	if err != nil {
		return Plan{}, s.explain(err)
	}
	return s.planFrom(have)
}

func (s *Store) planFrom(have int64) (Plan, error) {
	p := Plan{Have: have}
	names, err := fs.Glob(migrations, "migrations/"+s.dialect.name()+"/*.sql")
	if err != nil {
		return p, fmt.Errorf("list the migrations: %w", err)
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return p, fmt.Errorf("number of the migration %s: %w", path.Base(name), err)
		}
		if version <= have {
			continue
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return p, fmt.Errorf("read the migration %s: %w", path.Base(name), err)
		}
		p.Steps = append(p.Steps, Step{Version: version, Text: firstSentence(string(text))})
	}
	return p, nil
}

// firstSentence is the first sentence of the comment that a migration begins with.
func firstSentence(text string) string {
	var words []string
	for line := range strings.Lines(text) {
		comment, is := strings.CutPrefix(strings.TrimSpace(line), "--")
		switch {
		case !is:
			return strings.Join(words, " ")
		case strings.HasPrefix(strings.TrimSpace(comment), "+goose"):
			continue
		}
		for word := range strings.FieldsSeq(comment) {
			words = append(words, word)
			if strings.HasSuffix(word, ".") {
				return strings.Join(words, " ")
			}
		}
	}
	return strings.Join(words, " ")
}
