package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/joho/godotenv"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

// readDotenv returns the variables of the file at path, none if there is no
// such file.
func readDotenv(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s (%w); make it a readable file, or remove it", path, errors.Unwrap(err))
	}
	// PowerShell writes UTF-16, and editors on Windows a mark before UTF-8.
	text, err := (&encoding.Decoder{Transformer: unicode.BOMOverride(encoding.Nop.NewDecoder())}).Bytes(raw)
	if err != nil || bytes.IndexByte(text, 0) >= 0 {
		return nil, fmt.Errorf("invalid %s: it is not text in UTF-8; save it as UTF-8", path)
	}
	vars, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		// godotenv's own words quote the file, tokens and all.
		return nil, fmt.Errorf(
			"invalid %s, line %d: want one variable per line, for example CACHE_TTL=120, with every quote closed",
			path, brokenLine(string(text)))
	}
	for name, value := range vars {
		if vars[name] = strings.TrimSpace(value); vars[name] == "" {
			delete(vars, name)
		}
	}
	return vars, nil
}

// brokenLine returns the number, from 1, of the line at which the statement
// begins that makes text unreadable.
func brokenLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}

// overlay puts the variables of environ that take wants over vars. One that
// is empty does not count as set, and leaves what is beneath it.
func overlay(vars map[string]string, environ []string, take func(name string) bool) {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value = unquoted(strings.TrimSpace(value)); value != "" && take(name) {
			vars[name] = value
		}
	}
}

// unquoted removes the quotes around a value: docker's --env-file keeps those
// that a shell would remove.
func unquoted(value string) string {
	if last := len(value) - 1; last > 0 && value[0] == value[last] && (value[0] == '"' || value[0] == '\'') {
		return strings.TrimSpace(value[1:last])
	}
	return value
}
