package telemetry

import "time"

// SubmissionKind is the kind of what a person submits to an upstream.
type SubmissionKind string

// The kinds of submissions.
const (
	SubmissionReply    SubmissionKind = "reply"    // a message to a session
	SubmissionDispatch SubmissionKind = "dispatch" // a run of the action
)

// SubmissionState is how far a submission came.
type SubmissionState string

// The states of a submission. One that certainly did not arrive is forgotten,
// so that its form can be sent again.
const (
	SubmissionBegun   SubmissionState = "begun"   // the program that sends it has no answer yet
	SubmissionSent    SubmissionState = "sent"    // the upstream confirmed it
	SubmissionUnknown SubmissionState = "unknown" // its program ended before an answer came, or none came
)

// Submission is something that a person sends to an upstream. Token is of the
// form that asked for it: a token is sent once.
type Submission struct {
	Token   string
	Kind    SubmissionKind
	Subject string // the session's key, or "owner/name"
	Message string // of a reply whose outcome is open: what to look for, as its sender wrote it; "" once it was sent
	By      StartedBy
	State   SubmissionState
	At      time.Time // when it began, UTC
}
