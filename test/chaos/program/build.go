package program

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Build compiles a command of the workspace with its fault points into dir, and returns
// the program's path. tags are more build flags, such as -race.
func Build(ctx context.Context, dir, command string, flags ...string) (string, error) {
	path := filepath.Join(dir, filepath.Base(command))
	args := append([]string{"build", "-tags", "faults", "-o", path}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, command)...) //nolint:gosec // of tests
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", command, err, out)
	}
	return path, nil
}
