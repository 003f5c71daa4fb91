// Package amqpapi connects the payments service to the bus: it encodes the service's
// events, and consumes what the games service says of purchases.
//
// It also answers requests over the broker, and calls the service so. What is in path and
// query over HTTP is in a request's body there; all else is the same.
package amqpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"go.opentelemetry.io/otel/trace"

	"gamestore.example/payments"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/contract"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/outbox"
)

// NewEncoder returns the function that turns events into what is published. newID
// makes the events' ids. The trace is the context's, or the one of the event's
// origin where the context has none.
func NewEncoder(newID func() string) func(ctx context.Context, e payments.Event) (outbox.Record, error) {
	return func(ctx context.Context, e payments.Event) (outbox.Record, error) {
		key, err := keyOf(e.Name)
		if err != nil {
			return outbox.Record{}, err
		}
		data, err := json.Marshal(contractpayments.PaymentChanged{
			PaymentID: e.PaymentID, PurchaseID: e.PurchaseID,
			Amount: contract.Money{Amount: e.Amount.Amount, Currency: e.Amount.Currency},
			Reason: e.Reason, RefundRequest: e.RefundRequest, At: e.At.UTC(),
		})
		if err != nil {
			return outbox.Record{}, fmt.Errorf("amqpapi: encode %s: %w", key, err)
		}
		headers := headersOf(ctx, e.Origin)
		envelope := event.Event{
			ID: newID(), Source: contractpayments.Source, Type: event.Type(key, contractpayments.Version),
			Subject: e.PurchaseID, Time: e.At, DataSchema: "/schemas/" + key + "." + contractpayments.Version,
			CorrelationID: e.Origin.CorrelationID, CausationID: e.Origin.CausationID,
			TraceParent: headers["traceparent"], Sequence: strconv.FormatInt(e.Sequence, 10), Data: data,
		}
		body, err := event.Marshal(envelope)
		if err != nil {
			return outbox.Record{}, fmt.Errorf("amqpapi: encode %s: %w", key, err)
		}
		return outbox.Record{
			AggregateID: e.PaymentID, Type: envelope.Type,
			Message: bus.Message{ID: envelope.ID, Key: key, ContentType: event.ContentType, Headers: headers, Body: body},
		}, nil
	}
}

func keyOf(name payments.EventName) (string, error) {
	switch name {
	case payments.PaymentCompleted:
		return contractpayments.KeyPaymentCompleted, nil
	case payments.PaymentFailed:
		return contractpayments.KeyPaymentFailed, nil
	case payments.PaymentRefunded:
		return contractpayments.KeyPaymentRefunded, nil
	case payments.PaymentRefundFailed:
		return contractpayments.KeyPaymentRefundFailed, nil
	}
	return "", fmt.Errorf("amqpapi: no encoding for the event %q", name)
}

func headersOf(ctx context.Context, o payments.Origin) map[string]string {
	headers := map[string]string{}
	if !trace.SpanContextFromContext(ctx).IsValid() {
		maps.Copy(headers, o.Trace)
		return headers
	}
	observe.Inject(ctx, headers)
	return headers
}

// Resume returns a context that continues what an origin began: its trace, and its
// request id for the log.
func Resume(ctx context.Context, o payments.Origin) context.Context {
	if o.CorrelationID != "" {
		ctx = observe.WithRequestID(ctx, o.CorrelationID)
	}
	return observe.Extract(ctx, o.Trace)
}
