package contracttest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// CheckRPC checks that an AsyncAPI document has a channel "rpc" with the address, and
// in it, in messages and in operations with a reply, each of the service's operations.
func CheckRPC(t *testing.T, document []byte, address string, operations []string) {
	t.Helper()
	type ref struct {
		Ref string `json:"$ref"`
	}
	var doc struct {
		Channels map[string]struct {
			Address  string
			Messages map[string]ref
		}
		Operations map[string]struct {
			Channel  ref
			Messages []ref
			Reply    struct{ Messages []ref }
		}
		Components struct {
			Messages map[string]struct{ Name string }
		}
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Channels["rpc"].Address; got != address {
		t.Errorf("the channel rpc has the address %q, want %q", got, address)
	}
	answered := map[string]bool{}
	for _, op := range doc.Operations {
		if op.Channel.Ref == "#/channels/rpc" && len(op.Messages) == 1 && len(op.Reply.Messages) == 2 {
			answered[op.Messages[0].Ref] = true
		}
	}
	var got []string
	for id, m := range doc.Channels["rpc"].Messages {
		name := doc.Components.Messages[id+"Request"].Name
		if m.Ref != "#/components/messages/"+id+"Request" || !answered["#/channels/rpc/messages/"+id] {
			t.Errorf("%s has no message or no answer", id)
		}
		got = append(got, name)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(operations)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("operations (-want +document):\n%s", diff)
	}
	if _, ok := doc.Components.Messages["ProblemAnswer"]; !ok {
		t.Error("no problem among the messages")
	}
}
