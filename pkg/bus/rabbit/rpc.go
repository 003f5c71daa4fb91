package rabbit

import (
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/rpc"
)

// Headers of requests and answers beside those of package rpc.
const (
	// headerDeadline is when the caller stops waiting, RFC 3339. The clocks of both
	// sides must agree for it; the property expiration bounds the request anyway.
	headerDeadline = "deadline"
	// headerStatus is an answer's status, an integer.
	headerStatus = "status"
)

const (
	// rpcVersion is of the arguments of the queues of requests, which can never change
	// under one name.
	rpcVersion = ".v2"
	// rpcWaiting and rpcWaitingBytes bound what may wait for a service. A request beyond
	// them is refused at once, which is better than one that expires in the queue.
	rpcWaiting      = 4096
	rpcWaitingBytes = 64 << 20
	// rpcAbsence is how long a service may be away until its queue goes, with what waits
	// in it: from then on callers are told at once.
	rpcAbsence = 10 * time.Second
)

// RPCQueue is the broker's name of the queue of a service's requests. It is a
// classic queue: requests are transient, and each ends with its expiration. It has no
// dead letters, since requests carry tokens and passwords.
func RPCQueue(service string) string { return "gamestore.rpc." + service + rpcVersion }

func declareRPC(ch *amqp.Channel, service string) error {
	_, err := ch.QueueDeclare(RPCQueue(service), true, false, false, false, amqp.Table{
		"x-max-length": rpcWaiting, "x-max-length-bytes": rpcWaitingBytes, "x-overflow": "reject-publish",
		"x-expires": rpcAbsence.Milliseconds(),
	})
	return err
}

// requestLetter is a request on its way to a service. It is worthless after the deadline.
func requestLetter(queue, id, replyTo string, deadline time.Time, r rpc.Request) letter {
	headers := table(r.Headers)
	headers[headerDeadline] = deadline.UTC().Format(time.RFC3339Nano)
	return letter{exchange: "", key: queue, Publishing: amqp.Publishing{
		MessageId: id, CorrelationId: id, ReplyTo: replyTo, Type: r.Operation, ContentType: rpc.ContentType, DeliveryMode: amqp.Transient,
		Expiration: strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 1), 10), Headers: headers, Body: r.Body,
	}}
}

func request(d amqp.Delivery) rpc.Request {
	return rpc.Request{Operation: d.Type, Headers: texts(d.Headers), Body: d.Body, Redelivered: d.Redelivered}
}

// deadline is when nobody waits for the answer any more: the first of what the header
// and the expiration say, and of the longest that a request may take.
func deadline(d amqp.Delivery, now time.Time) time.Time {
	end := now.Add(longestRequest)
	if ms, err := strconv.ParseInt(d.Expiration, 10, 64); err == nil && ms >= 0 && ms < longestRequest.Milliseconds() {
		end = now.Add(time.Duration(ms) * time.Millisecond)
	}
	if at, err := time.Parse(time.RFC3339Nano, text(d.Headers, headerDeadline)); err == nil && at.Before(end) {
		end = at
	}
	return end
}

// answerLetter is an answer on its way back.
func answerLetter(d amqp.Delivery, a rpc.Answer) letter {
	headers := table(a.Headers)
	headers[headerStatus] = int32(a.Status) //nolint:gosec // of HTTP: three digits
	return letter{exchange: "", key: d.ReplyTo, Publishing: amqp.Publishing{
		MessageId: uuid.NewString(), CorrelationId: d.CorrelationId, ContentType: a.ContentType, DeliveryMode: amqp.Transient,
		Headers: headers, Body: a.Body,
	}}
}

func answer(d amqp.Delivery) rpc.Answer {
	a := rpc.Answer{ContentType: d.ContentType, Headers: texts(d.Headers), Body: d.Body}
	switch status := d.Headers[headerStatus].(type) { // by the type that the peer's library chose
	case int16:
		a.Status = int(status)
	case int32:
		a.Status = int(status)
	case int64:
		a.Status = int(status)
	}
	return a
}

// errCancelled says that a queue was deleted under its consumer.
var errCancelled = errors.New("the broker ended the consumer")

// endOf is why deliveries ended: a channel that closes says so before its consumers end.
func endOf(closed <-chan *amqp.Error) error {
	select {
	case err := <-closed:
		return closeError(err)
	default:
		return errCancelled
	}
}

func table(headers map[string]string) amqp.Table {
	t := make(amqp.Table, len(headers)+1)
	for k, v := range headers {
		t[k] = v
	}
	return t
}

func texts(t amqp.Table) map[string]string {
	headers := make(map[string]string, len(t))
	for k, v := range t {
		if s, ok := v.(string); ok {
			headers[k] = s
		}
	}
	return headers
}
