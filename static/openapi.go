package static

import (
	_ "embed"
	"strings"
)

//go:embed openapi.yaml
var openAPI string

// OpenAPIAt is the description of the API that is served at an address, "" for
// that of whoever asks.
func OpenAPIAt(address string) string {
	if address == "" {
		return openAPI
	}
	return strings.Replace(openAPI, "\npaths:\n", "\nservers:\n  - url: "+address+"\npaths:\n", 1)
}

// OpenAPI is the description of the JSON API, OpenAPI 3.1 in YAML.
func OpenAPI() string { return openAPI }
