package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/games"
	"gamestore.example/pkg/money"
)

const details = `{"name": "Go", "category": "board", "price": {"amount": 5, "currency": "BRL"}, "releasedAt": "2026-01-01T00:00:00Z"}`

func TestIfMatch(t *testing.T) {
	for name, tc := range map[string]struct {
		headers []string
		version int64
		status  int
	}{
		"none":          {nil, 0, http.StatusOK},
		"a version":     {[]string{"If-Match", `"12"`}, 12, http.StatusOK},
		"any":           {[]string{"If-Match", ` * `}, games.AnyVersion, http.StatusOK},
		"not ours":      {[]string{"If-Match", `"abc"`}, 0, http.StatusPreconditionFailed},
		"zero":          {[]string{"If-Match", `"0"`}, 0, http.StatusPreconditionFailed},
		"negative":      {[]string{"If-Match", `"-1"`}, 0, http.StatusPreconditionFailed},
		"signed":        {[]string{"If-Match", `"+1"`}, 0, http.StatusPreconditionFailed},
		"huge":          {[]string{"If-Match", `"99999999999999999999"`}, 0, http.StatusPreconditionFailed},
		"weak":          {[]string{"If-Match", `W/"12"`}, 0, http.StatusPreconditionFailed},
		"empty tag":     {[]string{"If-Match", `""`}, 0, http.StatusPreconditionFailed},
		"half quoted":   {[]string{"If-Match", `12"`}, 0, http.StatusBadRequest},
		"no quotes":     {[]string{"If-Match", `12`}, 0, http.StatusBadRequest},
		"empty":         {[]string{"If-Match", ``}, 0, http.StatusBadRequest},
		"one quote":     {[]string{"If-Match", `"`}, 0, http.StatusBadRequest},
		"a list":        {[]string{"If-Match", `"1", "2"`}, 0, http.StatusBadRequest},
		"two headers":   {[]string{"If-Match", `"1"`, "If-Match", `"2"`}, 0, http.StatusBadRequest},
		"list of stars": {[]string{"If-Match", `*,*`}, 0, http.StatusBadRequest},
	} {
		s := &stub{}
		w := s.do(t, http.MethodPut, "/api/games/g1", details, tc.headers...)
		if w.Code != tc.status {
			t.Errorf("%s: status %d, want %d: %s", name, w.Code, tc.status, w.Body)
		}
		if c, _ := s.last.(games.UpdateGame); c.IfVersion != tc.version {
			t.Errorf("%s: version %d, want %d", name, c.IfVersion, tc.version)
		}
	}
}

func TestIfNoneMatch(t *testing.T) {
	for name, tc := range map[string]struct {
		headers []string
		status  int
	}{
		"none":        {nil, http.StatusOK},
		"the same":    {[]string{"If-None-Match", `"3"`}, http.StatusNotModified},
		"weak":        {[]string{"If-None-Match", `W/"3"`}, http.StatusNotModified},
		"in a list":   {[]string{"If-None-Match", `"1", W/"3"`}, http.StatusNotModified},
		"two headers": {[]string{"If-None-Match", `"1"`, "If-None-Match", `"3"`}, http.StatusNotModified},
		"any":         {[]string{"If-None-Match", `*`}, http.StatusNotModified},
		"another":     {[]string{"If-None-Match", `"2"`}, http.StatusOK},
		"not quoted":  {[]string{"If-None-Match", `3`}, http.StatusOK},
	} {
		s := &stub{purchase: purchase(games.StatusPending, 3)}
		w := s.do(t, http.MethodGet, "/api/purchases/p1", "", tc.headers...)
		if w.Code != tc.status || w.Header().Get("ETag") != `"3"` {
			t.Errorf("%s: status %d, want %d, ETag %s", name, w.Code, tc.status, w.Header().Get("ETag"))
		}
		if w.Code == http.StatusNotModified && w.Body.Len() > 0 {
			t.Errorf("%s: a body: %s", name, w.Body)
		}
	}
}

func TestQueries(t *testing.T) {
	for path, want := range map[string]any{
		"/api/games": games.SearchQuery{},
		"/api/games?q=tower%20of+owls&category=puzzle&sort=-price&limit=100&cursor=abc&other=1": games.SearchQuery{
			Text: "tower of owls", Category: "puzzle", Sort: games.SortPriceDesc, Limit: 100, Cursor: "abc",
		},
		"/api/purchases/p1":                         games.GetPurchase{UserID: "u", PurchaseID: "p1"},
		"/api/purchases/p1?wait=3":                  games.AwaitPurchase{UserID: "u", PurchaseID: "p1", Status: games.StatusPending, Wait: 3 * time.Second},
		"/api/purchases/p1?wait=0&status=refunding": games.AwaitPurchase{UserID: "u", PurchaseID: "p1", Status: games.StatusRefunding},
		"/api/games?limit=0":                        nil,
		"/api/games?limit=101":                      nil,
		"/api/games?limit=":                         nil,
		"/api/games?limit=ten":                      nil,
		"/api/games?limit=9999999999999999999999":   nil,
		"/api/games?q=%zz":                          nil,
		"/api/games?a;b":                            nil,
		"/api/purchases/p1?wait=31":                 nil,
		"/api/purchases/p1?wait=-1":                 nil,
		"/api/purchases/p1?wait=":                   nil,
		"/api/purchases/p1?wait=1&status=unknown":   nil,
		"/api/me/purchases?limit=0":                 nil,
		"/api/me/library?limit=1e3":                 nil,
		"/api/me/recommendations?limit=51":          nil,
		"/api/me/recommendations?limit=%00":         nil,
	} {
		s := &stub{purchase: purchase(games.StatusCompleted, 1)}
		s.await = s.answer
		w := s.do(t, http.MethodGet, path, "")
		if want == nil && w.Code != http.StatusBadRequest || want != nil && w.Code != http.StatusOK {
			t.Errorf("%s: status %d: %s", path, w.Code, w.Body)
		}
		if diff := cmp.Diff(want, s.last); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestBodiesOfAPurchase(t *testing.T) {
	five := money.Money{Amount: 5, Currency: "BRL"}
	for body, want := range map[string]any{
		``:                           games.PurchaseGame{UserID: "u", GameID: "g1", IdempotencyKey: "k"},
		`{}`:                         games.PurchaseGame{UserID: "u", GameID: "g1", IdempotencyKey: "k"},
		`{"paymentMethod": "tok_x"}`: games.PurchaseGame{UserID: "u", GameID: "g1", IdempotencyKey: "k", PaymentMethod: "tok_x"},
		`{"expectedPrice": null}`:    games.PurchaseGame{UserID: "u", GameID: "g1", IdempotencyKey: "k"},
		`{"expectedPrice": {"amount": 5, "currency": "BRL"}}`: games.PurchaseGame{UserID: "u", GameID: "g1", IdempotencyKey: "k", ExpectedPrice: &five},
		`{"amount": 1}`:                      nil,
		`{"userId": "other"}`:                nil,
		`{"price": {"amount": 1}}`:           nil,
		`[]`:                                 nil,
		`{"expectedPrice": 5}`:               nil,
		`{"expectedPrice": {"amount": 1.5}}`: nil,
		`{} {}`:                              nil,
	} {
		s := &stub{purchase: purchase(games.StatusPending, 1)}
		w := s.do(t, http.MethodPost, "/api/games/g1/purchase", body, "Idempotency-Key", "k")
		if want == nil && w.Code != http.StatusBadRequest || want != nil && w.Code != http.StatusAccepted {
			t.Errorf("%s: status %d: %s", body, w.Code, w.Body)
		}
		if diff := cmp.Diff(want, s.last); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
		if want != nil && (w.Header().Get("Location") != "/api/purchases/p1" || w.Header().Get("Retry-After") != "1") {
			t.Errorf("%s: headers %v", body, w.Header())
		}
	}
}

func TestUncleanPathsAreNoRoutes(t *testing.T) {
	for _, path := range []string{"/api/games/", "/api/games//", "/api/games/../games/g1", "/api/games/a%2Fb", "/api/games/g1/", "//api/games/g1"} {
		if w := (&stub{}).do(t, http.MethodGet, path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}
