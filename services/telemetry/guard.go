package telemetry

import (
	"fmt"
	"runtime/debug"
)

// Guard calls do and returns its error. A panic in it becomes an Error of
// CodeInternal that names what was being done; the panic and its stack are
// its cause, for the log. Every goroutine of the program runs under Guard,
// since a panic that nobody recovers ends the process.
func Guard(what string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Panicked(what, p)
		}
	}()
	return do()
}

// Panicked returns the Error of a recovered panic p while doing what. It is
// called in the deferred function that recovered, so that the stack is whole.
func Panicked(what string, p any) *Error {
	return Errorf(CodeInternal, "An internal error stopped this (%s). See the log. Stored data is kept.", what).
		Because(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
}
