package observe_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// patience bounds every wait.
	patience = 3 * time.Minute
	poll     = 10 * time.Millisecond
)

// node is a span, wherever it was seen.
type node struct {
	service, name, kind string
	trace, id, parent   string
	links               []string
	failed              bool
	text                string // all that it says
}

// forest collects spans.
type forest struct {
	mu    sync.Mutex
	nodes []node
}

func (f *forest) add(n ...node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nodes = append(f.nodes, n...)
}

func (f *forest) all() []node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.nodes)
}

// of returns the spans of a trace.
func (f *forest) of(trace string) []node {
	return slices.DeleteFunc(f.all(), func(n node) bool { return n.trace != trace })
}

// tree prints the spans of a trace, each below its parent, siblings by name. What hangs
// from nowhere in it begins with the parent's id.
func (f *forest) tree(trace, root string) string {
	nodes := f.of(trace)
	known := map[string]bool{}
	children := map[string][]node{}
	for _, n := range nodes {
		known[n.id] = true
		children[n.parent] = append(children[n.parent], n)
	}
	var out strings.Builder
	var draw func(parent string, depth int)
	draw = func(parent string, depth int) {
		lines := children[parent]
		slices.SortStableFunc(lines, func(a, b node) int { return strings.Compare(a.service+a.name, b.service+b.name) })
		for _, n := range lines {
			fmt.Fprintf(&out, "%s%s: %s (%s)", strings.Repeat("  ", depth), n.service, n.name, n.kind)
			if n.failed {
				out.WriteString(" failed")
			}
			if n.kind == "consumer" && !slices.Equal(n.links, []string{n.parent}) {
				fmt.Fprintf(&out, " links %v", n.links)
			}
			out.WriteString("\n")
			draw(n.id, depth+1)
		}
	}
	draw(root, 0)
	for _, n := range nodes {
		if n.parent != root && !known[n.parent] {
			fmt.Fprintf(&out, "%s has lost its parent %s\n", n.name, n.parent)
		}
	}
	return out.String()
}

// await waits until the trace has this tree.
func (f *forest) await(t *testing.T, trace, root, want string) {
	t.Helper()
	want = strings.ReplaceAll(strings.TrimSpace(want), "\t", "  ") + "\n"
	until(t, func() bool { return f.tree(trace, root) == want }, func() string {
		return "the trace is\n" + f.tree(trace, root) + "\nwant\n" + want
	})
}

func until(t *testing.T, done func() bool, otherwise func() string) {
	t.Helper()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if done() {
			return
		}
	}
	t.Fatal(otherwise())
}

// recorded is a processor that puts spans into a forest when they end.
type recorded struct {
	sdk.SpanProcessor
	forest *forest
}

func (r recorded) OnEnd(s sdk.ReadOnlySpan) {
	n := node{
		name: s.Name(), kind: s.SpanKind().String(), trace: s.SpanContext().TraceID().String(), id: s.SpanContext().SpanID().String(),
		parent: s.Parent().SpanID().String(), failed: s.Status().Code == codes.Error,
		text: fmt.Sprint(s.Name(), s.Attributes(), s.Events(), s.Status(), s.SpanContext().TraceState()),
	}
	for _, kv := range s.Resource().Attributes() {
		if kv.Key == "service.name" {
			n.service = kv.Value.AsString()
		}
	}
	for _, l := range s.Links() {
		n.links = append(n.links, l.SpanContext.SpanID().String())
	}
	r.forest.add(n)
	r.SpanProcessor.OnEnd(s)
}
