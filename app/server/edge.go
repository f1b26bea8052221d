package server

import (
	"bytes"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
)

const (
	mediaForm = fiber.MIMEApplicationForm
	mediaJSON = fiber.MIMEApplicationJSON
)

// wellFormed refuses what no handler should get, before a body is decoded: a
// compressed body (unpacking has no bound in Fiber), one that is neither JSON
// nor a form, and texts that no database stores: NUL bytes, bytes that are
// not UTF-8, and percent-encoding that is malformed.
func wellFormed(r *fasthttp.Request) error {
	if len(r.Header.Peek(fiber.HeaderContentEncoding)) > 0 {
		return telemetry.Errorf(telemetry.CodeUnsupportedMedia, "Compressed bodies are not accepted. Send the body without Content-Encoding.")
	}
	path, query, _ := bytes.Cut(r.Header.RequestURI(), []byte("?"))
	if !plainText(path) {
		return telemetry.Errorf(telemetry.CodeNotFound,
			"Invalid address: it has a NUL byte, malformed percent-encoding, or is not UTF-8.")
	}
	if !plainText(query) {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"Invalid query: it has a NUL byte, malformed percent-encoding, or is not UTF-8. Send it as UTF-8, percent-encoded.")
	}
	if r.Header.IsGet() || r.Header.IsHead() || r.Header.IsOptions() {
		return nil // their body is not read
	}
	return bodyWellFormed(r)
}

func bodyWellFormed(r *fasthttp.Request) error {
	body, media := r.Body(), r.Header.ContentType()
	media, _, _ = bytes.Cut(media, []byte(";"))
	media = bytes.ToLower(bytes.TrimSpace(media))
	if len(body) == 0 && len(media) == 0 {
		return nil
	}
	// In lower case and without parameters: fasthttp and handlers compare the
	// type letter by letter, and a field that is not read is one not sent.
	media = bytes.Clone(media)
	r.Header.SetContentTypeBytes(media)
	switch string(media) {
	case mediaForm:
		if !plainText(body) {
			return telemetry.Errorf(telemetry.CodeInvalid,
				"Invalid form: it has a NUL byte, malformed percent-encoding, or is not UTF-8. Send it as UTF-8, percent-encoded.")
		}
	case mediaJSON:
		if !utf8.Valid(body) {
			return telemetry.Errorf(telemetry.CodeInvalid, "Invalid body: want JSON in UTF-8.")
		}
	default:
		return telemetry.Errorf(telemetry.CodeUnsupportedMedia,
			"Invalid body: want JSON or a form, sent with Content-Type: application/json or application/x-www-form-urlencoded.")
	}
	return nil
}

// plainText reports whether percent-encoded text is well-formed, and UTF-8
// without a NUL once it is decoded.
func plainText(encoded []byte) bool {
	if bytes.IndexByte(encoded, 0) >= 0 {
		return false
	}
	if bytes.IndexByte(encoded, '%') < 0 {
		return utf8.Valid(encoded)
	}
	decoded := make([]byte, 0, len(encoded))
	for i := 0; i < len(encoded); i++ {
		b := encoded[i]
		if b == '%' {
			if i+2 >= len(encoded) {
				return false
			}
			high, low := hexValue(encoded[i+1]), hexValue(encoded[i+2])
			if high < 0 || low < 0 || high|low == 0 {
				return false
			}
			b, i = byte(high<<4|low), i+2
		}
		decoded = append(decoded, b)
	}
	return utf8.Valid(decoded)
}

// hexValue is the value of a hexadecimal digit, -1 of anything else.
func hexValue(digit byte) int {
	switch {
	case digit >= '0' && digit <= '9':
		return int(digit - '0')
	case digit >= 'a' && digit <= 'f':
		return int(digit-'a') + 10
	case digit >= 'A' && digit <= 'F':
		return int(digit-'A') + 10
	}
	return -1
}
