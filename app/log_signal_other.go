//go:build !unix

package main

import "os"

// levelSignals never has a value: this system has no signal for it.
func levelSignals() (signals <-chan os.Signal, end func()) { return nil, func() {} }
