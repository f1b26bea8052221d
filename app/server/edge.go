package server

import (
	"bytes"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
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
	body := r.Body()
	media, _, _ := strings.Cut(string(r.Header.ContentType()), ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if len(body) == 0 && media == "" {
		return nil
	}
	// In lower case and without parameters: fasthttp and handlers compare the
	// type letter by letter, and a field that is not read is one not sent.
	r.Header.SetContentType(media)
	switch media {
	case fiber.MIMEApplicationForm:
		if !plainText(body) {
			return telemetry.Errorf(telemetry.CodeInvalid,
				"Invalid form: it has a NUL byte, malformed percent-encoding, or is not UTF-8. Send it as UTF-8, percent-encoded.")
		}
	case fiber.MIMEApplicationJSON:
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
	if bytes.IndexByte(encoded, '%') < 0 {
		return utf8.Valid(encoded) && bytes.IndexByte(encoded, 0) < 0
	}
	text, err := url.PathUnescape(string(encoded))
	return err == nil && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}
