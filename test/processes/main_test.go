package processes_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	// The programs under test: a cached result of these tests is of this code.
	_ "gamestore.example/games/app"
	_ "gamestore.example/gateway/app"
	_ "gamestore.example/payments/app"
	_ "gamestore.example/users/app"
)

// folder gets the programs when the first test needs them.
var folder string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gamestore-processes-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	folder = dir
	goleak.VerifyTestMain(m,
		// A breaker's goroutine lives as long as the process.
		goleak.IgnoreAnyFunction("github.com/streadway/handy/breaker.breaker.run"),
		goleak.Cleanup(func(status int) {
			_ = os.RemoveAll(dir)
			os.Exit(status)
		}))
}

var build = sync.OnceValue(func() error {
	args := append([]string{"build"}, buildFlags()...)
	args = append(args, "-o", folder+string(filepath.Separator), "gamestore.example/deploy/cmd/up")
	for _, name := range []string{"users", "games", "payments", "gateway"} {
		args = append(args, "gamestore.example/"+name+"/cmd/"+name)
	}
	if out, err := exec.CommandContext(context.Background(), "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
})

// programs returns the folder of the built programs.
func programs(t *testing.T) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return folder
}
