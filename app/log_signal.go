//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// levelSignals has a value for each signal that changes the log level, until end
// is called.
func levelSignals() (signals <-chan os.Signal, end func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	return c, func() { signal.Stop(c) }
}
