package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"go.uber.org/goleak"

	"gamestore.example/payments"
	"gamestore.example/payments/transport/httpapi"
	"gamestore.example/pkg/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientBelowAnyBaseURL(t *testing.T) {
	for _, prefix := range []string{"", "/", "/store", "/store/"} {
		var got []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = append(got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("X-Signature")+" "+string(body))
			if r.Method == http.MethodPost && r.Header.Get("X-Signature") != "" {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			_, _ = io.WriteString(w, `{"id":"p1","status":"completed","later":true}`)
		}))
		base, err := url.Parse(server.URL + prefix)
		if err != nil {
			t.Fatal(err)
		}
		client, err := httpapi.NewClient(base, server.Client())
		if err != nil {
			t.Fatal(err)
		}
		at := "/api/payments"
		if len(prefix) > 1 {
			at = "/store" + at
		}
		for _, call := range []error{
			second(client.GetPayment(t.Context(), payments.GetPayment{PaymentID: "p1"})),
			second(client.FindPayment(t.Context(), payments.FindPayment{PurchaseID: "x1"})),
			second(client.Reconcile(t.Context(), payments.Reconcile{PaymentID: "p1"})),
			client.HandleWebhook(t.Context(), payments.HandleWebhook{
				Provider: "simulated", Headers: map[string]string{"x-signature": "s"}, Body: []byte("raw"),
			}),
		} {
			if call != nil {
				t.Errorf("below %q: %v", prefix, call)
			}
		}
		want := []string{"GET " + at + "/p1  ", "GET " + at + "?purchase=x1  ", "POST " + at + "/p1/reconcile  ", "POST " + at + "/webhooks/simulated s raw"}
		for i, w := range want {
			if i >= len(got) || got[i] != w {
				t.Errorf("below %q: call %d of %q, want %q", prefix, i, got, w)
			}
		}
		server.Close()
	}
}

func second[T any](_ T, err error) error { return err }

func TestClientOfNothing(t *testing.T) {
	for _, base := range []*url.URL{nil, {}, {Scheme: "ftp", Host: "x"}, {Path: "/api"}} {
		if _, err := httpapi.NewClient(base, nil); err == nil {
			t.Errorf("%v is a base URL", base)
		}
	}
}

func TestAnAnswerThatIsNoPaymentIsAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/payments/broken" {
			_, _ = io.WriteString(w, `{"id":`)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := httpapi.NewClient(base, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetPayment(t.Context(), payments.GetPayment{PaymentID: "broken"}); err == nil {
		t.Error("half a body is a payment")
	}
	if _, err := client.GetPayment(t.Context(), payments.GetPayment{PaymentID: "p1"}); errs.ClassOf(err) != errs.Unavailable {
		t.Errorf("502: %v", err)
	}
	if _, err := client.GetPayment(t.Context(), payments.GetPayment{PaymentID: "a/b"}); !errors.Is(err, payments.ErrPaymentNotFound) {
		t.Errorf("a path as an id: %v", err)
	}
}
