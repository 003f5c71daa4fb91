package security_test

import (
	"net/http"
	"testing"

	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	contractusers "gamestore.example/pkg/contract/users"
)

// scene is two people, an admin, and what the first of the two has.
type scene struct {
	anaID, ana, bob, admin, refresh string
	game, purchase, payment         string
}

// row says what each of four people gets who asks for the same thing, which is Ana's if it
// is anybody's.
type row struct {
	// path is the template with ids in it; empty is the template itself.
	path func(s scene) string
	body func(s scene) string
	// headers come in pairs.
	headers []string
	// nobody has no token. admin, bob and ana ask in this order.
	nobody, admin, bob, ana int
}

func is(text string) func(scene) string { return func(scene) string { return text } }

// matrix has a row for each route of the gateway.
func matrix() map[string]row {
	const (
		ok, created, accepted, gone = http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent
		who, never, nothing         = http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound
		taken                       = http.StatusConflict
	)
	gamePath := func(s scene) string { return "/api/games/" + s.game }
	purchase := func(tail string) func(scene) string {
		return func(s scene) string { return "/api/purchases/" + s.purchase + tail }
	}
	payment := func(tail string) func(scene) string {
		return func(s scene) string { return "/api/payments/" + s.payment + tail }
	}
	refresh := func(s scene) string { return `{"refreshToken": "` + s.refresh + `"}` }
	anyVersion := []string{"If-Match", "*"}
	return map[string]row{
		"POST /api/users":             {body: is(account("ana@example.com")), nobody: taken, admin: taken, bob: taken, ana: taken},
		"POST /api/auth/login":        {body: is(credentials("ana@example.com", "a wrong password")), nobody: who, admin: who, bob: who, ana: who},
		"POST /api/auth/refresh":      {body: is(`{"refreshToken": "invented"}`), nobody: who, admin: who, bob: who, ana: who},
		"POST /api/auth/logout":       {body: refresh, nobody: gone, admin: gone, bob: gone, ana: gone}, // who has the token may end it
		"GET /.well-known/jwks.json":  {nobody: ok, admin: ok, bob: ok, ana: ok},
		"GET /api/users/me":           {nobody: who, admin: ok, bob: ok, ana: ok},
		"PATCH /api/users/me":         {body: is(`{"name": "Another"}`), nobody: who, admin: ok, bob: ok, ana: ok},
		"DELETE /api/users/me":        {nobody: who, admin: gone, bob: gone, ana: gone}, // each their own
		"POST /api/users/me/password": {body: is(`{"currentPassword": "not this one", "newPassword": "an even better one"}`), nobody: who, admin: never, bob: never, ana: never},
		"GET /api/users/me/history":   {nobody: who, admin: ok, bob: ok, ana: ok},
		"GET /api/games":              {nobody: ok, admin: ok, bob: ok, ana: ok},
		"GET /api/games/{id}":         {path: gamePath, nobody: ok, admin: ok, bob: ok, ana: ok},
		"GET /api/categories":         {nobody: ok, admin: ok, bob: ok, ana: ok},
		"POST /api/games":             {body: is(newGame), nobody: who, admin: created, bob: never, ana: never},
		"PUT /api/games/{id}":         {path: gamePath, body: is(newGame), headers: anyVersion, nobody: who, admin: ok, bob: never, ana: never},
		"DELETE /api/games/{id}":      {path: gamePath, headers: anyVersion, nobody: who, admin: gone, bob: never, ana: never},
		"GET /api/me/purchases":       {nobody: who, admin: ok, bob: ok, ana: ok},
		"GET /api/me/library":         {nobody: who, admin: ok, bob: ok, ana: ok},
		"GET /api/me/recommendations": {nobody: who, admin: ok, bob: ok, ana: ok},
		"GET /api/purchases/{id}":     {path: purchase(""), nobody: who, admin: nothing, bob: nothing, ana: ok},
		"GET /api/purchases/{id}/events": {
			path: purchase("/events"), nobody: who, admin: nothing, bob: nothing, ana: ok,
		},
		"POST /api/games/{gameId}/purchase": {
			path: func(s scene) string { return gamePath(s) + "/purchase" }, nobody: who, admin: accepted, bob: accepted, ana: taken,
		},
		"POST /api/purchases/{id}/cancel": {path: purchase("/cancel"), nobody: who, admin: nothing, bob: nothing, ana: taken},
		"POST /api/purchases/{id}/refund": {path: purchase("/refund"), nobody: who, admin: nothing, bob: nothing, ana: accepted},
		"GET /api/payments": {
			path: func(s scene) string { return "/api/payments?purchase=" + s.purchase }, nobody: who, admin: ok, bob: nothing, ana: ok,
		},
		"GET /api/payments/{id}":            {path: payment(""), nobody: who, admin: ok, bob: nothing, ana: ok},
		"POST /api/payments/{id}/reconcile": {path: payment("/reconcile"), nobody: who, admin: ok, bob: nothing, ana: ok},
		"POST /api/payments/webhooks/{provider}": {
			path: is("/api/payments/webhooks/simulated"), body: is(`{"id": "1"}`), nobody: who, admin: who, bob: who, ana: who,
		},
	}
}

// operation is a row of the operations over the broker.
type operation struct {
	service, body           string
	nobody, admin, bob, ana int
}

// operations has a row for each operation over the broker.
func operations(s scene) map[string]operation {
	const (
		ok, created, accepted, gone = http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent
		who, never, nothing         = http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound
		taken                       = http.StatusConflict
	)
	game, purchase, payment := `{"gameId": "`+s.game+`"}`, `{"purchaseId": "`+s.purchase+`"}`, `{"paymentId": "`+s.payment+`"}`
	u, g, p := "users", "games", "payments"
	return map[string]operation{
		contractusers.OpSignUp:         {u, account("ana@example.com"), taken, taken, taken, taken},
		contractusers.OpLogin:          {u, credentials("ana@example.com", "a wrong password"), who, who, who, who},
		contractusers.OpRefresh:        {u, `{"refreshToken": "invented"}`, who, who, who, who},
		contractusers.OpLogout:         {u, `{"refreshToken": "invented"}`, gone, gone, gone, gone},
		contractusers.OpKeys:           {u, `{}`, ok, ok, ok, ok},
		contractusers.OpProfile:        {u, `{}`, who, ok, ok, ok},
		contractusers.OpUpdateProfile:  {u, `{"name": "Another"}`, who, ok, ok, ok},
		contractusers.OpChangePassword: {u, `{"currentPassword": "not this one", "newPassword": "an even better one"}`, who, never, never, never},
		contractusers.OpDeleteAccount:  {u, `{}`, who, gone, gone, gone},
		contractusers.OpHistory:        {u, `{}`, who, ok, ok, ok},
		contractusers.OpContact:        {u, `{"userId": "` + s.anaID + `"}`, who, never, never, never},

		contractgames.OpSearchGames:     {g, `{}`, ok, ok, ok, ok},
		contractgames.OpGetGame:         {g, game, ok, ok, ok, ok},
		contractgames.OpListCategories:  {g, `{}`, ok, ok, ok, ok},
		contractgames.OpCreateGame:      {g, newGame, who, created, never, never},
		contractgames.OpUpdateGame:      {g, `{"gameId": "` + s.game + `", ` + newGame[1:], who, ok, never, never},
		contractgames.OpDeleteGame:      {g, game, who, gone, never, never},
		contractgames.OpPurchaseGame:    {g, game, who, accepted, accepted, taken},
		contractgames.OpGetPurchase:     {g, purchase, who, nothing, nothing, ok},
		contractgames.OpAwaitPurchase:   {g, `{"purchaseId": "` + s.purchase + `", "waitMillis": 0}`, who, nothing, nothing, ok},
		contractgames.OpCancelPurchase:  {g, purchase, who, nothing, nothing, taken},
		contractgames.OpRequestRefund:   {g, purchase, who, nothing, nothing, accepted},
		contractgames.OpListPurchases:   {g, `{}`, who, ok, ok, ok},
		contractgames.OpLibrary:         {g, `{}`, who, ok, ok, ok},
		contractgames.OpRecommendations: {g, `{}`, who, ok, ok, ok},

		contractpayments.OpGetPayment:    {p, payment, who, ok, nothing, ok},
		contractpayments.OpFindPayment:   {p, purchase, who, ok, nothing, ok},
		contractpayments.OpReconcile:     {p, payment, who, ok, nothing, ok},
		contractpayments.OpHandleWebhook: {p, `{"provider": "simulated", "headers": {}, "body": "e30="}`, who, who, who, who},
	}
}

// scene signs everybody up and lets Ana buy.
func (h *house) scene() scene {
	h.t.Helper()
	return sceneAt(h.t, h.at("near"))
}

func sceneAt(t testing.TB, c caller) scene {
	t.Helper()
	var s scene
	s.anaID, s.ana = c.join("ana@example.com")
	_, s.bob = c.join("bob@example.com")
	s.admin, _ = c.login(adminEmail)
	_, s.refresh = c.login("ana@example.com")
	s.game = c.sell(s.admin)
	s.purchase = c.as(s.ana).buy(s.game)
	eventually(t, "the payment is there", func() bool {
		s.payment = c.as(s.ana).do(http.MethodGet, "/api/payments?purchase="+s.purchase, "").str("id")
		return s.payment != ""
	})
	return s
}
