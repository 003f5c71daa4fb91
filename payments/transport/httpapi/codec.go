package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"gamestore.example/payments"
	"gamestore.example/payments/transport/dto"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

// maxWebhook bounds the body of a webhook, in bytes.
const maxWebhook = 64 << 10

func decodeGet(_ context.Context, r *http.Request) (any, error) {
	return payments.GetPayment{PaymentID: mux.Vars(r)["id"]}, nil
}

func decodeFind(_ context.Context, r *http.Request) (any, error) {
	values := r.URL.Query()["purchase"]
	if len(values) != 1 || !payments.ValidID(values[0]) {
		return nil, errs.InvalidFields(errs.Field{Name: "purchase", Message: "must be the id of a purchase"})
	}
	return payments.FindPayment{PurchaseID: values[0]}, nil
}

func decodeReconcile(_ context.Context, r *http.Request) (any, error) {
	return payments.Reconcile{PaymentID: mux.Vars(r)["id"]}, nil
}

// decodeWebhook keeps the body as it came: the signature is over its bytes.
func decodeWebhook(_ context.Context, r *http.Request) (any, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxWebhook+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || len(body) > maxWebhook:
		return nil, httpserver.ErrBodyTooLarge
	case err != nil:
		return nil, httpserver.ErrBodyIncomplete.WithCause(err)
	}
	headers := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = values[0]
	}
	return payments.HandleWebhook{Provider: mux.Vars(r)["provider"], Headers: headers, Body: body}, nil
}

func encodePayment(ctx context.Context, w http.ResponseWriter, response any) error {
	p, err := as[payments.Payment](response)
	if err != nil {
		return err
	}
	return httpserver.WriteJSON(ctx, w, http.StatusOK, dto.Payment(p))
}

// encodeNothing answers 204.
func encodeNothing(_ context.Context, w http.ResponseWriter, _ any) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// as is the typed request or response of an endpoint.
func as[R any](v any) (R, error) {
	r, ok := v.(R)
	if !ok {
		return r, fmt.Errorf("httpapi: got a %T, want a %T", v, r)
	}
	return r, nil
}
