// Package amqpapi connects the games service to the bus: it encodes the service's
// events, and consumes those of payments, of users, and its own for the index.
//
// It also answers requests over the broker, and calls the service so. What is in path and
// query over HTTP is in a request's body there; all else is the same.
package amqpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"gamestore.example/games"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/money"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/outbox"
)

// Encode turns an event into what is published. Where it comes from and its trace
// are taken from the context.
func Encode(ctx context.Context, e games.Event) (outbox.Record, error) {
	subject, version, payload := body(e)
	if subject == "" {
		return outbox.Record{}, fmt.Errorf("amqpapi: no encoding for the event %q", e.Name)
	}
	data, err := json.Marshal(payload)
	if err != nil {
		return outbox.Record{}, fmt.Errorf("amqpapi: encode %s: %w", e.Name, err)
	}
	key := string(e.Name)
	headers := map[string]string{}
	observe.Inject(ctx, headers)
	origin := event.OriginFrom(ctx)
	ce := event.Event{
		ID: e.ID, Source: contractgames.Source, Type: event.Type(key, contractgames.Version), Subject: subject, Time: e.At,
		DataSchema: "/schemas/" + key + "." + contractgames.Version, CorrelationID: origin.CorrelationID, CausationID: origin.CausationID,
		TraceParent: headers["traceparent"], Sequence: strconv.FormatInt(version, 10), Data: data,
	}
	b, err := event.Marshal(ce)
	if err != nil {
		return outbox.Record{}, fmt.Errorf("amqpapi: encode %s: %w", e.Name, err)
	}
	return outbox.Record{
		AggregateID: subject, Type: ce.Type,
		Message: bus.Message{ID: e.ID, Key: key, ContentType: event.ContentType, Headers: headers, Body: b},
	}, nil
}

// body returns what the event is about, the version that it is of, and its payload.
func body(e games.Event) (subject string, version int64, payload any) {
	p, at := e.Purchase, e.At.UTC()
	switch e.Name {
	case games.GameCreated, games.GameUpdated, games.GameDeleted:
		return e.Game.ID, e.Game.Revision, contractgames.GameChanged{GameID: e.Game.ID, Revision: e.Game.Revision, At: at}
	case games.GamePurchased:
		return p.ID, p.Version, contractgames.GamePurchased{
			PurchaseID: p.ID, GameID: p.GameID, UserID: p.UserID, Price: amount(p.Price), PaymentMethod: p.PaymentMethod, PurchasedAt: p.CreatedAt.UTC(),
		}
	case games.PurchaseCompleted, games.PurchaseFailed, games.PurchaseCancelled, games.PurchaseRefundRequested, games.PurchaseRefunded:
		return p.ID, p.Version, contractgames.PurchaseChanged{
			PurchaseID: p.ID, GameID: p.GameID, UserID: p.UserID, Price: amount(p.Price), PaymentID: p.PaymentID, Reason: p.FailureReason, At: at,
		}
	}
	return "", 0, nil
}

func amount(m money.Money) contract.Money {
	return contract.Money{Amount: m.Amount, Currency: m.Currency}
}

// decode returns the payload of a delivered event, and the context of its cause.
// What cannot be decoded is poison: class Invalid.
func decode[T any](ctx context.Context, m bus.Message, version string) (context.Context, event.Event, T, error) {
	var payload T
	e, err := event.Unmarshal(m.Body)
	if err != nil {
		return ctx, e, payload, err
	}
	if err := e.CheckType(m.Key, version); err != nil {
		return ctx, e, payload, err
	}
	if err := json.Unmarshal(e.Data, &payload); err != nil {
		return ctx, e, payload, event.ErrMalformed.WithCause(err)
	}
	if e.CorrelationID != "" {
		ctx = observe.WithRequestID(ctx, e.CorrelationID) // the log's lines belong to the client's request
	}
	return event.WithOrigin(ctx, event.Origin{CorrelationID: e.CorrelationID, CausationID: e.ID}), e, payload, nil
}
