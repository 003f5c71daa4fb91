// Package rabbit is the bus on RabbitMQ (AMQP 0-9-1).
//
// Publishing and consuming have a connection each, so that a broker that stops
// reading from publishers does not stop acknowledgements. Each connection is a
// session of its own: when it ends, everything about it is thrown away, delivery tags
// included, and a new one is made after a jittered pause, without end. Nothing of the
// client library's own recovery is used.
//
// Publishes are pipelined: every message waits for the broker's confirm, many at
// a time. A returned message counts as failed although the broker acknowledges it.
//
// Consumers settle each delivery once, by the class of the handler's error, and
// acknowledge whatever is done together. A retry is a confirmed publish to a queue that
// waits and gives the message back; a dead letter is a confirmed publish to the
// service's dead-letter queue. Either happens before the acknowledgement, so that a crash
// between them makes a duplicate and never a loss.
//
// Requests and their answers travel beside the events: Bus.Serve answers those to a
// service, a Client sends them. They are transient, since somebody waits for them.
package rabbit
