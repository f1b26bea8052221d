// Package soak keeps the running program busy for a long time and sees that
// it does not grow. It has tests only; `task soak` runs them.
package soak
