// Package up runs the store as separate processes: users, games, payments and the
// gateway, around RabbitMQ and on one data folder. Without the URL of a broker it
// starts a private one from an installed rabbitmq-server. It is for a developer's
// machine and for tests: nothing that ends is started again, it ends all the others.
package up
