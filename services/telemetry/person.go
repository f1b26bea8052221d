package telemetry

import "context"

// You is the one person where nobody signs in.
const You = "you"

type personKey struct{}

// ForPerson returns a context of what a person asks.
func ForPerson(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, personKey{}, name)
}

// PersonOf is who asks, You where nobody is named.
func PersonOf(ctx context.Context) string {
	if name, ok := ctx.Value(personKey{}).(string); ok {
		return name
	}
	return You
}
