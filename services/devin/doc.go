// Package devin speaks Devin's API, v1 and v3, over HTTP: it asks for the
// states of sessions in as few requests as the API allows, reads a session's
// last messages and sends a reply.
//
// It owns the wire: addresses, paging, both vocabularies' spellings, errors
// and the expiring cache of messages. It keeps no state of a session and
// decides nothing from one; what a word means is telemetry.StateOf's to say.
//
// An answer of another shape is a failure (telemetry.CodeUpstreamBroken), never
// an answer that there is nothing; so are rows that cannot be read. A message
// counts as sent only after Devin's documented receipt.
//
// Each failure is a *telemetry.Error with a sentence for its reader, except a
// canceled context, for which errors.Is(err, context.Canceled) holds. The
// key stands in no error and no log line.
package devin
