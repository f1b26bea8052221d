package program

import (
	"regexp"
	"strconv"
)

// Traced is the setting with which Go's runtime reports, every so many
// milliseconds, each goroutine of the program, and each garbage collection.
func Traced(milliseconds int) Settings {
	return Settings{"GODEBUG": "gctrace=1,scheddetail=1,schedtrace=" + strconv.Itoa(milliseconds)}
}

// trace is what Go's runtime has reported of the program.
type trace struct {
	whole      int // how many traces were read
	goroutines int // of the last of them
	counting   int // of the one that is being read
	heap       int // MB that the last garbage collection left
}

// Lines of GODEBUG; dead goroutines have status 6.
var (
	traceHead    = regexp.MustCompile(`^SCHED \d+ms: `)
	traceDetail  = regexp.MustCompile(`^  [GMP]\d+: `)
	traceRoutine = regexp.MustCompile(`^  G\d+: status=[1-57-9]`)
	traceGC      = regexp.MustCompile(`^gc \d+ @.* \d+->\d+->(\d+) MB, `)
)

// takes reports whether a line of the log is the runtime's, and counts it.
func (t *trace) takes(line string) bool {
	switch {
	case traceHead.MatchString(line):
		if t.counting > 0 {
			t.whole++
			t.goroutines = t.counting
		}
		t.counting = 0
	case traceDetail.MatchString(line):
		if traceRoutine.MatchString(line) {
			t.counting++
		}
	default:
		m := traceGC.FindStringSubmatch(line)
		if m == nil {
			return false
		}
		t.heap, _ = strconv.Atoi(m[1])
	}
	return true
}

// traced is the state of the trace.
func (p *Program) traced() trace {
	p.process.mu.Lock()
	defer p.process.mu.Unlock()
	return p.process.trace
}

// Goroutines is how many goroutines the program has now. It must be Traced.
func (p *Program) Goroutines() int {
	p.T.Helper()
	before := p.traced().whole
	p.Until("the program reports no goroutines", func() bool { return p.traced().whole >= before+2 })
	return p.traced().goroutines
}

// Heap is how many bytes the last garbage collection left. The program must
// be Traced.
func (p *Program) Heap() uint64 { return uint64(p.traced().heap) << 20 } //nolint:gosec // it is positive
