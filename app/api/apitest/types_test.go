package apitest_test

import (
	"strings"
	"testing"

	"telemetry-dashboard/app/api/apitest"
	"telemetry-dashboard/services/telemetry"
)

const thing = `
openapi: 3.1.0
info: {title: things, version: "1"}
paths: {}
components:
  schemas:
    Thing:
      type: object
      properties:
        name: {type: string}
        note: {type: [string, "null"]}
        size: {type: integer}
        parts: {type: array, items: {type: object, properties: {at: {type: [string, "null"]}}}}
`

// TestObstacles: each kind of them is found.
func TestObstacles(t *testing.T) {
	const more = "    thing: {enum: [a]}\n"
	c, err := apitest.Load(t.Context(), thing+more)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Obstacles()
	for _, want := range []string{"note has a list of types", "thing has an enum without a type", "has the name of schemas/"} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%v lacks %q (%v)", got, want, err)
		}
	}
}

func TestCheckType(t *testing.T) {
	type part struct {
		At telemetry.Time `json:"at"`
	}
	type named struct {
		Name string `json:"name"`
	}
	type rest struct {
		Size  int64  `json:"size"`
		Parts []part `json:"parts"`
	}
	c, err := apitest.Load(t.Context(), thing)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		schema string
		value  any
		want   string
	}{
		{"Thing", struct {
			named
			Note telemetry.Optional `json:"note"`
			rest
			Own int `json:"-"`
		}{}, ""},
		{"Thing.parts", part{}, ""},
		{"Other", part{}, "unknown schema Other"},
		{"Thing.name", part{}, "Thing.name is not a described list"},
		{"Thing", struct {
			named
			rest
		}{}, "the field Thing.note is described"},
		{"Thing.parts", struct {
			part
			More int `json:"more"`
		}{}, "the field Thing.parts.more of"},
		{"Thing.parts", struct {
			At int `json:"at"`
		}{}, "Thing.parts.at is described as null, and int is never null"},
		{"Thing.parts", struct {
			At *int `json:"at"`
		}{}, "Thing.parts.at is described as string"},
		{"Thing", struct {
			Name *string            `json:"name"`
			Note telemetry.Optional `json:"note"`
			rest
		}{}, "Thing.name is null where it has no value"},
		{"Thing", struct {
			named
			Note  telemetry.Optional `json:"note"`
			Size  int64              `json:"size"`
			Parts []named            `json:"parts"`
		}{}, "Thing.parts[].name of"},
	} {
		err := c.CheckType(tc.schema, tc.value)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s as %T: %v", tc.schema, tc.value, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s as %T: %v, want %q", tc.schema, tc.value, err, tc.want)
		}
	}
}
