package telemetry

import "encoding/json"

// Optional is a text that is null in JSON where there is none.
type Optional string

// MarshalJSON implements json.Marshaler.
func (o Optional) MarshalJSON() ([]byte, error) { return textOrNull(string(o)) }

func textOrNull(s string) ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return json.Marshal(s)
}
