package users_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/event"
)

func TestOpenAPI(t *testing.T) { contracttest.CheckDocument(t, users.OpenAPI) }

func TestTheSharedComponentsAreThoseOfEveryDocument(t *testing.T) {
	text, err := os.ReadFile("../components.json")
	if err != nil {
		t.Fatal(err)
	}
	var shared map[string]map[string]any
	var doc struct{ Components map[string]map[string]any }
	if err := json.Unmarshal(text, &shared); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(users.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	for kind, members := range shared {
		for name, want := range members {
			if diff := cmp.Diff(want, doc.Components[kind][name]); diff != "" {
				t.Errorf("%s %s (-shared +here):\n%s", kind, name, diff)
			}
		}
	}
}

// asyncSchemas loads the schemas of the AsyncAPI document, which are JSON
// Schemas as those of OpenAPI 3.1 are.
func asyncSchemas(t *testing.T) openapi3.Schemas {
	t.Helper()
	var async struct {
		Channels   map[string]struct{ Address string }
		Components struct{ Schemas json.RawMessage }
	}
	if err := json.Unmarshal(users.AsyncAPI, &async); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{users.KeyUserCreated, users.KeyUserDeleted} {
		found := false
		for _, c := range async.Channels {
			found = found || c.Address == key
		}
		if !found {
			t.Errorf("no channel has the address %s", key)
		}
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(`{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{},
		"components":{"schemas":` + string(async.Components.Schemas) + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas
}

func TestGoldenEventsAreAsDocumented(t *testing.T) {
	schemas := asyncSchemas(t)
	for key, payload := range map[string]any{
		users.KeyUserCreated: &users.UserCreated{},
		users.KeyUserDeleted: &users.UserDeleted{},
	} {
		golden := users.Golden(key)
		e, err := event.Unmarshal(golden)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if err := e.CheckType(key, users.Version); err != nil || e.Source != users.Source {
			t.Errorf("%s: type %s of %s: %v", key, e.Type, e.Source, err)
		}
		var value any
		if err := json.Unmarshal(golden, &value); err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(key, ".") // "created" names UserCreatedEvent
		schema := schemas["User"+strings.ToUpper(name[:1])+name[1:]+"Event"].Value
		if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		// The payload's Go type has all of the golden data and nothing more.
		if err := json.Unmarshal(e.Data, payload); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(again, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(e.Data, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: data (-golden +type):\n%s", key, diff)
		}
	}
	if users.Golden("user.unknown") != nil {
		t.Error("there is a golden event of an unknown key")
	}
}

func TestEveryOperationIsDocumented(t *testing.T) {
	contracttest.CheckRPC(t, users.AsyncAPI, users.RPC, users.Operations())
}
