//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that this process has used: on a busy
// machine it says more than the clock does.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
