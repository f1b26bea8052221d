package telemetry

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Code says what kind of failure an Error is. The server maps each code to
// one HTTP status, in one place; clients of the JSON API may switch on it.
type Code string

// The codes. The comment of each names the status that app/server gives it.
const (
	CodeInvalid          Code = "invalid"            // 400: a parameter or body is wrong
	CodeMissingSetting   Code = "missing_setting"    // 400: the action needs a variable that is not set
	CodeSignature        Code = "bad_signature"      // 401: a webhook without GitHub's signature, or with another one
	CodeUnauthenticated  Code = "unauthenticated"    // 401: nobody has signed in, or no longer
	CodeForbiddenOrigin  Code = "forbidden_origin"   // 403: an unsafe method from another origin
	CodeForbidden        Code = "forbidden"          // 403: the role of who asks does not allow it
	CodeNotFound         Code = "not_found"          // 404
	CodeMethod           Code = "method_not_allowed" // 405
	CodeConflict         Code = "conflict"           // 409
	CodeNoPast           Code = "no_past"            // 400: as_of of what has no past
	CodePruned           Code = "pruned"             // 410: what is asked for is no longer kept
	CodeTooLarge         Code = "too_large"          // 413
	CodeUnsupportedMedia Code = "unsupported_media"  // 415: a body in a form that is not read
	CodeUnknownHost      Code = "unknown_host"       // 421: a Host that is not ours
	CodeRateLimited      Code = "rate_limited"       // 429: an upstream's limit or the caller's own, with RetryAfter
	CodeInternal         Code = "internal"           // 500
	CodeUpstreamDown     Code = "upstream_down"      // 502: refused, reset, or answered 5xx
	CodeUpstreamBroken   Code = "upstream_broken"    // 502: not JSON, or cut short
	CodeUpstreamToken    Code = "upstream_token"     // 502: 401, the token is wrong or has expired
	CodeUpstreamDenied   Code = "upstream_denied"    // 502: 403, the token may not do this
	CodeUpstreamNotFound Code = "upstream_not_found" // 502: 404
	CodeUpstreamRejected Code = "upstream_rejected"  // 502: another 4xx, for example 422
	CodeOutcomeUnknown   Code = "outcome_unknown"    // 502: sent, but no answer says whether it was done
	CodeStopping         Code = "stopping"           // 503: the server is shutting down
	CodeUnavailable      Code = "unavailable"        // 503: the database does not answer
	CodeOverloaded       Code = "overloaded"         // 503: more is asked than can be answered, with RetryAfter
	CodeUpstreamTimeout  Code = "upstream_timeout"   // 504
)

// Error is a failure with a sentence for the person who meets it: what happened
// and what to do. No client sees its cause, Err.
type Error struct {
	Code       Code
	Message    string
	RetryAfter time.Duration // with CodeRateLimited and CodeOverloaded: how long to wait, 0 if unknown
	Field      string        // with CodeInvalid: the input that is invalid, "" where it is not one of a form
	JobID      string        // with CodeStopping: the job that continues at the next start
	Err        error
}

// Error returns the message and, for the log, its cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Sentence is what a person may know of an error: its message, or that it is internal.
func Sentence(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return "Internal error. See the log. Stored data is kept."
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error of the code with a formatted message and no cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because returns e with err as its cause, which only the log shows.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// CodeOf returns the code of the first Error in err's chain, CodeInternal
// if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// Guard calls do and returns its error. A panic becomes an Error of CodeInternal
// with the panic and its stack as cause. Every goroutine of the program runs under
// Guard, since a panic that nobody recovers ends the process.
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
