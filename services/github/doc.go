// Package github asks GitHub, or a server that speaks its REST API, for run
// files and pull requests, and starts the action's workflow.
//
// It owns the wire: addresses, paging, conditional requests, limits, the
// meaning of failures, and the expiring cache of what pages ask. It decides
// nothing from an answer and keeps nothing that a restart may not forget.
// It is the only importer of go-github.
//
// Each failure is a *telemetry.Error with a sentence for its reader, except
// a canceled context, for which errors.Is(err, context.Canceled) holds. The
// token stands in no error and no log line, and goes to no other host than
// that of Options.BaseURL.
//
// Whatever comes is bounded: the unpacked bytes and rows of an answer, the
// pages of a list, and the time of a call. An answer counts only as a whole;
// "nothing" is what GitHub said, never what could not be read. A limit is
// answered at once, as telemetry.CodeRateLimited with the time to wait, which
// github.com/gofri's limiter would sleep through.
package github
