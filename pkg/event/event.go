// Package event is the envelope of everything that crosses the bus: CloudEvents
// 1.0 in structured JSON mode (https://cloudevents.io), with the extensions
// correlationid, causationid, traceparent and sequence.
//
// Unknown members are ignored, so that producers may add; a missing or malformed
// required one is an error of class Invalid, so that a consumer settles it as poison.
package event

import (
	"encoding/json"
	"strings"
	"time"

	"gamestore.example/pkg/errs"
)

const (
	// ContentType is the media type of one event in structured JSON mode.
	ContentType = "application/cloudevents+json"
	// SpecVersion is the only version of CloudEvents that is read and written.
	SpecVersion = "1.0"
	// TypePrefix starts the type of each of the platform's events.
	TypePrefix = "com.gamestore."
	// MaxSize is the largest encoded event that is read or written, in bytes.
	MaxSize = 256 << 10
)

// ErrMalformed is what Unmarshal returns for bytes that are not an event.
var ErrMalformed = errs.New(errs.Invalid, "malformed-event", "not a CloudEvents 1.0 JSON event")

// ErrUnknownVersion is what CheckType returns for a type of an unknown major version.
var ErrUnknownVersion = errs.New(errs.Invalid, "unknown-event-version", "event type of an unknown major version")

// Event is one fact that happened, in its envelope.
type Event struct {
	// ID is unique per event (UUIDv7) and equals the message id on the bus.
	ID string
	// Source is the URI reference of the producer, such as "/games".
	Source string
	// Type is TypePrefix + routing key + ".v" + major version.
	Type string
	// Subject is the id of what the event is about, such as a purchase.
	Subject string
	// Time is when it happened, in UTC.
	Time time.Time
	// DataSchema is the URI reference of the schema of Data.
	DataSchema string
	// CorrelationID groups everything that one request of a client caused.
	CorrelationID string
	// CausationID is the id of the event that caused this one, if any.
	CausationID string
	// TraceParent is the W3C trace context at the time of the change.
	TraceParent string
	// Sequence orders the events of one subject: the aggregate's version.
	Sequence string
	// Data is the payload, a JSON object.
	Data json.RawMessage
}

type wire struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype,omitempty"`
	DataSchema      string          `json:"dataschema,omitempty"`
	CorrelationID   string          `json:"correlationid,omitempty"`
	CausationID     string          `json:"causationid,omitempty"`
	TraceParent     string          `json:"traceparent,omitempty"`
	Sequence        string          `json:"sequence,omitempty"`
	Data            json.RawMessage `json:"data"`
}

// Type returns the event type of a routing key at a major version.
func Type(key, version string) string { return TypePrefix + key + "." + version }

// Marshal encodes e. It fails when e could not be read back.
func Marshal(e Event) ([]byte, error) {
	if err := e.validate(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(wire{
		SpecVersion: SpecVersion, ID: e.ID, Source: e.Source, Type: e.Type, Subject: e.Subject, Time: e.Time.UTC(),
		DataContentType: "application/json", DataSchema: e.DataSchema, CorrelationID: e.CorrelationID,
		CausationID: e.CausationID, TraceParent: e.TraceParent, Sequence: e.Sequence, Data: e.Data,
	})
	if err != nil {
		return nil, ErrMalformed.WithCause(err)
	}
	if len(b) > MaxSize {
		return nil, ErrMalformed.WithDetail("reason", "larger than 256 KiB")
	}
	return b, nil
}

// Unmarshal decodes one event, or returns ErrMalformed.
func Unmarshal(b []byte) (Event, error) {
	if len(b) > MaxSize {
		return Event{}, ErrMalformed.WithDetail("reason", "larger than 256 KiB")
	}
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return Event{}, ErrMalformed.WithCause(err)
	}
	if w.SpecVersion != SpecVersion {
		return Event{}, ErrMalformed.WithDetail("reason", "specversion is not 1.0")
	}
	e := Event{
		ID: w.ID, Source: w.Source, Type: w.Type, Subject: w.Subject, Time: w.Time.UTC(), DataSchema: w.DataSchema,
		CorrelationID: w.CorrelationID, CausationID: w.CausationID, TraceParent: w.TraceParent, Sequence: w.Sequence, Data: w.Data,
	}
	return e, e.validate()
}

func (e Event) validate() error {
	switch {
	case e.ID == "" || e.Source == "" || e.Type == "":
		return ErrMalformed.WithDetail("reason", "id, source and type are required")
	case e.Time.IsZero():
		return ErrMalformed.WithDetail("reason", "time is required")
	case len(e.Data) == 0 || e.Data[0] != '{':
		return ErrMalformed.WithDetail("reason", "data is not an object")
	}
	return nil
}

// CheckType returns nil when e has the type of a routing key at a major
// version, ErrUnknownVersion when only the version differs, else ErrMalformed.
func (e Event) CheckType(key, version string) error {
	switch {
	case e.Type == Type(key, version):
		return nil
	case strings.HasPrefix(e.Type, TypePrefix+key+".v"):
		return ErrUnknownVersion.WithDetail("type", e.Type)
	}
	return ErrMalformed.WithDetail("reason", "type is not "+Type(key, version))
}
