package telemetry

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The fields that a Change can correct, of the session at a place in its record.
const (
	fieldIssueIDs = "issue_ids"
	fieldPRURL    = "pr_url"
)

// SessionField names a field of a record's session, as Change.Field does.
func SessionField(index int, name string) string { return fmt.Sprintf("sessions[%d].%s", index, name) }

// IssueIDsField and PRURLField name what backfill corrects.
func IssueIDsField(index int) string { return SessionField(index, fieldIssueIDs) }
func PRURLField(index int) string    { return SessionField(index, fieldPRURL) }

// FieldOfSession reads what SessionField wrote: the place of the session in
// its record, and the name. For any other text the place is -1.
func FieldOfSession(field string) (index int, name string) {
	if n, err := fmt.Sscanf(field, "sessions[%d].%s", &index, &name); n != 2 || err != nil {
		return -1, field
	}
	return index, name
}

// Patch applies changes to a record parsed from body: to its sessions and
// its Item. A change whose old value the record no longer has is passed
// over, since the record was corrected at its source.
func (r *Record) Patch(body []byte, changes []Change) {
	applied := map[string]any{}
	for _, c := range changes {
		index, name := FieldOfSession(c.Field)
		if index < 0 || index >= len(r.Sessions) {
			continue
		}
		s := &r.Sessions[index]
		switch name {
		case fieldIssueIDs:
			old, _ := textList(c.Old)
			if ids, ok := textList(c.New); ok && slices.Equal(old, s.IssueIDs) {
				s.IssueIDs = ids
				applied[c.Field] = ids
			}
		case fieldPRURL:
			if text, ok := c.New.(string); ok && c.Old == s.PRURL {
				s.PRURL = text
				if r.filled == nil {
					r.filled = map[int]bool{}
				}
				r.filled[index] = true
				applied[c.Field] = text
			}
		}
	}
	if len(applied) > 0 {
		r.patchItem(body, applied)
	}
}

// PRFilled reports whether the pull request of the session at a place is
// Patch's, not the record's own.
func (r *Record) PRFilled(index int) bool { return r.filled[index] }

func (r *Record) patchItem(body []byte, applied map[string]any) {
	if r.Item != nil {
		body = r.Item
	}
	var fields map[string]json.RawMessage
	var sessions []map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || json.Unmarshal(fields["sessions"], &sessions) != nil {
		return // the record parsed before, so this does not happen
	}
	for i := range sessions {
		for _, name := range []string{fieldIssueIDs, fieldPRURL} {
			if v, ok := applied[SessionField(i, name)]; ok {
				sessions[i][name] = jsonOf(v)
			}
		}
	}
	fields["sessions"] = jsonOf(sessions)
	if item := jsonOf(fields); item != nil {
		r.Item = item
	}
}

// textList reads a list of texts, as Go has it or as JSON decodes it.
func textList(v any) ([]string, bool) {
	switch list := v.(type) {
	case []string:
		return list, true
	case []any:
		out := make([]string, 0, len(list))
		for _, e := range list {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}

// CorrectIDs returns a session's issue ids without blank ones. Where some were blank,
// or none are given, the title of its pull request fills them, else its verification
// record. The reason means nothing where the ids are as they were.
func CorrectIDs(ids []string, pull int64, titled, verified []string) (corrected []string, reason string) {
	corrected = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return IssueKey(id) == "" })
	if len(corrected) == len(ids) && len(ids) > 0 {
		return ids, ""
	}
	named, reason := titled, fmt.Sprintf("named by the title of pull request #%d", pull)
	if len(named) == 0 {
		named, reason = verified, "named by the verification record"
	}
	if len(named) == 0 {
		reason = "blank ids removed; nothing names the issues"
	}
	have := map[string]bool{}
	for _, id := range corrected {
		have[IssueKey(id)] = true
	}
	for _, id := range named {
		if !have[IssueKey(id)] {
			have[IssueKey(id)] = true
			corrected = append(corrected, id)
		}
	}
	if corrected == nil {
		corrected = []string{}
	}
	return corrected, reason
}
