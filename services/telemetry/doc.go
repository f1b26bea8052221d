// Package telemetry is the domain: the records that action runs leave
// behind, the identity of issues across them, the words of session states,
// how pull requests and sessions belong together, and the types that cross
// the store's border. It does no I/O and imports only the standard library.
package telemetry
