package store

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"telemetry-dashboard/services/telemetry"
)

// gzipMagic begins what Pack wrote, and no JSON.
var gzipMagic = []byte{0x1f, 0x8b}

// Pack compresses what is kept of a file whose text was pruned.
func Pack(body []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is known
	_, _ = z.Write(body)                                    // a buffer takes every write
	_ = z.Close()
	return out.Bytes()
}

// Unpacked reads a file that may be packed.
func Unpacked[T ~[]byte](into *T) any {
	return Column{func(v any) error {
		*into = nil
		if v == nil {
			return nil
		}
		body := []byte(Text(v))
		if !bytes.HasPrefix(body, gzipMagic) {
			*into = T(body)
			return nil
		}
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(io.LimitReader(z, telemetry.MaxRecordBytes+1))
		}
		if err != nil {
			return fmt.Errorf("unpack a stored file: %w", err)
		}
		*into = T(body)
		return nil
	}, func() any { return string(*into) }}
}
