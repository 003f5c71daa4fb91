package flow_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/test/flow"
)

// envBrokers names a folder with a file for each virtual host that a World may take, by
// removing the file. In it is the URL.
const envBrokers = "GAMESTORE_FLOW_BROKERS"

// brokers makes virtual hosts at a broker.
func brokers(t *testing.T, b *rabbittest.Broker, n int) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if _, err := b.Ctl(t.Context(), "eval", fmt.Sprintf(`lists:foreach(fun(I) ->
		V = list_to_binary("flow" ++ integer_to_list(I)),
		rabbit_vhost:add(V, <<"test">>),
		rabbit_auth_backend_internal:set_permissions(<<"guest">>, V, <<".*">>, <<".*">>, <<".*">>, <<"test">>)
	end, lists:seq(1, %d)).`, n)); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		url := strings.TrimSuffix(b.URL, "/") + "/flow" + strconv.Itoa(i)
		if err := os.WriteFile(filepath.Join(folder, strconv.Itoa(i)), []byte(url), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// nextBroker takes a virtual host that nobody has used.
func nextBroker(t *testing.T, folder string) string {
	t.Helper()
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		file := filepath.Join(folder, entry.Name())
		url, err := os.ReadFile(file)
		if err == nil {
			err = os.Remove(file) // one of those who try succeeds
		}
		if err == nil {
			return string(url)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Fatal("no virtual host is left")
	return ""
}

// TestStoryOverRabbitMQ tells the story through every driver, with a broker between the
// services.
func TestStoryOverRabbitMQ(t *testing.T) {
	t.Parallel()
	folder := brokers(t, rabbittest.Start(t), 2)
	o := flow.Durable()
	o.Bus, o.Broker = flow.Rabbit, nextBroker(t, folder)
	w := flow.NewWorld(t, o)
	w.EachDriver(t, flow.Story)
	flow.Audit(t, w)
	t.Run("errors", func(t *testing.T) {
		o.Broker = nextBroker(t, folder)
		sameErrors(t, flow.NewWorld(t, o))
	})
}

// worlds is more than all rules need together.
const worlds = 120

// TestRulesOverRabbitMQ runs every rule once more, with a broker between the services
// and, but for rules about another way, through a gateway that has nothing but the
// broker. They run in a process of their own: a rule does not know of it.
func TestRulesOverRabbitMQ(t *testing.T) {
	t.Parallel()
	if os.Getenv(envBrokers) != "" {
		t.Skip("this is the process of its own")
	}
	folder := brokers(t, rabbittest.Start(t), worlds)
	args := []string{"-test.run=^TestRule_", "-test.v"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	if end, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+(time.Until(end)*9/10).String())
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), envBrokers+"="+folder)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	passed := strings.Count(string(out), "--- PASS: TestRule_")
	t.Logf("%d tests passed, on %d virtual hosts", passed, worlds-len(left))
	if passed == 0 || len(left) == worlds {
		t.Error("no rule was there, or none took a broker")
	}
}
