package upstream

import (
	"encoding/json"
	"io"
)

// NewDecoder returns a decoder of JSON that reads a run of white space
// between two values as one character: json.Decoder looks through all of a
// run again for each part of it that arrives, which takes minutes for one of
// some megabytes.
func NewDecoder(in io.Reader) *json.Decoder { return json.NewDecoder(&squeezed{in: in}) }

// squeezed reads JSON without the white space that means nothing.
type squeezed struct {
	in      io.Reader
	text    bool // within a string
	escaped bool // after a backslash in it
	space   bool // the last character was white space
}

func (s *squeezed) Read(p []byte) (int, error) {
	for {
		n, err := s.in.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if !s.drops(c) {
				kept = append(kept, c)
			}
		}
		// A part that was all white space is no reason to return nothing.
		if len(kept) > 0 || err != nil || len(p) == 0 {
			return len(kept), err
		}
	}
}

// drops tells whether c is white space after white space.
func (s *squeezed) drops(c byte) bool {
	if s.text {
		s.text = c != '"' || s.escaped
		s.escaped = c == '\\' && !s.escaped
		return false
	}
	after := s.space
	s.space = c == ' ' || c == '\n' || c == '\r' || c == '\t'
	s.text = c == '"'
	return s.space && after
}
