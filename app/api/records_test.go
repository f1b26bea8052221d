package api

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestCompact: what is left is what encoding/json leaves.
func TestCompact(t *testing.T) {
	bodies := map[string][]byte{
		"spaces":  []byte("{ \"a b\" : [ 1 , -2.5e3,\ttrue ,null ] ,\r\n \"c\":{ } }\n"),
		"quotes":  []byte(`{"a \" b": "x \\", "c" : "\\\" , : { ", "": "" }`),
		"letters": []byte("{\"a\": \"\u2028 <&> \u00e9 \\u00e9\"}"),
		"scalar":  []byte(` 12 `),
		"none":    {},
	}
	files, _ := filepath.Glob(filepath.Join(os.Getenv("REAL_RUNS"), "*.json"))
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies[filepath.Base(file)] = body
	}
	for name, body := range bodies {
		var want bytes.Buffer
		if err := json.Compact(&want, body); err != nil && len(body) > 0 {
			t.Fatalf("%s is not JSON: %v", name, err)
		}
		if got := appendCompact(nil, body); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want.Bytes())
		}
	}
}
