package parts

import "context"

type offering struct{}

// Offering is a context in which buttons know who sees them: refused says why
// that person may not post to an address, or ask for a fragment; "" where they may.
func Offering(ctx context.Context, refused func(address string) string) context.Context {
	return context.WithValue(ctx, offering{}, refused)
}

// Refused is why the person who sees a page may not use an address, "" where
// they may.
func Refused(ctx context.Context, address string) string {
	refused, _ := ctx.Value(offering{}).(func(string) string)
	if refused == nil {
		return ""
	}
	return refused(address)
}
