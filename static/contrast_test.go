package static

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// colors reads the style sheet's colors by name: light and dark.
func colors(t *testing.T) map[string][2]string {
	t.Helper()
	css, err := FS.ReadFile("css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][2]string{}
	for _, m := range regexp.MustCompile(`--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`).FindAllStringSubmatch(string(css), -1) {
		found[m[1]] = [2]string{m[2], m[3]}
	}
	return found
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// TestChartMarksCanBeSeen: the marks of charts stand out from the panel by 3
// to 1 at least, in both themes (WCAG 2.2, 1.4.11).
func TestChartMarksCanBeSeen(t *testing.T) {
	all := colors(t)
	for _, name := range []string{"chart-critical", "chart-high", "chart-medium", "chart-low", "chart-opened", "chart-neutral", "bgColor-success-emphasis", "fgColor-accent", "fgColor-done", "fgColor-success"} {
		pair, ok := all[name]
		if !ok {
			t.Errorf("%s is not a color of both themes", name)
			continue
		}
		for theme, color := range pair {
			a, b := luminance(t, color), luminance(t, all["bgColor-default"][theme])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 3 {
				t.Errorf("%s in %s: %.2f to 1", name, []string{"light", "dark"}[theme], ratio)
			}
		}
	}
}
