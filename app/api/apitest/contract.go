// Package apitest holds answers of the JSON API against its description.
package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Contract is the description of the API. It is safe for concurrent use.
type Contract struct{ doc *openapi3.T }

// Load reads a description, OpenAPI 3.1 in YAML, and checks that it is one.
func Load(ctx context.Context, description string) (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(description))
	if err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	if err := doc.Validate(ctx, openapi3.IsOpenAPI31OrLater()); err != nil {
		return nil, fmt.Errorf("the description is not OpenAPI 3.1: %w", err)
	}
	return &Contract{doc}, nil
}

// Endpoints returns what is described, such as "GET /api/jobs/{id}", sorted.
func (c *Contract) Endpoints() []string {
	var list []string
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			list = append(list, method+" "+path)
		}
	}
	slices.Sort(list)
	return list
}

// Obstacles returns what generators of clients stumble over: a type that is a
// list, an enum without a type, and components whose names differ only in
// case, or in their kind.
func (c *Contract) Obstacles() ([]string, error) {
	text, err := c.doc.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	obstacles := obstaclesIn(doc, "")
	named := map[string]string{}
	for kind, components := range doc["components"].(map[string]any) {
		for name := range components.(map[string]any) {
			key := strings.ToLower(strings.ReplaceAll(name, "_", ""))
			if other, taken := named[key]; taken {
				obstacles = append(obstacles, fmt.Sprintf("%s/%s has the name of %s", kind, name, other))
			}
			named[key] = kind + "/" + name
		}
	}
	slices.Sort(obstacles)
	return obstacles, nil
}

func obstaclesIn(node any, at string) (found []string) {
	switch v := node.(type) {
	case []any:
		for i, element := range v {
			found = append(found, obstaclesIn(element, fmt.Sprintf("%s/%d", at, i))...)
		}
	case map[string]any:
		if _, list := v["type"].([]any); list {
			found = append(found, at+" has a list of types")
		}
		if _, enum := v["enum"].([]any); enum && v["type"] == nil {
			found = append(found, at+" has an enum without a type")
		}
		for name, element := range v {
			found = append(found, obstaclesIn(element, at+"/"+name)...)
		}
	}
	return found
}

// QueryParameters returns the query parameters of an endpoint as Endpoints
// gives it, sorted.
func (c *Contract) QueryParameters(endpoint string) (names []string) {
	method, path, _ := strings.Cut(endpoint, " ")
	item := c.doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		return nil
	}
	for _, p := range slices.Concat(item.Parameters, item.GetOperation(method).Parameters) {
		if p.Value.In == openapi3.ParameterInQuery {
			names = append(names, p.Value.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Words returns the words that a query parameter of an endpoint takes.
func (c *Contract) Words(endpoint, parameter string) (words []string) {
	method, path, _ := strings.Cut(endpoint, " ")
	for _, p := range c.doc.Paths.Value(path).GetOperation(method).Parameters {
		if p.Value.Name == parameter {
			for _, word := range p.Value.Schema.Value.Enum {
				words = append(words, fmt.Sprint(word))
			}
		}
	}
	return words
}

// Text returns what an endpoint's description says.
func (c *Contract) Text(endpoint string) string {
	method, path, _ := strings.Cut(endpoint, " ")
	return c.doc.Paths.Value(path).GetOperation(method).Description
}

// Template is a Fiber path as OpenAPI writes it: /api/jobs/:id becomes
// /api/jobs/{id}.
func Template(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

// Check holds one answer of an endpoint (method and path as Endpoints gives
// them) against its description: status, content type, every field and its
// type. A field that is not described is an error too.
func (c *Contract) Check(method, path string, answer *http.Response, body []byte) error {
	item := c.doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		return fmt.Errorf("%s %s is not described", method, path)
	}
	responses := item.GetOperation(method).Responses
	response := responses.Status(answer.StatusCode)
	if response == nil && answer.StatusCode >= 400 {
		response = responses.Default()
	}
	if response == nil {
		return fmt.Errorf("%s %s: the status %d is not described", method, path, answer.StatusCode)
	}
	for name := range response.Value.Headers {
		if answer.Header.Get(name) == "" {
			return fmt.Errorf("%s %s: %d comes without the header %s", method, path, answer.StatusCode, name)
		}
	}
	if response.Value.Content == nil {
		if len(body) > 0 {
			return fmt.Errorf("%s %s: %d has a body", method, path, answer.StatusCode)
		}
		return nil
	}
	if err := checkContent(response.Value.Content, answer.Header.Get("Content-Type"), body); err != nil {
		return fmt.Errorf("%s %s: %d: %w", method, path, answer.StatusCode, err)
	}
	return nil
}

func checkContent(content openapi3.Content, contentType string, body []byte) error {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("content type %q: %w", contentType, err)
	}
	described := content[media]
	if described == nil {
		return fmt.Errorf("the content type is %s, described are %v", media, slices.Collect(maps.Keys(content)))
	}
	var value any = string(body)
	if media == "application/json" {
		if err := json.Unmarshal(body, &value); err != nil {
			return fmt.Errorf("the body is not JSON: %w", err)
		}
	}
	if err := described.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()); err != nil {
		return err
	}
	return undescribed(described.Schema.Value, value, "$")
}

// undescribed finds a field that the schema does not have. The schema allows
// further fields, because clients must accept them; whoever adds one has to
// describe it.
func undescribed(schema *openapi3.Schema, value any, at string) error {
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			if schema.Items == nil {
				return nil
			}
			if err := undescribed(schema.Items.Value, element, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		return undescribedField(schema, v, at)
	}
	return nil
}

func undescribedField(schema *openapi3.Schema, object map[string]any, at string) error {
	fields := properties(schema)
	if len(fields) == 0 {
		return nil // any object
	}
	further := schema.AdditionalProperties.Has != nil && *schema.AdditionalProperties.Has
	for name, value := range object {
		property := fields[name]
		switch {
		case property != nil:
			if err := undescribed(property.Value, value, at+"."+name); err != nil {
				return err
			}
		case !further:
			return fmt.Errorf("the field %s.%s is not described", at, name)
		}
	}
	return nil
}

// properties are those of the schema and of all that it is made of.
func properties(schema *openapi3.Schema) openapi3.Schemas {
	all := openapi3.Schemas{}
	maps.Copy(all, schema.Properties)
	for _, part := range slices.Concat(schema.AllOf, schema.OneOf, schema.AnyOf) {
		maps.Copy(all, properties(part.Value))
	}
	return all
}
