package main

import (
	"errors"
	"os/exec"
	"runtime"
	"strings"
)

// version tells which build it is, and an unknown word how it is used.
func (p process) version() {
	out, err := exec.CommandContext(p.t.Context(), p.path, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "telemetry-dashboard ") || !strings.Contains(string(out), runtime.Version()) {
		p.t.Errorf("version: %q, %v", out, err)
	}
	said, err := exec.CommandContext(p.t.Context(), p.path, "versions").CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 2 || !strings.Contains(string(said), "usage:") {
		p.t.Errorf("an unknown word: %q, %v", said, err)
	}
}
