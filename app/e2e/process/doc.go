// Package process holds the tests of the program as a process: how it starts
// and ends, what survives kill -9, what it does when its database, its disk,
// its memory or its descriptors fail it. It has tests only.
package process
