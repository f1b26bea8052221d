//go:build !linux && !darwin

package main

// openFiles is how many files this process may have open: what is usual,
// since it is not known here.
func openFiles() uint64 { return 8192 }
