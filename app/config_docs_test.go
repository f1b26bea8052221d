package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joho/godotenv"
)

func TestEnvExampleIsTheStruct(t *testing.T) {
	text, err := os.ReadFile("../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	var got []documented
	for _, m := range regexp.MustCompile(`(?m)^# (.+)\n([A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		got = append(got, documented{m[2], m[3], m[1]})
	}
	if diff := cmp.Diff(documentedByConfig(), got); diff != "" {
		t.Errorf(".env.example (-Config +file):\n%s", diff)
	}
	vars, err := godotenv.Unmarshal(string(text))
	if err != nil || len(vars) != len(got) {
		t.Errorf(".env.example sets %d variables (%v), and describes %d", len(vars), err, len(got))
	}
	cfg, err := loadConfig(nil, "../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults(), cfg); diff != "" {
		t.Errorf("copied as it is, .env.example changes settings (-default +copied):\n%s", diff)
	}
}

func TestReadmeTableIsTheStruct(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatal("there is no README.md, whose settings table this test reads")
	}
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([A-Z]+_[A-Z_]+)` \\|([^|]*)\\|([^|]*)\\|\\s*$")
	var got []documented
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		got = append(got, documented{m[1], strings.Trim(m[2], " `"), strings.TrimSpace(m[3])})
	}
	if diff := cmp.Diff(documentedByConfig(), got); diff != "" {
		var table strings.Builder
		for _, d := range documentedByConfig() {
			if d.Default != "" {
				d.Default = "`" + d.Default + "`"
			}
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", d.Name, d.Default, d.Meaning)
		}
		t.Errorf("README.md (-Config +file):\n%s\nThe rows are to be:\n%s", diff, table.String())
	}
}
