package main

import (
	"cmp"
	"os/user"
)

// userName is the name of the one person where nobody signs in: the one of the
// settings, else the system's.
func userName(set string) string {
	system, err := user.Current()
	if err != nil { // a container may have no user database
		return cmp.Or(set, "you")
	}
	return cmp.Or(set, system.Username, "you")
}
