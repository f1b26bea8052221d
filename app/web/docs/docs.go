// Package docs is the description of the JSON API as a page.
package docs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/views/pages"
)

// Web answers for the page of the API. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	manual func() (pages.Manual, error) // read when it is first asked for
}

// New returns a Web. description is OpenAPI 3.1 in YAML.
func New(s *shell.Shell, description string) *Web {
	return &Web{s, sync.OnceValues(func() (pages.Manual, error) { return readManual(description) })}
}

// Page is the description of the JSON API as a page.
func (w *Web) Page(c *fiber.Ctx) error {
	manual, err := w.manual()
	if err != nil {
		return err
	}
	return shell.Render(c, fiber.StatusOK, pages.APIDocs(w.Document(c, "API", ""), manual))
}

// readManual turns an OpenAPI 3.1 description into what its page shows:
// endpoints under their tags, in the order of paths, and the definitions.
func readManual(description string) (pages.Manual, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(description))
	if err != nil {
		return pages.Manual{}, fmt.Errorf("read the description of the API: %w", err)
	}
	m := pages.Manual{Intro: paragraphs(doc.Info.Description)}
	for _, tag := range doc.Tags {
		chapter := pages.Chapter{Name: tag.Name, Text: tag.Description}
		for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
			of := doc.Paths.Value(path)
			for method, op := range of.Operations() {
				if len(op.Tags) > 0 && op.Tags[0] == tag.Name {
					chapter.Endpoints = append(chapter.Endpoints, endpoint(method, path, of.Parameters, op))
				}
			}
		}
		slices.SortStableFunc(chapter.Endpoints, func(a, b pages.Endpoint) int {
			return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
		})
		m.Chapters = append(m.Chapters, chapter)
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		schema := doc.Components.Schemas[name].Value
		m.Definitions = append(m.Definitions, pages.Definition{
			Name:   name,
			Kind:   kindOf(&openapi3.SchemaRef{Value: schema}),
			Text:   schema.Description,
			Fields: fieldsOf(schema),
		})
	}
	return m, nil
}

func paragraphs(text string) []string {
	var list []string
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if p != "" {
			list = append(list, strings.Join(strings.Fields(p), " "))
		}
	}
	return list
}

// endpoint is a method of a path, some of whose parameters all its methods have.
func endpoint(method, path string, shared openapi3.Parameters, op *openapi3.Operation) pages.Endpoint {
	e := pages.Endpoint{
		ID:     strings.ToLower(method) + "-" + strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(path), "-"),
		Method: method,
		Path:   path,
		Title:  op.Summary,
		Text:   paragraphs(op.Description),
	}
	for _, ref := range slices.Concat(shared, op.Parameters) {
		p := ref.Value
		e.Parameters = append(e.Parameters, pages.Field{
			Name:     p.Name,
			Kind:     kindOf(p.Schema),
			Where:    p.In,
			Required: p.Required,
			Text:     p.Description,
		})
	}
	if op.RequestBody != nil {
		for _, kind := range slices.Sorted(maps.Keys(op.RequestBody.Value.Content)) {
			schema := op.RequestBody.Value.Content[kind].Schema
			e.Body = append(e.Body, pages.Answer{Status: kind, Kind: kindOf(schema), Text: op.RequestBody.Value.Description})
			e.BodyFields = append(e.BodyFields, fieldsOf(schema.Value)...)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses.Map())) {
		response := op.Responses.Value(status).Value
		a := pages.Answer{Status: status}
		if response.Description != nil {
			a.Text = *response.Description
		}
		for _, kind := range slices.Sorted(maps.Keys(response.Content)) {
			a.Kind = kindOf(response.Content[kind].Schema)
		}
		e.Answers = append(e.Answers, a)
	}
	return e
}

const schemas = "#/components/schemas/"

// kindOf says in words what a value is; what has a definition is named and
// linked.
func kindOf(ref *openapi3.SchemaRef) pages.Kind {
	if ref == nil || ref.Value == nil {
		return pages.Kind{Text: "any"}
	}
	if name, ok := strings.CutPrefix(ref.Ref, schemas); ok {
		return pages.Kind{Text: name, Definition: name}
	}
	s := ref.Value
	var kind pages.Kind
	switch types := s.Type.Slice(); {
	case len(s.Enum) > 0:
		kind.Text = "one of " + texts(s.Enum)
	case len(s.AllOf) > 0:
		kind.Text = "object"
	case s.Items != nil:
		of := kindOf(s.Items)
		kind = pages.Kind{Text: "list of " + of.Text, Definition: of.Definition}
	case s.AdditionalProperties.Schema != nil:
		of := kindOf(s.AdditionalProperties.Schema)
		kind = pages.Kind{Text: "by name: " + of.Text, Definition: of.Definition}
	case len(types) > 0:
		kind.Text = strings.Join(types, " or ")
	default:
		kind.Text = "any"
	}
	if s.Format != "" {
		kind.Text += ", " + s.Format
	}
	if s.Default != nil {
		kind.Text += fmt.Sprintf("; default %v", s.Default)
	}
	return kind
}

func texts(list []any) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// fieldsOf are the fields of an object, those of what it is made of first.
func fieldsOf(s *openapi3.Schema) []pages.Field {
	if s == nil {
		return nil
	}
	var fields []pages.Field
	for _, part := range s.AllOf {
		fields = append(fields, fieldsOf(part.Value)...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		ref := s.Properties[name]
		f := pages.Field{Name: name, Kind: kindOf(ref), Required: slices.Contains(s.Required, name)}
		if ref.Value != nil {
			f.Text = ref.Value.Description
		}
		fields = append(fields, f)
	}
	return fields
}
