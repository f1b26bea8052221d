// Command answers compares what two builds of the program answer. It starts
// both on the same worlds, asks each for the same addresses at the same
// moment, and follows the links of what it gets: every endpoint of the API,
// every page and every panel that is reachable, a few of each shape.
//
// The worlds are the run files in the directory REAL_RUNS, and a generated
// history behind servers that play GitHub and Devin.
//
//	go run ./answers -base COMMIT     (in tools/, on a checkout)
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	base := flag.String("base", "HEAD", "the commit to compare the working tree with")
	most := flag.Int("most", 1500, "how many addresses are asked for in each world")
	each := flag.Int("each", 6, "how many addresses of one shape are asked for")
	flag.Parse()
	differences, err := compare(context.Background(), *base, *most, *each)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if differences > 0 {
		os.Exit(1)
	}
}

func compare(ctx context.Context, base string, most, each int) (differences int, err error) {
	dir, err := os.MkdirTemp("", "answers-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	before, after := filepath.Join(dir, "before"), filepath.Join(dir, "after")
	if err := buildAt(ctx, base, filepath.Join(dir, "tree"), before); err != nil {
		return 0, err
	}
	if err := build(ctx, "..", after); err != nil {
		return 0, err
	}
	all := []world{played()}
	if runs := os.Getenv("REAL_RUNS"); runs != "" {
		all = append(all, recorded(runs))
	} else {
		fmt.Println("REAL_RUNS is not set: the real records are left out.")
	}
	for _, w := range all {
		n, err := w.compare(ctx, dir, before, after, most, each)
		if err != nil {
			return differences, fmt.Errorf("%s: %w", w.name, err)
		}
		differences += n
	}
	return differences, nil
}

// buildAt builds the program as it was at a commit, in a tree of its own.
func buildAt(ctx context.Context, commit, tree, program string) error {
	add := exec.CommandContext(ctx, "git", "worktree", "add", "--detach", tree, commit)
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("check out %s: %w\n%s", commit, err, out)
	}
	defer func() { _ = exec.Command("git", "worktree", "remove", "--force", tree).Run() }()
	return build(ctx, tree, program)
}

func build(ctx context.Context, tree, program string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", program, "./app")
	cmd.Dir = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", tree, err, out)
	}
	return nil
}
