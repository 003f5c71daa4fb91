package event

import (
	"bytes"
	"encoding/json"
	"strconv"

	"gamestore.example/pkg/errs"
)

const (
	// BatchContentType is the media type of several events in the JSON batch format of
	// CloudEvents: an array of events in structured JSON mode.
	BatchContentType = "application/cloudevents-batch+json"
	// MaxBatch is the most events of a batch that is read or written.
	MaxBatch = 64
	// MaxBatchSize is the largest batch that is read or written, in bytes.
	MaxBatchSize = MaxSize + MaxBatch + 1
)

// ErrMalformedBatch is what Split returns for bytes that are not a batch of events.
var ErrMalformedBatch = errs.New(errs.Invalid, "malformed-batch", "not a CloudEvents 1.0 JSON batch")

// Member is one event of a batch, as it was before it was put there.
type Member struct {
	// ID is the event's id.
	ID string
	// TraceParent is its trace context; empty if it has none.
	TraceParent string
	// Body is the event in structured JSON mode, byte for byte.
	Body []byte
}

// Peek reads what a batch must know of an encoded event, or returns ErrMalformed.
// It reads less than Unmarshal: whether its type and data are right is for who handles it.
func Peek(body []byte) (Member, error) {
	var e struct {
		SpecVersion string `json:"specversion"`
		ID          string `json:"id"`
		TraceParent string `json:"traceparent"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Member{}, ErrMalformed.WithCause(err)
	}
	if e.SpecVersion != SpecVersion || e.ID == "" {
		return Member{}, ErrMalformed.WithDetail("reason", "specversion 1.0 and id are required")
	}
	return Member{ID: e.ID, TraceParent: e.TraceParent, Body: body}, nil
}

// Join makes a batch of encoded events, each of which Peek can read.
func Join(bodies ...[]byte) []byte {
	size := 1
	for _, b := range bodies {
		size += len(b) + 1
	}
	batch := append(make([]byte, 0, size), '[')
	for i, b := range bodies {
		if i > 0 {
			batch = append(batch, ',')
		}
		batch = append(batch, b...)
	}
	return append(batch, ']')
}

// Split takes a batch apart. Either every member is an event that Peek can read,
// or the whole batch is ErrMalformedBatch. The bodies are parts of batch.
func Split(batch []byte) ([]Member, error) {
	if len(batch) > MaxBatchSize {
		return nil, malformed("larger than " + strconv.Itoa(MaxBatchSize) + " bytes")
	}
	rest, ok := bytes.CutPrefix(space(batch), []byte("["))
	if !ok {
		return nil, malformed("not an array")
	}
	var members []Member
	for more := true; more; {
		if len(members) == MaxBatch {
			return nil, malformed("more than " + strconv.Itoa(MaxBatch) + " events")
		}
		var body []byte
		body, rest, ok = object(space(rest))
		if !ok {
			return nil, malformed("an element is not an object")
		}
		m, err := Peek(body)
		if err != nil {
			return nil, ErrMalformedBatch.WithDetail("reason", "an element is not an event").WithCause(err)
		}
		members = append(members, m)
		rest = space(rest)
		rest, more = bytes.CutPrefix(rest, []byte(","))
	}
	if rest, ok = bytes.CutPrefix(rest, []byte("]")); !ok || len(space(rest)) > 0 {
		return nil, malformed("the array does not end")
	}
	return members, nil
}

func malformed(reason string) error { return ErrMalformedBatch.WithDetail("reason", reason) }

// space returns b without the space before its first token.
func space(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// object cuts off the object that b begins with. It finds the end of every valid
// one; whether it is valid is left to the decoder.
func object(b []byte) (body, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '{' {
		return nil, b, false
	}
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++ // whatever is escaped ends nothing
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return b[: i+1 : i+1], b[i+1:], true
			}
		}
	}
	return nil, b, false
}
