package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joho/godotenv"
)

// documented is what .env.example and the README say of one variable.
type documented struct{ Name, Default, Meaning string }

// TestSettingsAreDocumented: .env.example and the README have every setting with
// its default, in the order of Config, and say the same of it.
func TestSettingsAreDocumented(t *testing.T) {
	var want []documented
	for field := range reflect.TypeFor[Config]().Fields() {
		want = append(want, documented{Name: field.Tag.Get("env"), Default: field.Tag.Get("envDefault")})
	}
	inExample := documentedIn(t, "../.env.example", `(?m)^# (?P<Meaning>.+)\n(?P<Name>[A-Z_]+)=(?P<Default>.*)$`)
	if diff := cmp.Diff(want, withoutMeaning(inExample)); diff != "" {
		t.Errorf(".env.example (-Config +file):\n%s", diff)
	}
	inReadme := documentedIn(t, "../README.md", "(?m)^\\| `(?P<Name>[A-Z]+_[A-Z_]+)` \\|(?P<Default>[^|]*)\\|(?P<Meaning>[^|]*)\\|\\s*$")
	if diff := cmp.Diff(inExample, inReadme); diff != "" {
		var table strings.Builder
		for _, d := range inExample {
			if d.Default != "" {
				d.Default = "`" + d.Default + "`"
			}
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", d.Name, d.Default, d.Meaning)
		}
		t.Errorf("README.md (-.env.example +file):\n%s\nThe rows are to be:\n%s", diff, table.String())
	}
}

// documentedIn finds with row what a file says of each variable.
func documentedIn(t *testing.T, file, row string) (list []documented) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(row)
	for _, m := range re.FindAllStringSubmatch(string(text), -1) {
		part := func(name string) string { return strings.Trim(m[re.SubexpIndex(name)], " `") }
		list = append(list, documented{part("Name"), part("Default"), part("Meaning")})
	}
	return list
}

func withoutMeaning(list []documented) (bare []documented) {
	for _, d := range list {
		bare = append(bare, documented{Name: d.Name, Default: d.Default})
	}
	return bare
}

// TestEnvExampleChangesNothing: copied as it is, it leaves every setting at its default.
func TestEnvExampleChangesNothing(t *testing.T) {
	text, err := os.ReadFile("../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	vars, err := godotenv.Unmarshal(string(text))
	if got := documentedIn(t, "../.env.example", `(?m)^(?P<Meaning>)(?P<Name>[A-Z_]+)=(?P<Default>.*)$`); err != nil || len(vars) != len(got) {
		t.Errorf(".env.example sets %d variables (%v), and has %d lines", len(vars), err, len(got))
	}
	cfg, err := loadConfig(nil, "../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults(), cfg); diff != "" {
		t.Errorf("copied as it is, .env.example changes settings (-default +copied):\n%s", diff)
	}
}
