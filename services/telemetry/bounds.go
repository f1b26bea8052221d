package telemetry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a record may hold. A record with more is an error of its file: what it
// costs to read and to apply stays within bounds, whoever wrote it. Each bound
// is well over what the action writes.
const (
	MaxRecordBytes = 20 << 20 // of the file
	MaxFindings    = 100_000  // in one list
	MaxSessions    = 10_000
	MaxAttempts    = 200_000 // issue ids of all sessions, and findings that these name

	mostFields = 1_000    // of the record, of a breakdown, of a summary
	mostText   = 64 << 10 // bytes of a text that rows show as it is
)

// The lengths in bytes up to which texts of records are kept in rows that
// others refer to: PostgreSQL's indexes take some 2,700 bytes in all.
const (
	mostName = 300  // ids, rules, families, severities
	mostPath = 1500 // files, addresses of repositories
)

// bounded cuts a text that is longer than most, so that different ones stay
// different: what is cut off becomes its SHA-256.
func bounded(s string, most int) string {
	if len(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:most-35], "") + "…" + hex.EncodeToString(sum[:16])
}

func tooMany(most int, what string) error {
	return fmt.Errorf("more than %d %s", most, what)
}

// list decodes a list that has at most so many entries; more are an error.
func (d *decoder) list(name string, into any, most int) {
	if entries(d.fields[name], most) > most {
		d.fail(name, tooMany(most, "entries"))
		return
	}
	d.value(name, into)
}

// short returns a text that rows show as it is; a longer one is an error.
func (d *decoder) short(name, s string) string {
	if len(s) <= mostText {
		return s
	}
	d.fail(name, fmt.Errorf("the text has %d bytes; the limit is %d", len(s), mostText))
	return ""
}

// object reads an object whose fields are not known by name. Anything else is
// an error, but for null and a field that is missing.
func (d *decoder) object(name string) map[string]json.RawMessage {
	if !d.has(name) {
		return nil
	}
	fields, err := fieldsOf(d.fields[name])
	switch {
	case err != nil:
		d.fail(name, err)
	case fields == nil:
		d.value(name, new(struct{}))
	}
	return fields
}

// boundAttempts says where a record's sessions name more than is kept: each
// could name each finding, if all are called the same.
func (d *decoder) boundAttempts(rec *Record) {
	named := make(map[string]int, len(rec.Findings))
	for i := range rec.Findings {
		named[IssueKey(rec.Findings[i].IssueID)]++
	}
	attempts := 0
	for _, s := range rec.Sessions {
		for _, id := range s.IssueIDs {
			if key := IssueKey(id); key != "" {
				attempts += max(named[key], 1)
			}
		}
	}
	if attempts > MaxAttempts {
		d.fail("sessions", tooMany(MaxAttempts, "findings named by sessions"))
	}
}

// validText returns text with U+FFFD for each byte that is not UTF-8, as
// encoding/json has it.
func validText(text []byte) ([]byte, error) {
	if utf8.Valid(text) {
		return text, nil
	}
	var out bytes.Buffer
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			out.WriteRune(r)
		} else {
			out.Write(text[:n])
		}
		if text = text[n:]; out.Len() > MaxRecordBytes {
			return nil, fmt.Errorf("the file is not UTF-8 text")
		}
	}
	return out.Bytes(), nil
}
