package github

import (
	"bytes"
	"compress/gzip"
	"io"
)

// answer is a whole answer to one address, and what its headers said.
type answer struct {
	page
	packed []byte
}

// decode decodes the answer once more.
func (a answer) decode(decode func(io.Reader) error) error {
	unzip, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err != nil {
		return err
	}
	return decode(unzip)
}

// maxPacked is the largest compressed answer that is kept.
const maxPacked = 4 << 20

// packer compresses what an answer's decoder reads. What is too large or
// cannot be packed is not kept, which is not a failure of the answer.
type packer struct {
	packed bytes.Buffer
	zip    *gzip.Writer
	failed bool
}

func newPacker() *packer {
	p := &packer{}
	var err error
	p.zip, err = gzip.NewWriterLevel(&p.packed, gzip.BestSpeed)
	p.failed = err != nil
	return p
}

func (p *packer) Write(body []byte) (int, error) {
	if !p.failed {
		_, err := p.zip.Write(body)
		p.failed = err != nil || p.packed.Len() > maxPacked
	}
	return len(body), nil
}

// bytes returns what was written, compressed, and whether it may be kept.
func (p *packer) bytes() ([]byte, bool) {
	if p.failed || p.zip.Close() != nil {
		return nil, false
	}
	return bytes.Clone(p.packed.Bytes()), true
}
