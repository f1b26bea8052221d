package static

import (
	"bytes"
	"fmt"
)

// CountedIcon is the icon with a number beside it, of which two digits are
// legible: from 100 on it says 99+. Without anything to count it is the icon.
func (a *Assets) CountedIcon(n int64) ([]byte, error) {
	icon, err := FS.ReadFile("img/icon.svg")
	if err != nil || n <= 0 {
		return icon, err
	}
	text, size := fmt.Sprint(n), 8
	if n > 99 {
		text, size = "99+", 6
	}
	mark := fmt.Sprintf(`<rect x="3" y="6" width="13" height="10" rx="4" fill="#cf222e"/><text x="9.5" y="%d" font-family="sans-serif" `+
		`font-size="%d" font-weight="700" text-anchor="middle" fill="#fff">%s</text></svg>`, 11+size/3, size+1, text)
	return bytes.Replace(icon, []byte("</svg>"), []byte(mark), 1), nil
}
