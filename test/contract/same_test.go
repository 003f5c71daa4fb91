package contract_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/contract/contracttest"
	"gamestore.example/test/flow"
)

// odd is a request that says something in an unusual way.
type odd struct {
	method, path, body string
	headers            []string
}

// TestNobodyCanTellTheWay sends the same requests through a gateway that reaches the
// services by HTTP and through one that has only the broker, and wants the same answers
// to the last header and byte.
func TestNobodyCanTellTheWay(t *testing.T) {
	s := newStore(t, flow.Options{Bus: flow.Rabbit, Broker: rabbittest.Start(t).URL}, flow.ThroughGatewayHTTP)
	ana, bob := s.as(s.join("Ana")), s.as(s.join("Bob"))
	game := flow.NewGame(t, s.driver)
	purchase := s.buy(ana, flow.CardApproved)
	payment := "/api/payments?purchase=" + strings.TrimPrefix(s.await(ana, purchase, "completed").str("id"), "/")
	paid := "/api/payments/" + ana.want(http.StatusOK, http.MethodGet, payment, "").str("id")

	plain := client(t)
	seen := map[int]int{}
	for who, token := range map[string]string{"nobody": "", "Ana": ana.token, "Bob": bob.token, "the admin": s.admin, "a forger": "a.b.c"} {
		for _, r := range append(oddReads(game.ID, purchase, payment, paid), oddWrites(game.ID, purchase, paid)...) {
			var got [2]answer
			for i, way := range []string{flow.ThroughGatewayHTTP, flow.ThroughGatewayAMQP} {
				c := caller{t: t, base: s.Gateways[way], client: plain, token: token, ctx: contracttest.BadRequest(t.Context())}
				got[i] = c.do(r.method, r.path, r.body, append(r.headers, "X-Request-Id", "the-same")...)
				got[i].header.Del("Date")
			}
			seen[got[1].status]++
			if diff := cmp.Diff(got[0].text, got[1].text); diff != "" || got[0].status != got[1].status {
				t.Errorf("%s: %s %s %.60s %v: %d by HTTP, %d by AMQP (-http +amqp)\n%s", who, r.method, r.path, r.body, r.headers, got[0].status, got[1].status, diff)
			}
			if diff := cmp.Diff(got[0].header, got[1].header); diff != "" {
				t.Errorf("%s: %s %s %.60s %v: %d, headers (-http +amqp)\n%s", who, r.method, r.path, r.body, r.headers, got[0].status, diff)
			}
		}
	}
	t.Logf("answers by status: %v", seen)
}

func oddReads(gameID, purchase, payment, paid string) []odd {
	var all []odd
	get := func(path string, headers ...string) { all = append(all, odd{http.MethodGet, path, "", headers}) }
	for _, path := range []string{"/api/games", "/api/me/purchases", "/api/me/library", "/api/me/recommendations", "/api/users/me/history"} {
		for _, query := range []string{
			"limit=0", "limit=x", "limit=-1", "limit=51", "limit=101", "limit=1e1", "limit=", "limit=1&limit=x", "limit=%31", "limit=+1", "cursor=forged", "cursor=%ff",
			"unknown=1", "a=1;b", "%zz", "limit=9999999999999999999999",
		} {
			get(path + "?" + query)
		}
	}
	for _, query := range []string{
		"", "q=", "q=%00", "q=%C3%A9", "q=" + strings.Repeat("x", 500), "sort=colour", "sort=price", "category=none", "category=%20", "q=a+b%2Bc",
	} {
		get("/api/games?" + query)
	}
	for _, query := range []string{
		"wait=0", "wait=x", "wait=31", "wait=-1", "wait=", "wait=0&status=x", "wait=0&status=", "status=x", "wait=0&status=pending", "wait=1&status=completed", "wait=31&status=x",
	} {
		get(purchase + "?" + query)
	}
	for _, tags := range [][]string{{`"2"`}, {`"1"`}, {"*"}, {`W/"2"`}, {`"1", "2"`}, {"2"}, {""}, {`"1"`, `"2"`}} {
		var headers []string
		for _, tag := range tags {
			headers = append(headers, "If-None-Match", tag)
		}
		get(purchase, headers...)
		get("/api/games/"+gameID, headers...)
		get(purchase+"/events", headers...)
		get("/.well-known/jwks.json", headers...)
	}
	for _, path := range []string{
		"/api/games/" + gameID, "/api/games/nobody", "/api/games/" + strings.Repeat("x", 65), "/api/categories", "/api/users/me", purchase, purchase + "/events",
		"/api/purchases/nobody", "/api/purchases/nobody/events", payment, "/api/payments", "/api/payments?purchase=", "/api/payments?purchase=a&purchase=b",
		"/api/payments?purchase=a/b", "/api/payments?purchase=nobody", paid, "/api/payments/nobody", "/api/nothing", "/.well-known/jwks.json",
	} {
		get(path)
	}
	get("/api/games/"+gameID, "Accept", "text/html", "X-Request-Id", strings.Repeat("x", 300))
	return all
}

// oddWrites are refused, whoever sends them, or change nothing that an answer shows.
func oddWrites(gameID, purchase, paid string) []odd {
	var all []odd
	bodies := []string{
		`{"broken`, `{"unknown": 1}`, `[1, 2]`, `"text"`, `null`, `{}  {}`, ` `, "\xff", `{"name": -1, "email": {}, "refreshToken": [], "expectedPrice": 1e99}`,
		strings.Repeat(`{"a":`, 40), `{"gameId": "other", "purchaseId": "other"}`, `{"paymentMethod": 7}`, `{"expectedPrice": {"amount": "1"}}`,
		`{"price": {"amount": 1.5}}`, `{"releasedAt": "yesterday"}`, strings.Repeat("x", 20<<10), strings.Repeat("x", 70<<10),
	}
	for _, at := range []struct{ method, path string }{
		{http.MethodPost, "/api/users"}, {http.MethodPost, "/api/auth/login"}, {http.MethodPost, "/api/auth/refresh"}, {http.MethodPost, "/api/auth/logout"},
		{http.MethodPatch, "/api/users/me"}, {http.MethodPost, "/api/users/me/password"}, {http.MethodPost, "/api/games"}, {http.MethodPut, "/api/games/" + gameID},
		{http.MethodPost, "/api/games/nobody/purchase"}, {http.MethodPost, "/api/purchases/nobody/cancel"}, {http.MethodPost, purchase + "/cancel"},
		{http.MethodPost, "/api/payments/webhooks/simulated"}, {http.MethodPost, "/api/payments/webhooks/nobody"}, {http.MethodPost, "/api/payments/nobody/reconcile"},
	} {
		for _, body := range bodies {
			all = append(all, odd{at.method, at.path, body, nil})
		}
		for _, media := range []string{"text/plain", "application/json; charset=latin1", "application/json; charset=UTF-8", "nonsense/", "application/problem+json"} {
			all = append(all, odd{at.method, at.path, `{"unknown": 1}`, []string{"Content-Type", media}})
		}
		all = append(all, odd{at.method, at.path, `{"unknown": 1}`, []string{"Content-Encoding", "gzip"}}, odd{at.method, at.path, "", nil})
	}
	for _, tag := range []string{`"9"`, `W/"1"`, "9", `"1", "2"`, "*,*", `"abc"`, ``} {
		all = append(all,
			odd{http.MethodPut, "/api/games/" + gameID, newGame, []string{"If-Match", tag}},
			odd{http.MethodDelete, "/api/games/" + gameID, "", []string{"If-Match", tag}},
			odd{http.MethodDelete, "/api/games/nobody", "", []string{"If-Match", tag}})
	}
	for _, key := range []string{strings.Repeat("k", 256), "", "k k", "é"} {
		all = append(all, odd{http.MethodPost, "/api/games/nobody/purchase", "", []string{"Idempotency-Key", key}})
	}
	return append(all,
		odd{http.MethodPost, paid + "/reconcile", "", nil},
		odd{http.MethodPost, "/api/auth/login", `{"email": "nobody@example.com", "password": "wrong horse"}`, nil},
		odd{http.MethodPost, "/api/auth/login", `{"email": "<&>@example.com", "password": "wrong horse"}`, nil},
		odd{http.MethodDelete, "/api/games", "", nil}, odd{http.MethodOptions, "/api/games", "", nil}, odd{http.MethodHead, "/api/games", "", nil},
	)
}
