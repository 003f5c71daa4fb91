package security_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sources are the test files below a folder, as one text.
func sources(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	var all strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// TestEveryPromiseHasItsTest compares the document with the tests that it names.
func TestEveryPromiseHasItsTest(t *testing.T) {
	document, tests := read(t, "docs/security.md"), sources(t, "test/security")
	promised := regexp.MustCompile(`Test\w+`).FindAllString(document, -1)
	if len(promised) < 17 {
		t.Errorf("the document names %d tests", len(promised))
	}
	for _, name := range promised {
		if !strings.Contains(tests, "func "+name+"(t *testing.T)") {
			t.Errorf("the document names %s, which is no test", name)
		}
	}
	for _, m := range regexp.MustCompile(`func (TestSecurity\d+)\(`).FindAllStringSubmatch(tests, -1) {
		if !strings.Contains(document, m[1]) {
			t.Errorf("the document does not name %s", m[1])
		}
	}
}

// TestSecurity15 wants a fuzz target for every decoder of bytes from outside.
func TestSecurity15(t *testing.T) {
	for decoder, target := range map[string]string{
		"tokens":                   "pkg/auth FuzzVerify",
		"key sets":                 "pkg/auth FuzzParseJWKS",
		"event envelopes":          "pkg/event FuzzUnmarshal",
		"batches of events":        "pkg/event FuzzSplit",
		"bodies":                   "pkg/httpserver FuzzDecodeJSON",
		"requests":                 "test/security FuzzRequest",
		"operations of the broker": "test/security FuzzOperation",
		"deliveries":               "pkg/bus/rabbit FuzzDelivery",
		"webhooks":                 "payments/adapter/simulated FuzzParseWebhook",
		"events for users":         "users/transport/amqpapi FuzzConsumer",
		"events for payments":      "payments/transport/amqpapi FuzzHandlers",
		"cursors of lists":         "games FuzzCursor",
		"cursors of searches":      "games FuzzDecodeCursor",
		"cursors of histories":     "users FuzzCursor",
		"addresses of people":      "users FuzzEmail",
		"words of a search":        "pkg/words FuzzSplit",
		"paths":                    "gateway FuzzMatch",
		"X-Forwarded-For":          "gateway FuzzForwardedFor",
		"headers":                  "gateway FuzzHeader",
		"entity tags":              "games/transport/dto FuzzETag",
	} {
		folder, name, _ := strings.Cut(target, " ")
		if !strings.Contains(sources(t, folder), "func "+name+"(f *testing.F)") {
			t.Errorf("%s: there is no %s in %s", decoder, name, folder)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "make", "-C", root, "-n", "fuzz").CombinedOutput(); err != nil {
		t.Errorf("make fuzz: %v\n%s", err, out)
	}
}

// TestSecurity16 wants code from elsewhere to be what it was when it was chosen.
func TestSecurity16(t *testing.T) {
	modules, err := filepath.Glob(filepath.Join(root, "*", "go.mod"))
	if err != nil || len(modules) < 7 {
		t.Fatalf("%d modules, %v", len(modules), err)
	}
	elsewhere := regexp.MustCompile(`(?m)^\s*(?:replace\s+)?\S+.* => (?:\.\./\w+\s*$)?(.*)$`)
	for _, m := range modules {
		data, err := os.ReadFile(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range elsewhere.FindAllStringSubmatch(string(data), -1) {
			if r[1] != "" {
				t.Errorf("%s takes code from %q", m, r[1])
			}
		}
		if _, err := os.Stat(strings.TrimSuffix(m, "mod") + "sum"); err != nil {
			t.Error(err)
		}
	}
	config, err := filepath.Glob(filepath.Join(root, ".golangci.y*ml"))
	if err != nil || len(config) != 1 {
		t.Fatalf("%v, %v", config, err)
	}
	linters, err := os.ReadFile(config[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gosec", "bodyclose", "noctx", "errorlint"} {
		if !strings.Contains(string(linters), "    - "+name+"\n") {
			t.Errorf("%s is not among the linters", name)
		}
	}
	if strings.Contains(os.Getenv("GOFLAGS"), "-insecure") || os.Getenv("GONOSUMDB") == "*" {
		t.Error("checksums are not checked")
	}
}
