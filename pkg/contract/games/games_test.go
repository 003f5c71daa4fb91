package games_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/event"
)

func TestOpenAPI(t *testing.T) { contracttest.CheckDocument(t, games.OpenAPI) }

func TestTheSharedComponentsAreThoseOfEveryDocument(t *testing.T) {
	text, err := os.ReadFile("../components.json")
	if err != nil {
		t.Fatal(err)
	}
	shared := read[map[string]map[string]any](t, text)
	doc := read[struct{ Components map[string]map[string]any }](t, games.OpenAPI)
	for kind, members := range shared {
		for name, want := range members {
			if diff := cmp.Diff(want, doc.Components[kind][name]); diff != "" {
				t.Errorf("%s %s (-shared +here):\n%s", kind, name, diff)
			}
		}
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
	Components struct{ Schemas json.RawMessage }
}

// payloads returns the schema of each key's message. The schemas are JSON Schemas
// as those of OpenAPI 3.1 are.
func payloads(t *testing.T) map[string]*openapi3.Schema {
	t.Helper()
	doc := read[async](t, games.AsyncAPI)
	loaded, err := openapi3.NewLoader().LoadFromData([]byte(`{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{},
		"components":{"schemas":` + string(doc.Components.Schemas) + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*openapi3.Schema{}
	for id, c := range doc.Channels {
		if id == "rpc" || id == "rpcAnswers" { // no events
			continue
		}
		for name := range c.Messages {
			schemas[c.Address] = loaded.Components.Schemas[name+"Event"].Value
		}
	}
	return schemas
}

func TestGoldenEventsAreAsDocumented(t *testing.T) {
	schemas := payloads(t)
	if len(schemas) != len(games.Keys()) {
		t.Errorf("%d channels, want one for each of %v", len(schemas), games.Keys())
	}
	for _, key := range games.Keys() {
		golden := games.Golden(key)
		e, err := event.Unmarshal(golden)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if err := e.CheckType(key, games.Version); err != nil || e.Source != games.Source {
			t.Errorf("%s: type %s of %s: %v", key, e.Type, e.Source, err)
		}
		if err := schemas[key].VisitJSON(read[any](t, golden), openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if diff := cmp.Diff(read[any](t, e.Data), again(t, key, e.Data)); diff != "" {
			t.Errorf("%s: data (-golden +type):\n%s", key, diff)
		}
	}
	if games.Golden("game.unknown") != nil {
		t.Error("there is a golden event of an unknown key")
	}
}

// again decodes the data into its Go type and back: that must lose nothing.
func again(t *testing.T, key string, data []byte) any {
	t.Helper()
	var payload any
	switch key {
	case games.KeyGameCreated, games.KeyGameUpdated, games.KeyGameDeleted:
		payload = read[games.GameChanged](t, data)
	case games.KeyGamePurchased:
		payload = read[games.GamePurchased](t, data)
	default:
		payload = read[games.PurchaseChanged](t, data)
	}
	b, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return read[any](t, b)
}

func read[T any](t *testing.T, data []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryOperationIsDocumented(t *testing.T) {
	contracttest.CheckRPC(t, games.AsyncAPI, games.RPC, games.Operations())
}
