//go:build !race

package program

const Race = false
