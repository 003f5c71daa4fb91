package lambdaapi

import (
	"encoding/base64"

	"github.com/aws/aws-lambda-go/events"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
)

// ErrData says that a delivery's data is not what Lambda encodes.
var ErrData = errs.New(errs.Invalid, "malformed-delivery", "the data of the delivery is not base64")

// message makes of a delivery what a consumer gets. With an error the body is the data as it came.
func message(key string, d events.RabbitMQMessage) (bus.Message, error) {
	m := bus.Message{
		Key: key, ContentType: d.BasicProperties.ContentType, Headers: map[string]string{}, Body: []byte(d.Data), Attempt: 1,
	}
	if d.BasicProperties.MessageID != nil {
		m.ID = *d.BasicProperties.MessageID
	}
	for name, value := range d.BasicProperties.Headers {
		if text, ok := headerText(value); ok {
			m.Headers[name] = text
		}
	}
	if count, ok := d.BasicProperties.Headers["x-delivery-count"].(float64); ok && count > 0 {
		m.Attempt += int(count)
	}
	body, err := base64.StdEncoding.DecodeString(d.Data)
	if err != nil {
		return m, ErrData.WithCause(err)
	}
	m.Body = body
	return m, nil
}

// unpack returns the events of a message that has several, each as it was before it was packed.
func unpack(m bus.Message) ([]bus.Message, error) {
	members, err := event.Split(m.Body)
	if err != nil {
		return nil, err
	}
	all := make([]bus.Message, len(members))
	for i, member := range members {
		all[i] = bus.Message{
			ID: member.ID, Key: m.Key, ContentType: event.ContentType, Headers: map[string]string{}, Body: member.Body, Attempt: m.Attempt,
		}
		if member.TraceParent != "" {
			all[i].Headers["traceparent"] = member.TraceParent
		}
	}
	return all, nil
}

// headerText returns a header that is a text: Lambda writes it as {"bytes": [104, 105]}.
func headerText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case map[string]any:
		list, ok := v["bytes"].([]any)
		if !ok {
			return "", false
		}
		text := make([]byte, 0, len(list))
		for _, b := range list {
			n, ok := b.(float64)
			if !ok || n < -128 || n > 255 {
				return "", false
			}
			text = append(text, byte(int(n)&0xff)) // a Java byte may be less than 0
		}
		return string(text), true
	}
	return "", false
}
