package static

import _ "embed"

//go:embed openapi.yaml
var openAPI string

// OpenAPI is the description of the JSON API, OpenAPI 3.1 in YAML.
func OpenAPI() string { return openAPI }
