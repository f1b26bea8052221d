//go:build linux || darwin

package main

import "syscall"

// openFiles is how many files this process may have open. Go raises it to its
// hard limit when the process starts.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // what is usual
	}
	return limit.Cur
}
