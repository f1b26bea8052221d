// Package faults holds the fault table: every call that the clients of GitHub
// and Devin make, against every fault that a server or a network can answer
// with. It has tests only. Each pair runs the real clients, jobs and store
// over real sockets; `task faults` prints the table.
package faults
