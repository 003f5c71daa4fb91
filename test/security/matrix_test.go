package security_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gamestore.example/gateway"
	"gamestore.example/pkg/contract/contracttest"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/rpc"
)

// TestSecurity08 is who may do what to what.
func TestSecurity08(t *testing.T) {
	t.Run("every route and every documented operation has a row", complete)
	t.Run("two people and an admin at every route", func(t *testing.T) {
		rows := matrix()
		for _, route := range gateway.Routes() {
			name := route.Method + " " + route.Path
			t.Run(name, func(t *testing.T) {
				for _, door := range []string{"near", route.Upstream} {
					open(t, setup{}).try(door, route, rows[name])
				}
			})
		}
	})
	t.Run("and over the broker", overBroker)
	t.Run("unknown fields are refused", unknownFields)
	t.Run("the price is the store's", price)
}

// complete compares the table with the gateway's routes and with what is documented: whoever
// adds one has to say who may.
func complete(t *testing.T) {
	routes := map[string]gateway.Route{}
	for _, r := range gateway.Routes() {
		routes[r.Method+" "+r.Path] = r
	}
	documented := map[string]bool{}
	for _, document := range [][]byte{contractusers.OpenAPI, contractgames.OpenAPI, contractpayments.OpenAPI} {
		doc := contracttest.Load(t, document)
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				name := method + " " + path
				documented[name] = true
				public := len(doc.Security) == 0
				if op.Security != nil {
					public = len(*op.Security) == 0
				}
				if r, ok := routes[name]; ok && public != (r.Access == middleware.Public) {
					t.Errorf("%s is public in one of the document and the gateway alone", name)
				}
			}
		}
	}
	rows := matrix()
	for what, names := range map[string][]string{
		"the gateway":   slices.Collect(maps.Keys(routes)),
		"the documents": slices.Collect(maps.Keys(documented)),
	} {
		for _, name := range names {
			if _, ok := rows[name]; !ok {
				t.Errorf("%s has %s, and the table of who may does not", what, name)
			}
		}
	}
	for name := range rows {
		if _, ok := routes[name]; !ok || !documented[name] {
			t.Errorf("%s is in the table, and not a documented route of the gateway", name)
		}
	}
	known := operations(scene{})
	all := slices.Concat(contractusers.Operations(), contractgames.Operations(), contractpayments.Operations())
	for _, name := range all {
		if _, ok := known[name]; !ok {
			t.Errorf("%s can be asked for over the broker, and the table of who may does not have it", name)
		}
	}
	if len(known) != len(all) {
		t.Errorf("%d rows for %d operations over the broker", len(known), len(all))
	}
}

// people are those of a scene in the order in which they ask: Ana comes last, since she may
// change what the others must not.
func (s scene) people(r [4]int) []person {
	return []person{{"nobody", "", r[0]}, {"the admin", s.admin, r[1]}, {"Bob", s.bob, r[2]}, {"Ana", s.ana, r[3]}}
}

type person struct {
	name, token string
	want        int
}

// try lets everybody ask at one door, in a house of their own.
func (h *house) try(door string, route gateway.Route, r row) {
	h.t.Helper()
	s := h.scene()
	path, body := route.Path, ""
	if r.path != nil {
		path = r.path(s)
	}
	if r.body != nil {
		body = r.body(s)
	}
	for _, p := range s.people([4]int{r.nobody, r.admin, r.bob, r.ana}) {
		a := h.at(door).as(p.token).do(route.Method, path, body, r.headers...)
		if a.status != p.want {
			h.t.Errorf("%s at %s: %d, want %d: %.300s", p.name, door, a.status, p.want, a.text)
		}
		if (p.name == "nobody" || p.name == "Bob") && route.Access != middleware.Public {
			h.tellsNothingOf(s, p.name, a)
		}
	}
}

// tellsNothingOf fails if somebody else's answer has something of Ana in it.
func (h *house) tellsNothingOf(s scene, name string, a answer) {
	h.t.Helper()
	delete(a.body, "instance") // what they asked for
	text, err := json.Marshal(a.body)
	h.must(err)
	for _, hers := range []string{s.anaID, "ana@example.com", s.purchase, s.payment} {
		if strings.Contains(string(text), hers) {
			h.t.Errorf("%s learns %q of Ana: %s", name, hers, text)
		}
	}
}

func overBroker(t *testing.T) {
	for name := range operations(scene{}) {
		t.Run(name, func(t *testing.T) {
			h := open(t, setup{})
			s := h.scene()
			op := operations(s)[name]
			for _, p := range s.people([4]int{op.nobody, op.admin, op.bob, op.ana}) {
				headers := map[string]string{rpc.HeaderIfMatch: "*", "x-user-id": s.anaID}
				if p.token != "" {
					headers[rpc.HeaderAuthorization] = "Bearer " + p.token
				}
				a := h.rpc[op.service].Serve(t.Context(), rpc.Request{Operation: name, Headers: headers, Body: []byte(op.body)})
				if a.Status != p.want {
					t.Errorf("%s: %d, want %d: %.300s", p.name, a.Status, p.want, a.Body)
				}
			}
		})
	}
}

func unknownFields(t *testing.T) {
	h := open(t, setup{})
	s := h.scene()
	tried := 0
	for name, r := range matrix() {
		method, path, _ := strings.Cut(name, " ")
		if r.body == nil || strings.Contains(path, "webhooks") { // a provider may say more
			continue
		}
		if r.path != nil {
			path = r.path(s)
		}
		body := `{"isAdmin": true, ` + r.body(s)[1:]
		a := h.at("near").as(s.admin).want(http.StatusBadRequest, method, path, body, r.headers...)
		if !strings.Contains(a.text, "isAdmin") {
			t.Errorf("%s does not name the field: %s", name, a.text)
		}
		tried++
	}
	if tried < 7 {
		t.Errorf("only %d operations have a body", tried)
	}
}

func price(t *testing.T) {
	h := open(t, setup{})
	c := h.at("near")
	admin, _ := c.login(adminEmail)
	_, ana := c.join("ana@example.com")
	path := "/api/games/" + c.sell(admin) + "/purchase"
	c = c.as(ana)
	cheap := `{"amount": 1, "currency": "BRL"}`
	for _, field := range []string{"price", "amount", "total"} {
		c.want(http.StatusBadRequest, http.MethodPost, path, fmt.Sprintf(`{"%s": %s}`, field, cheap))
	}
	c.want(http.StatusConflict, http.MethodPost, path, `{"expectedPrice": `+cheap+`}`)
	a := c.want(http.StatusAccepted, http.MethodPost, path, `{"expectedPrice": {"amount": 500, "currency": "BRL"}}`)
	if p, _ := a.body["price"].(map[string]any); p["amount"] != 500.0 {
		t.Errorf("the price is %v", a.body["price"])
	}
}
