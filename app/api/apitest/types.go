package apitest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"telemetry-dashboard/services/telemetry"
)

// CheckType holds a Go type against the schema that describes its JSON, such
// as "Session", or "SourceList.items" for the items of a list: every field is
// described, every described field is there, and each has the described type
// and may be null only where the description says so. A type that is null only
// as its zero value, such as a time, may be described as never null, which
// Check shows.
func (c *Contract) CheckType(name string, value any) error {
	of, list, inList := strings.Cut(name, ".")
	ref := c.doc.Components.Schemas[of]
	if ref == nil {
		return fmt.Errorf("unknown schema %s", of)
	}
	if inList {
		if ref = properties(ref.Value)[list]; ref == nil || ref.Value.Items == nil {
			return fmt.Errorf("%s is not a described list", name)
		}
		ref = ref.Value.Items
	}
	return described{}.value(ref.Value, reflect.TypeOf(value), name)
}

// Schemas returns the names of the described schemas that are objects with
// fields, sorted.
func (c *Contract) Schemas() []string {
	var names []string
	for name, ref := range c.doc.Components.Schemas {
		if len(properties(ref.Value)) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// described holds types against schemas; it has those that it is in, so that
// it ends.
type described []reflect.Type

func (d described) value(schema *openapi3.Schema, t reflect.Type, at string) error {
	types, mayBeNull := typesOf(schema)
	kind, null := kindOf(t)
	if null == never && mayBeNull {
		return fmt.Errorf("%s is described as null, and %s is never null", at, t)
	}
	if null == always && !mayBeNull {
		return fmt.Errorf("%s is null where it has no value, and is not described so", at)
	}
	if kind == "" || len(types) == 0 {
		return nil
	}
	if !slices.Contains(types, kind) && !(kind == "integer" && slices.Contains(types, "number")) {
		return fmt.Errorf("%s is described as %s, and %s is %s", at, strings.Join(types, " or "), t, kind)
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case kind == "array" && schema.Items != nil:
		return d.value(schema.Items.Value, t.Elem(), at+"[]")
	case kind == "object" && t.Kind() == reflect.Map && schema.AdditionalProperties.Schema != nil:
		return d.value(schema.AdditionalProperties.Schema.Value, t.Elem(), at+"{}")
	case kind == "object" && t.Kind() == reflect.Struct && !slices.Contains(d, t):
		return append(d, t).object(schema, t, at)
	}
	return nil
}

func (d described) object(schema *openapi3.Schema, t reflect.Type, at string) error {
	want, have := properties(schema), fieldsOf(t)
	for name, field := range have {
		if want[name] == nil {
			return fmt.Errorf("the field %s.%s of %s is not described", at, name, t)
		}
		if err := d.value(want[name].Value, field, at+"."+name); err != nil {
			return err
		}
	}
	for name := range want {
		if _, found := have[name]; !found {
			return fmt.Errorf("the field %s.%s is described, and %s has none", at, name, t)
		}
	}
	return nil
}

// typesOf are the types that a schema allows besides null; none allows all.
func typesOf(schema *openapi3.Schema) (types []string, null bool) {
	for _, t := range schema.Type.Slice() {
		if t == "null" {
			null = true
			continue
		}
		types = append(types, t)
	}
	for _, part := range slices.Concat(schema.AllOf, schema.OneOf, schema.AnyOf) {
		more, also := typesOf(part.Value)
		types, null = append(types, more...), null || also
	}
	for _, word := range schema.Enum {
		if _, is := word.(string); is && len(types) == 0 {
			types = []string{"string"}
		}
	}
	return types, null
}

// nullness says when a Go type is null in JSON.
type nullness int

const (
	never     nullness = iota
	sometimes          // as its zero value, which it need not ever have
	always             // where it has no value, which is what it is for
)

// kindOf is the JSON type of a Go type, "" for any.
func kindOf(t reflect.Type) (kind string, null nullness) {
	switch reflect.Zero(t).Interface().(type) {
	case json.RawMessage:
		return "", sometimes
	case telemetry.Time:
		return "string", sometimes
	case telemetry.Optional:
		return "string", always
	case telemetry.TextTime:
		return "string", never
	case telemetry.Batch:
		return "integer", always
	case telemetry.VerificationResult:
		return "string", never
	case json.Marshaler:
		if zero, err := json.Marshal(reflect.Zero(t).Interface()); t.Kind() != reflect.Pointer && err == nil && string(zero) == "null" {
			null = sometimes
		}
	}
	switch t.Kind() {
	case reflect.Interface:
		return "", sometimes
	case reflect.Pointer:
		kind, _ = kindOf(t.Elem())
		return kind, always
	case reflect.Slice:
		return "array", sometimes
	case reflect.Map:
		return "object", sometimes
	case reflect.Struct:
		return "object", null
	case reflect.String:
		return "string", null
	case reflect.Bool:
		return "boolean", null
	case reflect.Float64:
		return "number", null
	}
	return "integer", null
}

// fieldsOf are the types of a struct's fields by their names in JSON. Of equal
// names, the one that is embedded less deeply counts.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	own, embedded := map[string]reflect.Type{}, map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && !tagged:
			maps.Copy(embedded, fieldsOf(f.Type))
		case f.IsExported() && name != "-":
			own[cmp.Or(name, f.Name)] = f.Type
		}
	}
	maps.Copy(embedded, own)
	return embedded
}
