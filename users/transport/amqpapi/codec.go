// Package amqpapi connects the users service to the bus: it encodes the service's
// events, and consumes what becomes of purchases.
//
// It also answers requests over the broker, and calls the service so. What is in path and
// query over HTTP is in a request's body there; all else is the same.
package amqpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gamestore.example/pkg/bus"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/outbox"
	"gamestore.example/users"
)

// NewEncoder returns the function that turns events into what is published.
// newID makes the events' ids. Where an event comes from and its trace are taken from
// the context.
func NewEncoder(newID func() string) func(ctx context.Context, e users.Event) (outbox.Record, error) {
	return func(ctx context.Context, e users.Event) (outbox.Record, error) {
		var (
			key, userID string
			version     int64
			at          time.Time
			payload     any
		)
		switch e := e.(type) {
		case users.UserCreated:
			key, userID, version, at = contractusers.KeyUserCreated, e.UserID, e.Version, e.At
			payload = contractusers.UserCreated{UserID: e.UserID, CreatedAt: e.At.UTC()}
		case users.UserDeleted:
			key, userID, version, at = contractusers.KeyUserDeleted, e.UserID, e.Version, e.At
			payload = contractusers.UserDeleted{UserID: e.UserID, DeletedAt: e.At.UTC()}
		default:
			return outbox.Record{}, fmt.Errorf("amqpapi: no encoding for the event %T", e)
		}
		data, err := json.Marshal(payload)
		if err != nil {
			return outbox.Record{}, fmt.Errorf("amqpapi: encode %s: %w", key, err)
		}
		return record(ctx, key, event.Event{
			ID: newID(), Source: contractusers.Source, Type: event.Type(key, contractusers.Version), Subject: userID, Time: at,
			DataSchema: "/schemas/" + key + "." + contractusers.Version, Sequence: strconv.FormatInt(version, 10), Data: data,
		})
	}
}

// record puts the event's origin and trace in and makes a message of it.
func record(ctx context.Context, key string, e event.Event) (outbox.Record, error) {
	headers := map[string]string{}
	observe.Inject(ctx, headers)
	origin := event.OriginFrom(ctx)
	e.CorrelationID, e.CausationID, e.TraceParent = origin.CorrelationID, origin.CausationID, headers["traceparent"]
	body, err := event.Marshal(e)
	if err != nil {
		return outbox.Record{}, fmt.Errorf("amqpapi: encode %s: %w", key, err)
	}
	return outbox.Record{
		AggregateID: e.Subject, Type: e.Type,
		Message: bus.Message{ID: e.ID, Key: key, ContentType: event.ContentType, Headers: headers, Body: body},
	}, nil
}
