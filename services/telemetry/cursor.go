package telemetry

import (
	"encoding/json"
	"strings"
)

// cursor walks over JSON text that is known to be valid. encoding/json would
// check each part of a record again for each level at which it is read,
// which was most of what storing a record cost.
type cursor struct {
	text string
	at   int
}

// take steps over blanks, and over b if it comes next.
func (c *cursor) take(b byte) bool {
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case b:
			c.at++
			return true
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return false
		}
	}
	return false
}

// plainText steps over a text without escapes, and returns it. ok is false
// where something else comes next.
func (c *cursor) plainText() (text string, ok bool) {
	if !c.take('"') {
		return "", false
	}
	end := strings.IndexByte(c.text[c.at:], '"')
	text = c.text[c.at:][:max(end, 0)]
	if end < 0 || strings.IndexByte(text, '\\') >= 0 {
		c.at--
		return "", false
	}
	c.at += end + 1
	return text, true
}

// value steps over the next value, and returns it as it stands.
func (c *cursor) value() string {
	c.take(0) // no JSON has it: blanks only
	start, depth := c.at, 0
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case '"':
			c.skipText()
			if depth == 0 {
				return c.text[start:c.at]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return c.text[start:c.at]
			}
			if depth--; depth == 0 {
				c.at++
				return c.text[start:c.at]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return c.text[start:c.at]
			}
		}
		c.at++
	}
	return c.text[start:]
}

// skipText steps over a text, escapes and all.
func (c *cursor) skipText() {
	for c.at++; c.at < len(c.text) && c.text[c.at] != '"'; c.at++ {
		if c.text[c.at] == '\\' {
			c.at++
		}
	}
	c.at++
}

// fieldsOf splits an object that is known to be valid JSON into its fields,
// as encoding/json does: the last of equal names wins. The values lie in
// object. nil is what is not an object. An object of over mostFields fields is an
// error.
func fieldsOf(object []byte) (map[string]json.RawMessage, error) {
	c := cursor{text: string(object)}
	if !c.take('{') {
		return nil, nil
	}
	fields := map[string]json.RawMessage{}
	for c.at < len(c.text) && !c.take('}') {
		name, ok := c.plainText()
		if !ok && json.Unmarshal([]byte(c.value()), &name) != nil {
			return nil, nil //nolint:nilerr // what is not an object is no error here
		}
		c.take(':')
		value := c.value()
		fields[name] = json.RawMessage(object[c.at-len(value) : c.at : c.at])
		if len(fields) > mostFields {
			return nil, tooMany(mostFields, "fields")
		}
		c.take(',')
	}
	return fields, nil
}

// entries counts the entries of a list that is known to be valid JSON, 0 for
// anything else. It stops beyond most.
func entries(list json.RawMessage, most int) (n int) {
	c := cursor{text: string(list)}
	if !c.take('[') {
		return 0
	}
	for n <= most && c.at < len(c.text) && !c.take(']') {
		c.value()
		c.take(',')
		n++
	}
	return n
}
