package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"gamestore.example/payments"
	"gamestore.example/pkg/contract"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/money"
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
	return httpserver.WriteJSON(ctx, w, http.StatusOK, paymentBody(p))
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

func paymentBody(p payments.Payment) contractpayments.Payment {
	body := contractpayments.Payment{
		ID: p.ID, PurchaseID: p.PurchaseID, Amount: contract.Money{Amount: p.Amount.Amount, Currency: p.Amount.Currency},
		Provider: p.Provider, Status: string(p.Status), FailureReason: p.Reason,
		Attempts:  make([]contractpayments.Attempt, 0, len(p.Attempts)),
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	for _, a := range p.Attempts {
		attempt := contractpayments.Attempt{
			Number: a.Number, Kind: string(a.Kind), StartedAt: a.StartedAt.UTC(), Outcome: string(a.Outcome), Reason: a.Reason,
		}
		if !a.Open() {
			finished := a.FinishedAt.UTC()
			attempt.FinishedAt = &finished
		}
		body.Attempts = append(body.Attempts, attempt)
	}
	return body
}

func fromPayment(b contractpayments.Payment) payments.Payment {
	p := payments.Payment{
		ID: b.ID, PurchaseID: b.PurchaseID, Amount: money.Money{Amount: b.Amount.Amount, Currency: b.Amount.Currency},
		Provider: b.Provider, Status: payments.Status(b.Status), Reason: b.FailureReason,
		CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	}
	for _, a := range b.Attempts {
		var finished time.Time
		if a.FinishedAt != nil {
			finished = *a.FinishedAt
		}
		p.Attempts = append(p.Attempts, payments.Attempt{
			Number: a.Number, Kind: payments.Kind(a.Kind), StartedAt: a.StartedAt, FinishedAt: finished,
			Outcome: payments.Outcome(a.Outcome), Reason: a.Reason,
		})
	}
	return p
}
