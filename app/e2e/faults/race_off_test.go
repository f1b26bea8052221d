//go:build !race

package faults

// defaultShare is of how many pairs one runs without -full.
const defaultShare = 4
