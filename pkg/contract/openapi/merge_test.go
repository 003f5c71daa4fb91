package openapi_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/openapi"
	"gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/contract/users"
)

// with returns a small document: a path of its own, a tag, a schema, and the
// shared components.
func with(t *testing.T, noun string, change ...string) []byte {
	t.Helper()
	shared, err := os.ReadFile("../components.json")
	if err != nil {
		t.Fatal(err)
	}
	var components map[string]map[string]json.RawMessage
	if err := json.Unmarshal(shared, &components); err != nil {
		t.Fatal(err)
	}
	components["schemas"][noun] = json.RawMessage(`{"type":"object","properties":{"price":{"$ref":"#/components/schemas/Money"}}}`)
	joined, err := json.Marshal(components)
	if err != nil {
		t.Fatal(err)
	}
	doc := `{"openapi":"3.1.0","info":{"title":"NOUN","version":"1","license":{"name":"x"}},"servers":[{"url":"/elsewhere"}],
		"tags":[{"name":"all","description":"everything"},{"name":"NOUN"}],
		"paths":{"/api/NOUN":{
			"get":{"operationId":"getNOUN","tags":["NOUN"],"security":[],"responses":{
				"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/NOUN"}}}},
				"503":{"description":"of its own","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}}},
			"post":{"operationId":"postNOUN","responses":{"204":{"description":"ok"}}}}},
		"security":[{"bearerAuth":[]}],
		"components":` + string(joined) + `}`
	doc = strings.ReplaceAll(doc, "NOUN", noun)
	for i := 0; i < len(change); i += 2 {
		changed := strings.Replace(doc, change[i], change[i+1], 1)
		if changed == doc {
			t.Fatalf("the fixture has no %q", change[i])
		}
		doc = changed
	}
	return []byte(doc)
}

func TestMergeUnitesDocuments(t *testing.T) {
	merged, err := openapi.Merge(with(t, "users"), with(t, "games", `"security":[{"bearerAuth":[]}],`, ""), with(t, "users"))
	if err != nil {
		t.Fatal(err)
	}
	doc := contracttest.Load(t, merged)
	if got := slices.Sorted(maps.Keys(doc.Paths.Map())); !slices.Equal(got, []string{"/api/games", "/api/users"}) {
		t.Errorf("paths = %v", got)
	}
	var tags []string
	for _, tag := range doc.Tags {
		tags = append(tags, tag.Name)
	}
	if want := []string{"all", "users", "games"}; !slices.Equal(tags, want) {
		t.Errorf("tags = %v, want %v", tags, want)
	}
	if doc.Info.Title != "Gamestore" || doc.Servers[0].URL != "/" {
		t.Errorf("info and servers are not the gateway's: %+v %+v", doc.Info, doc.Servers[0])
	}
	for path, want := range map[string]int{"/api/users": 1, "/api/games": 0} {
		op := doc.Paths.Value(path).Post
		if got := op.Security != nil && len(*op.Security) == 1; got != (want == 1) {
			t.Errorf("POST %s: security %+v; the default belongs to its own document", path, op.Security)
		}
		if sec := doc.Paths.Value(path).Get.Security; sec == nil || len(*sec) != 0 {
			t.Errorf("GET %s is not public any more: %+v", path, sec)
		}
	}
	if doc.Security != nil {
		t.Errorf("a default of one document became everybody's: %+v", doc.Security)
	}
	again, err := openapi.Merge(with(t, "users"), with(t, "games", `"security":[{"bearerAuth":[]}],`, ""))
	if err != nil || !bytes.Equal(merged, again) {
		t.Errorf("the same documents give other bytes (%v)", err)
	}
}

func TestMergeRefusesWhatDiffers(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change []string
		want   string
	}{
		{"a shared schema", []string{`Minor units.`, `Cents.`}, `schemas "Money"`},
		{"a number beyond float64", []string{`9007199254740991`, `9007199254740990`}, `schemas "Money"`},
		{"a security scheme", []string{`"bearer"`, `"basic"`}, `securitySchemes "bearerAuth"`},
		{"a tag", []string{`"everything"`, `"nothing"`}, `tag "all"`},
		{"a path", []string{`"/api/games"`, `"/api/users"`}, `path "/api/users"`},
		{"a tag without a name", []string{`{"name":"games"}`, `{}`}, "without a name"},
		{"the version", []string{`"3.1.0"`, `"3.0.3"`}, "3.1.x"},
		{"not JSON", []string{`{`, `[`}, "parse"},
		{"an unknown member", []string{`"tags":`, `"x-new":1,"tags":`}, "x-new"},
		{"an operation that is none", []string{`"post":{`, `"post":[],"put":{`}, `"/api/games"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := openapi.Merge(with(t, "users"), with(t, "games", tc.change...))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "document 2") {
				t.Errorf("err = %v, want one about %s", err, tc.want)
			}
		})
	}
	if _, err := openapi.Merge(); err == nil {
		t.Error("nothing was merged")
	}
}

func TestAddProblems(t *testing.T) {
	doc, err := openapi.AddProblems(with(t, "games"), func(method, path string) []int {
		if path != "/api/games" {
			t.Errorf("path = %q", path)
		}
		if method == "GET" {
			return []int{429, 503}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	item := contracttest.Load(t, doc).Paths.Value("/api/games")
	if got := slices.Sorted(maps.Keys(item.Get.Responses.Map())); !slices.Equal(got, []string{"200", "429", "503"}) {
		t.Errorf("GET answers %v", got)
	}
	if got := *item.Get.Responses.Status(503).Value.Description; got != "of its own" {
		t.Errorf("the documented 503 was replaced by %q", got)
	}
	if diff := cmp.Diff([]string{"204"}, slices.Sorted(maps.Keys(item.Post.Responses.Map()))); diff != "" {
		t.Error(diff)
	}
	if _, err := openapi.AddProblems([]byte(`{"openapi":"3.1.0","info":{},"paths":{}}`), nil); err == nil {
		t.Error("a reference to nothing was added")
	}
}

func TestTheServicesDocumentsMerge(t *testing.T) {
	merged, err := openapi.Merge(users.OpenAPI, games.OpenAPI, payments.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	contracttest.CheckDocument(t, merged)
	operations := 0
	for _, item := range contracttest.Load(t, merged).Paths.Map() {
		operations += len(item.Operations())
	}
	for _, spec := range [][]byte{users.OpenAPI, games.OpenAPI, payments.OpenAPI} {
		for _, item := range contracttest.Load(t, spec).Paths.Map() {
			operations -= len(item.Operations())
		}
	}
	if operations != 0 {
		t.Errorf("%+d operations after the merge", operations)
	}
}
