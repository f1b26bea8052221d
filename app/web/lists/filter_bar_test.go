package lists

import (
	"testing"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/views/parts"
)

// choice finds a menu's choice by its text.
func choice(t *testing.T, m parts.Menu, text string) parts.Choice {
	t.Helper()
	for _, c := range m.Choices {
		if c.Text == text {
			return c
		}
	}
	t.Fatalf("the menu %s has no %q", m.Label, text)
	return parts.Choice{}
}

func TestMenu(t *testing.T) {
	q, err := lists.Issues(nil).Schema().Parse("is:open severity:high xss")
	if err != nil {
		t.Fatal(err)
	}
	m := menu(q, q.Schema.Field("severity"), shell.QueryOpen, "", nil)
	if m.Value != "high" {
		t.Errorf("chosen: %q", m.Value)
	}
	if c := choice(t, m, "critical"); c.Current || c.Query != "is:open xss severity:high,critical" {
		t.Errorf("one more: %+v", c)
	}
	if c := choice(t, m, "high"); !c.Current || c.Query != "is:open xss" {
		t.Errorf("the chosen one: %+v", c)
	}
	if q, err = lists.Issues(nil).Schema().Parse("is:open attempts:0"); err != nil {
		t.Fatal(err)
	}
	if c := choice(t, menu(q, q.Schema.Field("attempts"), shell.QueryOpen, "", nil), ">=3"); c.Query != "is:open attempts:>=3" {
		t.Errorf("a number takes one value: %+v", c)
	}
	if c := choice(t, menu(q, q.Schema.Field("attempts"), shell.QueryOpen, "", nil), "0"); c.Query != "" {
		t.Errorf("what leads to the usual query leaves the address: %+v", c)
	}
	if q, err = lists.Issues(nil).Schema().Parse("is:fixed"); err != nil {
		t.Fatal(err)
	}
	if c := choice(t, menu(q, q.Schema.Field("is"), shell.QueryOpen, "", nil), "fixed"); c.Query != parts.Blank {
		t.Errorf("an empty query stays in the address: %+v", c)
	}
}
