package payments_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/event"
)

func TestOpenAPI(t *testing.T) { contracttest.CheckDocument(t, payments.OpenAPI) }

func read[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheSharedComponentsAreThoseOfEveryDocument(t *testing.T) {
	text, err := os.ReadFile("../components.json")
	if err != nil {
		t.Fatal(err)
	}
	shared := read[map[string]map[string]any](t, text)
	doc := read[struct{ Components map[string]map[string]any }](t, payments.OpenAPI)
	async := read[struct{ Components map[string]map[string]any }](t, payments.AsyncAPI)
	for kind, members := range shared {
		for name, want := range members {
			if diff := cmp.Diff(want, doc.Components[kind][name]); diff != "" {
				t.Errorf("%s %s (-shared +here):\n%s", kind, name, diff)
			}
		}
	}
	if diff := cmp.Diff(shared["schemas"]["Money"], async.Components["schemas"]["Money"]); diff != "" {
		t.Errorf("Money of the AsyncAPI document (-shared +here):\n%s", diff)
	}
}

// async is what the tests read of the AsyncAPI document.
type async struct {
	Channels map[string]struct {
		Address  string
		Messages map[string]struct {
			Ref string `json:"$ref"`
		}
	}
	Operations map[string]struct {
		Action  string
		Channel struct {
			Ref string `json:"$ref"`
		}
		Queue string `json:"x-queue"`
	}
	Components struct {
		Messages map[string]struct {
			Examples []struct{ Payload json.RawMessage }
		}
		Schemas json.RawMessage
	}
}

// message is one key's message: its schema and its example.
type message struct {
	schema  *openapi3.Schema
	example json.RawMessage
	action  string
	queue   string
}

// messages returns what the AsyncAPI document says of each key. The schemas are
// JSON Schemas as those of OpenAPI 3.1 are.
func messages(t *testing.T) map[string]message {
	t.Helper()
	doc := read[async](t, payments.AsyncAPI)
	loaded, err := openapi3.NewLoader().LoadFromData([]byte(`{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{},
		"components":{"schemas":` + string(doc.Components.Schemas) + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]message{}
	for id, c := range doc.Channels {
		if id == "rpc" || id == "rpcAnswers" { // no events
			continue
		}
		for name := range c.Messages {
			m := message{schema: loaded.Components.Schemas[name+"Event"].Value, example: doc.Components.Messages[name].Examples[0].Payload}
			for _, op := range doc.Operations {
				if op.Channel.Ref == "#/channels/"+id {
					m.action, m.queue = op.Action, op.Queue
				}
			}
			all[c.Address] = m
		}
	}
	return all
}

func TestAsyncAPINamesWhatIsTakenAndWhatIsPublished(t *testing.T) {
	want := map[string][2]string{
		games.KeyGamePurchased:           {"receive", "payments.purchases"},
		games.KeyPurchaseCancelled:       {"receive", "payments.cancellations"},
		games.KeyPurchaseRefundRequested: {"receive", "payments.refunds"},
		payments.KeyPaymentCompleted:     {"send", ""},
		payments.KeyPaymentFailed:        {"send", ""},
		payments.KeyPaymentRefunded:      {"send", ""},
		payments.KeyPaymentRefundFailed:  {"send", ""},
	}
	got := map[string][2]string{}
	for key, m := range messages(t) {
		got[key] = [2]string{m.action, m.queue}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +document):\n%s", diff)
	}
}

func TestGoldenEventsAreAsDocumented(t *testing.T) {
	for key, m := range messages(t) {
		text, payload, source, version := payments.Golden(key), any(&payments.PaymentChanged{}), payments.Source, payments.Version
		if m.action == "receive" {
			text, source, version = games.Golden(key), games.Source, games.Version
			payload = &games.PurchaseChanged{}
			if key == games.KeyGamePurchased {
				payload = &games.GamePurchased{}
			}
		}
		e, err := event.Unmarshal(text)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if err := e.CheckType(key, version); err != nil || e.Source != source {
			t.Errorf("%s: type %s of %s: %v", key, e.Type, e.Source, err)
		}
		if err := m.schema.VisitJSON(read[any](t, text), openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if diff := cmp.Diff(read[any](t, text), read[any](t, m.example)); diff != "" {
			t.Errorf("%s: the document's example (-golden +example):\n%s", key, diff)
		}
		// The payload's Go type has all of the golden data and nothing more.
		if err := json.Unmarshal(e.Data, payload); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(read[any](t, e.Data), read[any](t, again)); diff != "" {
			t.Errorf("%s: data (-golden +type):\n%s", key, diff)
		}
	}
	if payments.Golden("payment.unknown") != nil {
		t.Error("there is a golden event of an unknown key")
	}
}

func TestEveryOperationIsDocumented(t *testing.T) {
	contracttest.CheckRPC(t, payments.AsyncAPI, payments.RPC, payments.Operations())
}
