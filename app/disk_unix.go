//go:build linux || darwin

package main

import "syscall"

// freeBytes is how much this user may still write to the disk of a folder;
// false where that is not known.
func freeBytes(folder string) (uint64, bool) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return 0, false
	}
	return disk.Bavail * uint64(disk.Bsize), true //nolint:gosec // it is positive
}
