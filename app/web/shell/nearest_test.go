package shell

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"octo/shop", "octo/shop-api", "octo/ledger", "other/shop", "acme/a"}
	for wanted, want := range map[string][]string{
		"octo/shpo":                         {"octo/shop"},
		"octo/sho":                          {"octo/shop", "octo/shop-api", "other/shop"},
		"nobody/Shop":                       {"octo/shop", "other/shop", "octo/shop-api"},
		"octo/ledgre":                       {"octo/ledger"},
		"x/nothing-like-it":                 nil,
		"octo/" + strings.Repeat("a", 9000): nil,
		"":                                  nil,
	} {
		if got := nearest(wanted, names); !slices.Equal(got, want) {
			t.Errorf("%.20s: %q, want %q", wanted, got, want)
		}
	}
}
