package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"gamestore.example/games"
	"gamestore.example/games/transport/httpapi"
)

func TestClientBelowAnyBaseURL(t *testing.T) {
	for _, prefix := range []string{"", "/", "/store", "/store/"} {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Method + " " + r.URL.RequestURI()
			w.WriteHeader(http.StatusNoContent)
		}))
		base, err := url.Parse(server.URL + prefix)
		if err != nil {
			t.Fatal(err)
		}
		client, err := httpapi.NewClient(base, server.Client())
		if err != nil {
			t.Fatal(err)
		}
		want := "DELETE /api/games/g1"
		if len(prefix) > 1 {
			want = "DELETE /store/api/games/g1"
		}
		if err := client.DeleteGame(t.Context(), games.DeleteGame{GameID: "g1"}); err != nil || got != want {
			t.Errorf("below %q: %q, %v, want %q", prefix, got, err, want)
		}
		server.Close()
	}
}
