package telemetry

import (
	"crypto/sha1" //nolint:gosec // Git names blobs by SHA-1
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// BlobSHA returns the name that Git gives to a file's bytes, by the hash by which
// it is listed; listed itself where that is of no hash.
func BlobSHA(listed string, body []byte) string {
	var h hash.Hash
	switch {
	case !IsHex(listed):
		return listed
	case len(listed) == 2*sha1.Size:
		h = sha1.New() //nolint:gosec // see above
	case len(listed) == 2*sha256.Size:
		h = sha256.New()
	default:
		return listed
	}
	fmt.Fprintf(h, "blob %d\x00", len(body))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
