package feeds

import (
	"encoding/xml"
	"testing"
)

// TestTextsHaveNothingThatXMLForbids: what records say is taken without it, and
// reads back as it is.
func TestTextsHaveNothingThatXMLForbids(t *testing.T) {
	for text, want := range map[string]string{
		"a\x00b\x1b[31mc\ufffe": "ab[31mc", "<b>&\"'</b>": "<b>&\"'</b>", "tab\tand\nline": "tab\tand\nline", "é 漢 🙂": "é 漢 🙂",
	} {
		var read struct {
			Text string `xml:",chardata"`
		}
		if err := xml.Unmarshal([]byte("<a>"+escaped(text)+"</a>"), &read); err != nil || read.Text != want {
			t.Errorf("%q reads back as %q, %v", text, read.Text, err)
		}
	}
}
