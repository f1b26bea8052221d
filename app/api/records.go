package api

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"
)

// sendRecords answers with JSON in which records replace the one list of
// items that is null. They are JSON already: encoding/json would read
// each of them again, which costs more than all else of such an answer.
func sendRecords(c *fiber.Ctx, v any, records []json.RawMessage) error {
	around, err := json.Marshal(v)
	if err != nil {
		return err
	}
	head, tail, found := bytes.Cut(around, []byte(`"items":null`))
	if !found {
		return fmt.Errorf("the answer %T has no place for records", v)
	}
	size := len(around) + len(records) + 2
	for _, r := range records {
		size += len(r)
	}
	body := append(append(make([]byte, 0, size), head...), `"items":[`...)
	for i, r := range records {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, r...)
	}
	body = append(append(body, ']'), tail...)
	c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	return c.Status(fiber.StatusOK).Send(body)
}

// appendCompact appends JSON, which must be valid, without the white space
// between its tokens.
func appendCompact(out, body []byte) []byte {
	for len(body) > 0 {
		next := bytes.IndexByte(body, '"')
		if next < 0 {
			next = len(body)
		}
		for _, b := range body[:next] {
			if b > ' ' {
				out = append(out, b)
			}
		}
		body = body[next:]
		end := textEnd(body)
		out, body = append(out, body[:end]...), body[end:]
	}
	return out
}

// textEnd is the length of the JSON text that begins here, with its quotes.
func textEnd(body []byte) int {
	for at := 1; at < len(body); at++ {
		switch body[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(body)
}
