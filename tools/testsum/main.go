// Command testsum reads what `go test -json` writes and tells it in words:
// a line a package, the whole output of what failed, every test that was
// skipped. Its last line is "N passed, N failed", in tests (subtests
// included; a package that fails outside its tests is one failure). It exits
// with 1 if anything failed or nothing ran.
//
// With -need a,b a test that was skipped with a or b in its message counts
// as failed: a machine that is to have all of them has lost one.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of `go test -json`, as `go doc test2json` describes it.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build output
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

func main() {
	need := flag.String("need", "", "words, separated by commas, that no skipped test's message may hold")
	flag.Parse()
	ok, err := summarize(os.Stdin, os.Stdout, strings.FieldsFunc(*need, func(r rune) bool { return r == ',' }))
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// summarize writes the account of the events in r, and reports whether
// something passed and nothing failed. Lines of r that are no events are
// written as they are.
func summarize(r io.Reader, w io.Writer, need []string) (bool, error) {
	s := summary{w: w, need: need, output: map[string][]string{}, failures: map[string]int{}}
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("read the test events: %w", err)
		}
	}
	_, err := fmt.Fprintf(w, "%d passed, %d failed\n", s.passed, s.failed)
	return s.failed == 0 && s.passed > 0, err
}

type summary struct {
	w              io.Writer
	need           []string
	passed, failed int
	output         map[string][]string // by package and test, or by build
	failures       map[string]int      // by package
}

func (s *summary) line(text string) {
	var e event
	if err := json.Unmarshal([]byte(text), &e); err != nil || e.Action == "" {
		fmt.Fprint(s.w, text)
		return
	}
	key := e.Package + " " + e.Test
	switch {
	case e.Action == "build-output":
		s.output[e.ImportPath] = append(s.output[e.ImportPath], e.Output)
	case e.Action == "output":
		s.output[key] = append(s.output[key], e.Output)
	case e.Test != "":
		s.test(e, key)
	default:
		s.packageEnd(e, key)
	}
}

// test accounts for the end of one test.
func (s *summary) test(e event, key string) {
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.fail(e.Package)
		fmt.Fprintf(s.w, "--- FAIL: %s %s (%.2fs)\n%s", e.Package, e.Test, e.Elapsed, s.told(key))
	case "skip":
		why := s.told(key)
		if s.needed(why) {
			s.fail(e.Package)
			fmt.Fprintf(s.w, "--- FAIL: %s %s was skipped, and may not be\n%s", e.Package, e.Test, why)
		} else {
			fmt.Fprintf(s.w, "--- SKIP: %s %s\n%s", e.Package, e.Test, why)
		}
	default:
		return
	}
	delete(s.output, key)
}

// packageEnd accounts for the end of one package. One that fails although
// none of its tests did has panicked, run out of time or not been built.
func (s *summary) packageEnd(e event, key string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(s.w, "ok    %s %.1fs\n", e.Package, e.Elapsed)
	case "skip":
		fmt.Fprintf(s.w, "none  %s\n", e.Package)
	case "fail":
		rest := s.left(e.Package)
		if s.failures[e.Package] == 0 || rest != "" {
			fmt.Fprint(s.w, strings.Join(s.output[e.FailedBuild], ""), rest, strings.Join(s.output[key], ""))
		}
		if s.failures[e.Package] == 0 {
			s.fail(e.Package)
		}
		fmt.Fprintf(s.w, "FAIL  %s %.1fs\n", e.Package, e.Elapsed)
	default:
		return
	}
	delete(s.output, key)
}

// left returns, and forgets, the output of the package's tests that never
// ended: where a panic or the time limit struck.
func (s *summary) left(pkg string) string {
	var b strings.Builder
	for key, lines := range s.output {
		if test, ok := strings.CutPrefix(key, pkg+" "); ok && test != "" {
			b.WriteString(strings.Join(lines, ""))
			delete(s.output, key)
		}
	}
	return b.String()
}

func (s *summary) fail(pkg string) {
	s.failed++
	s.failures[pkg]++
}

func (s *summary) needed(why string) bool {
	for _, word := range s.need {
		if strings.Contains(why, word) {
			return true
		}
	}
	return false
}

// told returns what the test itself wrote, without the frame around it.
func (s *summary) told(key string) string {
	var b strings.Builder
	for _, line := range s.output[key] {
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "===", "---":
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}
