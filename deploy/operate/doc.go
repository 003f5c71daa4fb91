// Package operate is the operator's commands: dead letters, outboxes, and what became
// of a purchase. They work on the files of a store, beside it while it runs, or on a
// RabbitMQ.
package operate
