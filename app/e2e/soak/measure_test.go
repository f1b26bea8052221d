package soak

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sample is what the process holds at rest.
type sample struct {
	at         time.Duration
	goroutines int
	files      int
	heap       uint64
	resident   uint64 // with what SQLite and the race detector hold outside the heap
	answers    int
}

// measure lets everything come to rest and notes what is still held. Workers
// must not work meanwhile.
func (s *soak) measure(at, settled time.Duration) {
	now := s.atRest(at, settled)
	now.heap, now.resident = s.Heap(), resident(s.PID())
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.status {
		now.answers += n
	}
	s.samples = append(s.samples, now)
	s.T.Log(now)
}

func (m sample) String() string {
	return fmt.Sprintf("%8s%12d%13d%10.1f%13.1f%10d", m.at.Round(time.Second), m.goroutines, m.files,
		float64(m.heap)/(1<<20), float64(m.resident)/(1<<20), m.answers)
}

const sampleHead = "   after  goroutines  descriptors   heap MB  resident MB   answers"

// atRest waits until the process holds no fewer goroutines and descriptors
// than some time before: its own jobs come and go, and idle connections and
// their goroutines end after a while.
func (s *soak) atRest(at, settled time.Duration) sample {
	most := 10 * settled
	least := sample{at: at, goroutines: 1 << 30, files: 1 << 30}
	begun := time.Now()
	for last := begun; time.Since(last) < settled && time.Since(begun) < most; {
		if n := s.Goroutines(); n < least.goroutines {
			least.goroutines, last = n, time.Now()
		}
		if n := descriptors(s.PID()); n < least.files {
			least.files, last = n, time.Now()
		}
	}
	return least
}

// descriptors is how many files a process has open, 0 where /proc does not
// tell.
func descriptors(pid int) int {
	open, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return 0
	}
	return len(open)
}

// resident is the memory of a process, 0 where /proc does not have it.
func resident(pid int) uint64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm") //nolint:gosec // a process id
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 1 {
		pages, _ := strconv.ParseUint(fields[1], 10, 64)
		return pages * uint64(os.Getpagesize()) //nolint:gosec // it is positive
	}
	return 0
}

// judge prints the measures and fails where they climb.
func (s *soak) judge() {
	lines := []string{"", sampleHead}
	for _, m := range s.samples {
		lines = append(lines, m.String())
	}
	s.T.Log(strings.Join(lines, "\n"))
	s.T.Logf("answers by status: %v; database connections cut: %v", s.status, s.cuts)
	if s.postgres != nil && s.cuts[true] == 0 {
		s.T.Error("no connection to the database was cut")
	}
	s.log.judge(s.T)
	loaded := s.samples[1 : len(s.samples)-1] // neither the start nor the end
	third := len(loaded) / 3
	if third == 0 || s.status[200] == 0 {
		s.T.Fatalf("%d measures and %v answers are too few to judge", len(s.samples), s.status)
	}
	for _, m := range gauges() {
		middle, last := mean(loaded[third:2*third], m.of), mean(loaded[len(loaded)-third:], m.of)
		s.T.Logf("%-16s start %12.0f, middle third %12.0f, last third %12.0f", m.name, m.of(s.samples[0]), middle, last)
		if last > middle*1.1+m.slack {
			s.T.Errorf("%s: %.0f in the middle third, %.0f in the last", m.name, middle, last)
		}
	}
	first, end := s.samples[0], s.samples[len(s.samples)-1]
	// Pools of connections, to the database and upstreams, have filled since.
	if end.goroutines > first.goroutines+32 || end.files > first.files+32 {
		s.T.Errorf("at the end %d goroutines and %d descriptors, %d and %d at the start",
			end.goroutines, end.files, first.goroutines, first.files)
	}
	if s.T.Failed() {
		s.Signal(syscall.SIGQUIT) // it then logs its goroutines
		s.Wait()
		s.T.Logf("the goroutines of the end:\n%s", s.log.other.String())
	}
}

// gauge is a figure of a sample, and by how much a third may differ by
// chance, beside a tenth.
type gauge struct {
	name  string
	of    func(sample) float64
	slack float64
}

func gauges() []gauge {
	return []gauge{
		{"goroutines", func(m sample) float64 { return float64(m.goroutines) }, 10},
		{"descriptors", func(m sample) float64 { return float64(m.files) }, 10},
		{"heap", func(m sample) float64 { return float64(m.heap) }, 8 << 20},
		{"resident memory", func(m sample) float64 { return float64(m.resident) }, 48 << 20},
	}
}

func mean(samples []sample, of func(sample) float64) (sum float64) {
	for _, m := range samples {
		sum += of(m) / float64(len(samples))
	}
	return sum
}
