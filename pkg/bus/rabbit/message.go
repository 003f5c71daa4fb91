package rabbit

import (
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
)

// Headers that this package adds. Those of a message itself never begin with "x-gamestore-".
const (
	headerKey     = "x-gamestore-key"     // the routing key of the first publish
	headerAttempt = "x-gamestore-attempt" // of the delivery to come, from 1
	headerQueue   = "x-gamestore-queue"   // where a dead letter comes from
	headerReason  = "x-gamestore-reason"  // the code of its last error
	headerAt      = "x-gamestore-at"      // when it was given up, RFC 3339
)

func eventLetter(m bus.Message) letter {
	headers := make(amqp.Table, len(m.Headers))
	for k, v := range m.Headers {
		headers[k] = v
	}
	return letter{exchange: Exchange, key: m.Key, Publishing: amqp.Publishing{
		MessageId: m.ID, ContentType: m.ContentType, DeliveryMode: amqp.Persistent, Headers: headers, Body: m.Body,
	}}
}

// delayed is a delivery on its way to a step of the ladder.
func delayed(queue string, m bus.Message, delay time.Duration) letter {
	l := eventLetter(m)
	l.exchange, l.key = "", RetryQueue(queue, delay)
	l.Headers[headerKey] = m.Key
	l.Headers[headerAttempt] = int32(m.Attempt + 1) //nolint:gosec // at most the ladder's length
	return l
}

// alone is an event of a pack on its way back to its queue, as a message of its own.
func alone(queue string, m bus.Message) letter {
	l := eventLetter(m)
	l.exchange, l.key = "", QueueName(queue)
	l.Headers[headerKey] = m.Key
	l.Headers[headerAttempt] = int32(m.Attempt) //nolint:gosec // at most the ladder's length
	return l
}

// dead is a delivery on its way to the dead letters.
func dead(queue string, m bus.Message, reason errs.Code, at time.Time) letter {
	l := eventLetter(m)
	l.exchange, l.key = "", DeadQueue(queue)
	l.Headers[headerKey] = m.Key
	l.Headers[headerAttempt] = int32(m.Attempt) //nolint:gosec // at most the ladder's length
	l.Headers[headerQueue] = queue
	l.Headers[headerReason] = string(reason)
	l.Headers[headerAt] = at.UTC().Format(time.RFC3339Nano)
	return l
}

// message is what a delivery brought.
func message(d amqp.Delivery) bus.Message {
	m := bus.Message{ID: d.MessageId, Key: d.RoutingKey, ContentType: d.ContentType, Body: d.Body, Attempt: 1}
	if key := text(d.Headers, headerKey); key != "" {
		m.Key = key
	}
	if attempt, ok := d.Headers[headerAttempt].(int32); ok && attempt > 0 {
		m.Attempt = int(attempt)
	}
	for k, v := range d.Headers {
		value, isText := v.(string)
		if !isText || brokers(k) {
			continue
		}
		if m.Headers == nil {
			m.Headers = map[string]string{}
		}
		m.Headers[k] = value
	}
	return m
}

// brokers reports whether a header is the broker's or this package's.
func brokers(name string) bool { return strings.HasPrefix(name, "x-") }

func text(headers amqp.Table, name string) string {
	s, _ := headers[name].(string)
	return s
}

// deadLetter reads what dead wrote, or what the broker itself gave up.
func deadLetter(d amqp.Delivery) bus.DeadLetter {
	l := bus.DeadLetter{
		Message: message(d), Queue: text(d.Headers, headerQueue), Reason: errs.Code(text(d.Headers, headerReason)),
	}
	l.At, _ = time.Parse(time.RFC3339Nano, text(d.Headers, headerAt))
	deaths, _ := d.Headers["x-death"].([]any)
	if l.Queue != "" || len(deaths) == 0 {
		return l
	}
	death, _ := deaths[0].(amqp.Table)
	l.Queue, l.Reason = strings.TrimSuffix(text(death, "queue"), version), bus.ReasonDeliveryLimit
	l.At, _ = death["time"].(time.Time)
	if keys, _ := death["routing-keys"].([]any); len(keys) > 0 && text(d.Headers, headerKey) == "" {
		l.Message.Key, _ = keys[0].(string)
	}
	return l
}
