package store

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"
)

// Slow is told of statements that take long. The zero value is told of none.
type Slow struct {
	From time.Duration // how long a statement takes that is told

	// Tell is told the beginning of a statement, without its values, and how long
	// it took: a query until its first row, since who reads the others takes time, too.
	Tell func(ctx context.Context, statement string, took time.Duration)
}

// slowBytes is how much of a slow statement is told.
const slowBytes = 300

// begun is when a statement begins, zero where nobody is told.
func (s Slow) begun() time.Time {
	if s.Tell == nil {
		return time.Time{}
	}
	return time.Now()
}

// ended tells of a statement that took long.
func (s Slow) ended(ctx context.Context, statement string, begun time.Time) {
	if begun.IsZero() {
		return
	}
	if took := time.Since(begun); took >= s.From {
		s.Tell(ctx, shortened(statement), took)
	}
}

// shortened is the beginning of a statement on one line. The program's own
// statements have their values apart, in parameters.
func shortened(statement string) string {
	text := strings.Join(strings.Fields(statement), " ")
	if len(text) <= slowBytes {
		return text
	}
	end := slowBytes
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
