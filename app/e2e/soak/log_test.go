package soak

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// logCounts counts the lines of the program's log, by level and message, with
// an example of each. It keeps those about a panic, and the beginning
// of what is no line of the log: a data race, or the goroutines.
type logCounts struct {
	mu       sync.Mutex
	counts   map[string]int
	examples map[string]string
	panics   map[string]string // by message
	other    strings.Builder
}

// otherMost bounds what is kept of other lines.
const otherMost = 256 << 10

func newLogCounts() *logCounts {
	return &logCounts{counts: map[string]int{}, examples: map[string]string{}, panics: map[string]string{}}
}

// Write counts a line.
func (l *logCounts) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var entry struct{ Level, Msg string }
	if err := json.Unmarshal(line, &entry); err != nil {
		if l.other.Len() < otherMost {
			l.other.Write(line)
		}
		return len(line), nil
	}
	message := entry.Level + " " + entry.Msg
	l.counts[message]++
	l.examples[message] = string(line)
	if strings.Contains(string(line), "panic") {
		l.panics[message] = string(line)
	}
	return len(line), nil
}

// judge prints what was logged, and fails on what never should be.
func (l *logCounts) judge(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, message := range slices.Sorted(maps.Keys(l.counts)) {
		t.Logf("%7d times logged: %s\n\tfor example %.400s", l.counts[message], message, l.examples[message])
	}
	for _, text := range l.panics {
		t.Errorf("a panic: %s", text)
	}
	if text := strings.TrimSpace(l.other.String()); text != "" {
		t.Errorf("beside its log the program said:\n%s", text)
	}
}
