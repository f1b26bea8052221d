package docs_test

import (
	"testing"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/app/web/webtest"
)

// TestPage: the description of the API as a page, each endpoint under its tag
// with parameters and answers, each kind linked to its definition.
func TestPage(t *testing.T) {
	webtest.Open(t).Get("/docs/api").Check(t, webtest.Want{Status: 200,
		Text: []string{"GET", "/api/issues", "per_page", "200"}, HTML: []string{`id="get-api-issues"`}})
}

// TestKinds: what a value is, in words.
func TestKinds(t *testing.T) {
	const description = `
openapi: 3.1.0
info: {title: T, version: "1", description: "First\nline.\n\nSecond."}
tags: [{name: Things, description: What there is.}]
paths:
  /api/things/{id}:
    parameters: [{name: shared, in: query, description: Of all methods, schema: {type: boolean}}]
    post:
      tags: [Things]
      summary: Change a thing
      description: It changes.
      parameters:
        - {name: id, in: path, required: true, description: Which one, schema: {type: string}}
        - {name: order, in: query, schema: {type: string, enum: [asc, desc], default: asc}}
      requestBody:
        description: What to change
        content: {application/json: {schema: {type: object, required: [a], properties: {a: {type: integer, description: An a}}}}}
      responses:
        "202": {description: Begun, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
        "404": {description: Not there}
components:
  schemas:
    Base: {type: object, properties: {at: {type: string, format: date-time}}}
    Thing:
      description: A thing.
      allOf:
        - $ref: "#/components/schemas/Base"
        - type: object
          properties:
            list: {type: array, items: {$ref: "#/components/schemas/Base"}}
            counts: {type: object, additionalProperties: {type: integer}}
            either: {type: [string, "null"]}
            free: {}
`
	s := webtest.Open(t, func(o *web.Options) { o.APIDocs = description })
	s.Get("/docs/api").Check(t, webtest.Want{Status: 200,
		Text: []string{"First line.", "Second.", "What there is.", "POST", "/api/things/{id}", "Change a thing", "It changes.",
			"shared", "boolean", "Of all methods", "id", "string", "Which one", "order", "one of asc, desc; default asc", "application/json", "What to change", "integer", "An a",
			"202", "Begun", "404", "Not there", "Base", "string, date-time", "Thing", "A thing.", "counts", "by name: integer",
			"either", "string or null", "free", "any", "list", "list of Base"},
		HTML: []string{`id="post-api-things-id"`, `href="#`}})
}

// TestBrokenDescription is said as a failure of the program.
func TestBrokenDescription(t *testing.T) {
	s := webtest.Open(t, func(o *web.Options) { o.APIDocs = "openapi: [" })
	s.Get("/docs/api").Check(t, webtest.Want{Status: 500, Text: []string{"Something went wrong"}, Lacks: []string{"yaml"}})
}
